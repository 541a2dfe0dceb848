// Past a sequencer that is silent: what anybody forces on a real L1 is executed, by every node alike.
import { type Address, createTestClient, encodeFunctionData, type Hex, http } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { encodeHeader } from "../../../common/header.ts";
import { chainSource } from "../../../l2-node/execution/chain-source.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { anchorFallback } from "../../../l2-node/l1/fallback.ts";
import { forceCall, forceEnvelope } from "../../../l2-node/l1/force.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { catchUpOn } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { NO_KZG, testNode } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

const ETHER = 10n ** 18n;
const sequencerKey = devAccount("sequencer").privateKey;
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

const node = () => testNode(l1.chain);
type Node = ReturnType<typeof node>;
const senderOf = (privateKey: Hex) =>
  new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 }, { client: l1.client });
const anchorOf = ({ chain }: Node) =>
  new Anchor(
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

const catchUp = ({ chain }: Node): Promise<void> => catchUpOn(l1.client, chain);
const mine = () => createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 1 });

describe("a silent sequencer", () => {
  it("keeps nobody's transaction out: forced ones run in the fallback block, and it goes on over that one", async () => {
    const { chain: file, client } = l1;
    const userSender = senderOf(devAccount("user").privateKey);
    const user = userSender.account.address.toLowerCase() as Address;
    const modules = { client, chain: file, sender: userSender };
    const deposit = (n: number) =>
      userSender.send({
        to: file.contracts.prepaidGas,
        data: encodeFunctionData({ abi: prepaidGasAbi, functionName: "deposit", args: [testAddress(n)] }),
        valueWei: ETHER,
      });
    for (const n of [0, 1]) await deposit(n);

    const sequencing = node();
    await mine();
    await catchUp(sequencing);
    sequencing.sequencer.seal();
    while ((await anchorOf(sequencing).post()) > 0) await catchUp(sequencing);
    await catchUp(sequencing);
    const anchored = sequencing.chain.heads().safe;
    // Sealed and promised, but never anchored: the sequencer falls silent.
    await sequencing.mempool.add(bytesOfHex(await signRaw({ key: 1, chainId: 42n, gas: 500_000n })));
    const lost = sequencing.sequencer.seal();
    expect(lost?.transactions.length).toBe(1);

    const raw = await signRaw({ key: 0, chainId: 42n, gas: 50_000n, to: testAddress(5) });
    const envelope = await forceEnvelope(raw, 50_000n, modules);
    const called = await forceCall(
      { to: testAddress(6), valueWei: 7n, gasLimit: 50_000n, data: "0x", mintWei: 9n },
      modules,
    );
    expect(called.inboxIndex).toBe(envelope.inboxIndex + 1n);
    const [queuedAt, { inclusionWindowSeconds }] = [
      await client.getBlock({ blockNumber: called.l1Block }),
      l1.chain.clocks,
    ];
    expect(called.included.noBatchWithoutItAfter).toBe(queuedAt.timestamp + 1800n + BigInt(inclusionWindowSeconds));

    const stranger = node();
    await catchUp(stranger);
    const fallback = { client, chain: stranger.chain, sender: senderOf(devAccount("challenger").privateKey) };
    await expect(anchorFallback(fallback)).rejects.toMatchObject({ code: "fallback-not-due" });
    await l1.warp(l1.chain.clocks.inclusionWindowSeconds + 5);
    await catchUp(stranger);
    await expect(anchorFallback({ ...fallback, chain: node().chain })).rejects.toMatchObject({
      code: "fallback-behind",
    });
    await mine();
    const fallen = await anchorFallback(fallback);
    expect(fallen.status).toBe("success");
    const { timestamp } = await client.getBlock({ blockHash: fallen.blockHash });
    expect(timestamp).toBeGreaterThan(called.included.fallbackAfter);
    expect(called.included).toEqual({ ...envelope.included, noBatchWithoutItAfter: expect.any(BigInt) });

    const replica = node();
    for (const one of [stranger, replica, sequencing]) await catchUp(one);
    const head = replica.chain.head();
    expect([head.header.number, head.inboxOnly, head.forced]).toEqual([anchored + 1n, false, 2]);
    expect(head.transactions.map(({ outcome }) => outcome.status)).toEqual(["included", "included"]);
    expect(head.transactions.map(({ hash }) => hash)).toEqual([envelope.l2Transaction, called.l2Transaction]);
    for (const one of [stranger, sequencing]) expect(one.chain.head()).toEqual(head);
    expect([...sequencing.mempool.all()].map(({ hash }) => hash)).toEqual([lost?.transactions[0]?.hash]);

    await mine();
    await catchUp(sequencing);
    const anew = sequencing.sequencer.seal();
    expect(anew?.transactions[0]?.hash).toBe(lost?.transactions[0]?.hash);
    expect(anew?.header.parentHash).toBe(head.hash);
    await mine();
    while ((await anchorOf(sequencing).post()) > 0) await catchUp(sequencing);
    await catchUp(replica);
    await catchUp(sequencing);
    expect(replica.chain.head().hash).toBe(sequencing.chain.head().hash);
    expect(encodeHeader(replica.chain.head().header)).toEqual(encodeHeader(sequencing.chain.head().header));

    const executions = [replica, sequencing].map(
      ({ chain }) => new LazyExecution({ path: ":memory:" }, { source: chainSource(chain) }),
    );
    const [one, two] = executions as [LazyExecution, LazyExecution];
    expect(await one.stateRoot("latest")).toBe(await two.stateRoot("latest"));
    expect((await one.account(testAddress(6), "latest")).balanceWei).toBe(7n);
    expect((await one.account(user, "latest")).balanceWei).toBeGreaterThan(2n);
    expect(replica.store.blocks.account(testAddress(0)).nonce).toBe(1n);
    for (const execution of executions) await execution.close();
  });

  it("anchors the fallback block itself when it is back, before anything else", async () => {
    const sequencing = node();
    await catchUp(sequencing);
    const before = sequencing.chain.heads().safe;
    await l1.warp(l1.chain.clocks.inclusionWindowSeconds + 5);
    await catchUp(sequencing);
    expect(sequencing.sequencer.seal()).toBeUndefined();
    await mine();
    await catchUp(sequencing);
    expect(await anchorOf(sequencing).post()).toBe(1);
    await catchUp(sequencing);
    expect(sequencing.chain.heads()).toMatchObject({ safe: before + 1n, latest: before + 1n });
    expect(sequencing.sequencer.seal()?.header.number).toBe(before + 2n);
  });
});
