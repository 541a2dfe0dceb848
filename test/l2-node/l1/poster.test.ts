// Whoever pays for anchoring runs dry: what was accepted waits, and is in the chain once when there is money again.
import { createTestClient, encodeFunctionData, type Hex, http } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { addressOfKey } from "../../../common/signature.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { agreedOn } from "../../support/agreed.ts";
import { startL1, TEST_CLOCKS, type TestL1 } from "../../support/l1.ts";
import { NO_BLOBS, NO_KZG, testNode } from "../../support/node.ts";
import { signRaw, testAddress, testKey } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";

const ETHER = 10n ** 18n;
const WINDOW_SECONDS = 300;
const PAYER = testKey(77);
const ANCHORING = { intervalMs: 50, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "calldata" } as const;

let l1: TestL1;
let test: ReturnType<typeof createTestClient>;
beforeAll(async () => {
  l1 = await startL1({ ...TEST_CLOCKS, inclusionWindowSeconds: WINDOW_SECONDS });
  test = createTestClient({ mode: "anvil", transport: http(l1.url) });
});
afterAll(() => l1.stop());

const senderOf = (privateKey: Hex) =>
  new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 3000, pollMs: 10 }, { client: l1.client });
const refill = (value: bigint) => test.setBalance({ address: addressOfKey(PAYER), value });

describe("a poster that runs out of funds", () => {
  it.each([
    ["within the window", 30, false],
    ["for longer than the window", WINDOW_SECONDS + 60, true],
  ])("%s loses and doubles nothing, and goes on when there are some", async (_, brokeSeconds, isLong) => {
    const key = isLong ? 2 : 1;
    const node = testNode(l1.chain);
    const replica = testNode(l1.chain);
    const followers = [node, replica].map(
      ({ chain }) =>
        new Follower(
          { pollMs: 20, maxRangeBlocks: 1000n, maxBackoffMs: 100 },
          { client: l1.client, agreed: agreedOn(l1.client), blobs: NO_BLOBS, chain, onTrouble: () => {} },
        ),
    );
    const troubles: string[] = [];
    const anchor = new Anchor(
      { ...ANCHORING, privateKey: devAccount("sequencer").privateKey },
      {
        client: l1.client,
        chain: node.chain,
        kzg: NO_KZG,
        sender: senderOf(PAYER),
        onTrouble: ({ error }) => troubles.push(String(error)),
        onAnchored: () => {},
      },
    );
    const fail = (error: unknown) => {
      throw error;
    };
    const send = async (nonce: number) =>
      node.mempool.add(bytesOfHex(await signRaw({ key, nonce, chainId: 42n, gas: 400_000n })));
    const anchored = (hash: Hex) =>
      until(() => {
        const place = node.store.blocks.locate(hash);
        return place && place.number <= replica.chain.heads().safe ? place : undefined;
      });

    await refill(ETHER);
    await senderOf(devAccount("user").privateKey).send({
      to: l1.chain.contracts.prepaidGas,
      data: encodeFunctionData({ abi: prepaidGasAbi, functionName: "deposit", args: [testAddress(key)] }),
      valueWei: ETHER,
    });
    for (const follower of followers) follower.start(fail);
    await Promise.all(followers.map(({ caughtUp }) => caughtUp));
    node.sequencer.start(fail);
    anchor.start();
    await until(() => (node.store.blocks.account(testAddress(key)).prepaidWei > 0n ? true : undefined));
    const hashes = [await send(0)];
    await anchored(hashes[0] as Hex);

    await refill(0n);
    hashes.push(await send(1), await send(2));
    await until(() => troubles.find((text) => /insufficient funds|exceeds the balance/i.test(text)));
    const promised = await until(() => node.store.blocks.locate(hashes[2] as Hex));
    await l1.warp(brokeSeconds);
    hashes.push(await send(3));
    const before = replica.chain.heads().safe;
    await until(() => (troubles.length > 3 ? true : undefined));
    expect(replica.chain.heads().safe).toBe(before);

    await refill(ETHER);
    for (const hash of hashes) await anchored(hash);
    await until(() => (node.chain.heads().safe === node.chain.heads().latest ? true : undefined));
    const last = node.chain.heads().safe;
    await until(() => (replica.chain.heads().safe >= last ? true : undefined));
    node.sequencer.stop();
    await anchor.stop();
    for (const follower of followers) await follower.stop();

    const blocks = Array.from({ length: Number(last) }, (__, i) => replica.store.blocks.block(BigInt(i) + 1n) as Block);
    const included = blocks.flatMap(({ transactions }) => transactions.map(({ hash }) => hash));
    expect(included.filter((hash) => hashes.includes(hash))).toEqual(hashes);
    expect(blocks.some(({ fallback }) => fallback)).toBe(isLong);
    // What was promised in time is kept; what came too late is promised anew, over the fallback block.
    expect(node.store.blocks.locate(hashes[2] as Hex)?.number === promised.number).toBe(!isLong);
    expect(replica.store.blocks.account(testAddress(key))).toEqual(node.store.blocks.account(testAddress(key)));
    expect(replica.store.blocks.account(testAddress(key)).nonce).toBe(4n);
  });
});
