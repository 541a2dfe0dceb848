// A sequencer that signs two blocks for one place loses its stake on a real L1; an honest one never does.
import { createTestClient, encodeFunctionData, type Hex, http } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex, hexOf } from "../../../common/bytes.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { sequencerStakeAbi } from "../../../common/contracts/sequencer-stake.ts";
import { encodeHeader } from "../../../common/header.ts";
import { type SignedSeal, sealedHeaderDigest } from "../../../common/sealed-header.ts";
import { signDigest } from "../../../common/signature.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { type Equivocation, EquivocationWatch } from "../../../l2-node/l1/equivocation.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { catchUpOn } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { NO_KZG, testNode } from "../../support/node.ts";
import { signRaw, testAddress, testKey } from "../../support/transactions.ts";

const ETHER = 10n ** 18n;
const sequencerKey = devAccount("sequencer").privateKey;
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

type Node = ReturnType<typeof testNode>;
const senderOf = (privateKey: Hex) =>
  new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 }, { client: l1.client });
const mine = () => createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 1 });

const catchUp = ({ chain }: Node): Promise<void> => catchUpOn(l1.client, chain);
async function freshNode(): Promise<Node> {
  await mine();
  const node = testNode(l1.chain);
  await catchUp(node);
  return node;
}
async function post({ chain }: Node): Promise<void> {
  await mine();
  const anchor = new Anchor(
    { privateKey: sequencerKey, intervalMs: 20, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "calldata" },
    {
      client: l1.client,
      chain,
      sender: senderOf(sequencerKey),
      kzg: NO_KZG,
      onTrouble: () => {},
      onAnchored: () => {},
    },
  );
  await anchor.post();
}
const seal = (block: Block | undefined, key = sequencerKey): SignedSeal => {
  const { l1ChainId, l2ChainId, contracts } = l1.chain;
  const { header, hash } = block as Block;
  const digest = sealedHeaderDigest({ l1ChainId, l2ChainId, headerAnchor: contracts.headerAnchor }, hash);
  return { header: hexOf(encodeHeader(header)), signature: signDigest(digest, key) };
};
function watchOver(node: Node, said: readonly (SignedSeal | undefined)[], reporterKey?: Hex) {
  const words = [...said];
  const found: Equivocation[] = [];
  const troubles: unknown[] = [];
  const watch = new EquivocationWatch(
    { intervalMs: 10 },
    {
      client: l1.client,
      chain: node.chain,
      hear: async () => words.shift(),
      sender: reporterKey && senderOf(reporterKey),
      onEquivocation: (equivocation) => found.push(equivocation),
      onTrouble: ({ error }) => troubles.push(error),
    },
  );
  return { watch, found, troubles };
}
const stake = (functionName: "stakeWei") =>
  l1.client.readContract({ address: l1.chain.contracts.sequencerStake, abi: sequencerStakeAbi, functionName });

describe("EquivocationWatch", () => {
  it("finds nothing in headers that follow each other, repeat, are a stranger's, or are no headers", async () => {
    const node = await freshNode();
    const [one, two] = [node.sequencer.seal(), node.sequencer.seal()];
    const other = await freshNode();
    await mine();
    await catchUp(other);
    const strangers = seal(other.sequencer.seal(), testKey(3));
    const said = [seal(one), seal(one), seal(two), strangers, { header: "0xc0", signature: "0x" }, undefined] as const;
    const { watch, found } = watchOver(node, said);
    for (const _ of said) expect(await watch.look()).toBeUndefined();
    await post(node);
    await catchUp(node);
    expect(node.chain.heads().safe).toBe(2n);
    expect(await watch.look()).toBeUndefined();
    expect(found).toEqual([]);
  });

  it("holds it against nobody that the fallback block took a sealed block's place", async () => {
    const node = await freshNode();
    const promised = node.sequencer.seal();
    const { watch } = watchOver(node, [seal(promised)]);
    await watch.look();
    await l1.warp(l1.chain.clocks.inclusionWindowSeconds + 5);
    await mine();
    await catchUp(node);
    await post(node);
    await catchUp(node);
    const head = node.chain.head();
    expect([head.header.number, head.header.parentHash]).toEqual([
      promised?.header.number,
      promised?.header.parentHash,
    ]);
    expect(head.hash).not.toBe(promised?.hash);
    expect(await watch.look()).toBeUndefined();
  });

  it("proves a promise that was not kept, and two promises for one place: the stake goes", async () => {
    const deposit = encodeFunctionData({ abi: prepaidGasAbi, functionName: "deposit", args: [testAddress(0)] });
    const user = senderOf(devAccount("user").privateKey);
    await user.send({ to: l1.chain.contracts.prepaidGas, data: deposit, valueWei: ETHER });
    const address = l1.chain.contracts.sequencerStake;
    const data = encodeFunctionData({ abi: sequencerStakeAbi, functionName: "stake" });
    await senderOf(sequencerKey).send({ to: address, data, valueWei: 4n * ETHER });

    // The same key in two nodes: one promises to a user, the other is anchored, with a block more.
    const [promising, anchoring] = [await freshNode(), await freshNode()];
    const promised = promising.sequencer.seal();
    await mine();
    await catchUp(anchoring);
    const kept = anchoring.sequencer.seal();
    await anchoring.mempool.add(bytesOfHex(await signRaw({ chainId: 42n, gas: 500_000n })));
    anchoring.sequencer.seal();
    const reporter = devAccount("challenger").privateKey;
    const observer = await freshNode();
    const { watch, found, troubles } = watchOver(observer, [seal(promised)], reporter);
    expect(await watch.look()).toBeUndefined();
    await post(anchoring);
    await catchUp(observer);
    expect(await watch.look()).toMatchObject({ number: kept?.header.number, hashes: [promised?.hash, kept?.hash] });
    expect([found.length, troubles, await stake("stakeWei")]).toEqual([1, [], 0n]);
    const before = await l1.client.getBalance({ address: testAddress(9) });
    expect(before).toBe(0n);

    await senderOf(sequencerKey).send({ to: address, data, valueWei: 4n * ETHER });
    const [left, right] = [await freshNode(), await freshNode()];
    const seals = [seal(left.sequencer.seal()), seal(right.sequencer.seal())] as const;
    const second = watchOver(observer, seals, reporter);
    expect(await second.watch.look()).toBeUndefined();
    expect(await second.watch.look()).toBeDefined();
    expect(await stake("stakeWei")).toBe(0n);
    const withdraw = encodeFunctionData({ abi: sequencerStakeAbi, functionName: "withdraw" });
    expect((await senderOf(reporter).send({ to: address, data: withdraw })).status).toBe("success");
  });
});
