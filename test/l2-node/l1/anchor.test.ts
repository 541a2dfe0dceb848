import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  decodeFunctionData,
  type Hex,
  http,
  type PublicClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { headerAnchorAbi } from "../../../common/contracts/header-anchor.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { agreedOn } from "../../support/agreed.ts";
import { catchUpOn } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { NO_BLOBS, NO_KZG, testNode } from "../../support/node.ts";
import { prepay } from "../../support/prepay.ts";
import { signRaw, testAddress, testKey } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";

const privateKey = devAccount("sequencer").privateKey;
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

const node = () => testNode(l1.chain);
type Node = ReturnType<typeof node>;
const sender = (bumpAfterMs = 5000) =>
  new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs, pollMs: 10 }, { client: l1.client });
const anchor = ({ chain }: Node, by: Pick<L1Sender, "send"> = sender(), maxBatchBytes = 100_000, key = privateKey) =>
  new Anchor(
    { privateKey: key, intervalMs: 20, maxBatchBytes, maxBatchHeaders: 100, data: "calldata" },
    { client: l1.client, chain, sender: by as L1Sender, kzg: NO_KZG, onTrouble: () => {}, onAnchored: () => {} },
  );

const catchUp = ({ chain }: Node): Promise<void> => catchUpOn(l1.client, chain);

/** An endpoint of L1 as it is without an archive. */
const pruned = (): PublicClient =>
  createPublicClient({
    cacheTime: 0,
    transport: custom(
      {
        request: async ({ method, params = [] }: { method: string; params?: readonly unknown[] }) => {
          const block = { eth_call: params[1], eth_getProof: params[2] }[method] ?? "latest";
          const { number } = await l1.client.getBlock();
          if (block !== "latest" && BigInt(block as Hex) + 8n < number) throw new Error("missing trie node");
          return l1.client.request({ method, params } as never);
        },
      },
      { retryCount: 0 },
    ),
  });

describe("Anchor", () => {
  it("refuses a key that is not the chain's sequencer's", () => {
    const make = () => anchor(node(), sender(), 1, testKey(1));
    expect(make).toThrowError(/does not belong to the chain's sequencer/);
  });

  it("posts what L1 lacks, batch by batch, and a replica derives the very same chain", async () => {
    const sequencing = node();
    await prepay(l1, 0);
    await catchUp(sequencing);
    sequencing.sequencer.seal();
    for (let nonce = 0; nonce < 5; nonce++) {
      await sequencing.mempool.add(bytesOfHex(await signRaw({ nonce, chainId: 42n, gas: 500_000n })));
      sequencing.sequencer.seal();
    }
    const small = anchor(sequencing, sender(), 2500);
    let [batches, posted] = [0, 0];
    for (let count = await small.post(); count > 0; count = await small.post())
      [batches, posted] = [batches + 1, posted + count];
    expect(posted).toBe(6);
    expect(batches).toBeGreaterThan(1);
    const replica = node();
    await catchUp(replica);
    await catchUp(sequencing);
    expect(replica.chain.head().hash).toBe(sequencing.chain.head().hash);
    expect(sequencing.chain.heads().safe).toBe(6n);
    expect(replica.store.blocks.account(testAddress(0))).toEqual(sequencing.store.blocks.account(testAddress(0)));
    expect(replica.store.blocks.account(testAddress(0)).nonce).toBe(5n);
  });

  it("is followed from genesis through an endpoint that has forgotten all but the newest states", async () => {
    const sequencing = node();
    for (let i = 0; i < 3; i++) {
      await catchUp(sequencing);
      sequencing.sequencer.seal();
      expect(await anchor(sequencing).post()).toBe(1);
      await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 10, interval: 1 });
    }
    await catchUp(sequencing);
    const replica = node();
    const follower = new Follower(
      { pollMs: 10, maxRangeBlocks: 3n, maxBackoffMs: 100 },
      { client: pruned(), agreed: agreedOn(l1.client), blobs: NO_BLOBS, chain: replica.chain, onTrouble: () => {} },
    );
    let steps = 0;
    await l1.hold();
    for (let isDone = false; !isDone; steps++) isDone = await follower.poll();
    await l1.resume();
    expect(steps).toBeGreaterThan(8);
    expect(replica.chain.head().hash).toBe(sequencing.chain.head().hash);
    expect(replica.chain.heads().safe).toBe(sequencing.chain.heads().safe);
  });

  it("fits a hundred headers into one L1 transaction's gas", async () => {
    const sequencing = node();
    await catchUp(sequencing);
    for (let i = 0; i < 100; i++) sequencing.sequencer.seal();
    let gasUsed = 0n;
    const counting = {
      send: async (call: Parameters<L1Sender["send"]>[0]) => {
        const receipt = await sender().send(call);
        gasUsed = receipt.gasUsed;
        return receipt;
      },
    };
    expect(await anchor(sequencing, counting).post()).toBe(100);
    expect(gasUsed).toBeLessThan(2n ** 24n / 2n);
  });

  it("loses nothing when it dies between sending and hearing of it, and posts nothing twice", async () => {
    const sequencing = node();
    await catchUp(sequencing);
    sequencing.sequencer.seal();
    const honest = sender();
    const dying = {
      send: async (call: Parameters<L1Sender["send"]>[0]) => {
        await honest.send(call);
        throw new Error("killed");
      },
    };
    await expect(anchor(sequencing, dying).post()).rejects.toThrowError("killed");
    expect(await anchor(sequencing).post()).toBe(0);
    await catchUp(sequencing);
    expect(sequencing.chain.heads().safe).toBe(sequencing.chain.heads().latest);
  });

  it("loses nothing to a stranger who sends its headers and signature first, over other data", async () => {
    const sequencing = node();
    await prepay(l1, 1);
    await catchUp(sequencing);
    sequencing.sequencer.seal();
    await sequencing.mempool.add(bytesOfHex(await signRaw({ key: 1, chainId: 42n, gas: 500_000n })));
    sequencing.sequencer.seal();
    const stranger = createWalletClient({
      account: privateKeyToAccount(devAccount("challenger").privateKey),
      transport: http(l1.url),
    });
    const contract = { address: l1.chain.contracts.headerAnchor, abi: headerAnchorAbi } as const;
    const overtaken = {
      send: async (call: Parameters<L1Sender["send"]>[0]) => {
        const { args } = decodeFunctionData({ abi: headerAnchorAbi, data: call.data });
        const [headers, signature] = args as readonly [readonly Hex[], Hex, Hex];
        const first = stranger.writeContract({
          ...contract,
          functionName: "anchor",
          args: [headers, signature, "0x00"],
          chain: null,
        });
        await expect(first).rejects.toThrowError("NotSequencer");
        return sender().send(call);
      },
    };
    while ((await anchor(sequencing, overtaken).post()) > 0);
    const replica = node();
    await catchUp(replica);
    expect(replica.chain.head().hash).toBe(sequencing.chain.head().hash);
    expect(replica.chain.head().inboxOnly).toBe(false);
    expect(replica.store.blocks.account(testAddress(1)).nonce).toBe(1n);
  });

  it("posts nothing while its chain is not the anchored one", async () => {
    const stranger = node();
    expect(await anchor(stranger).post()).toBe(0);
  });
});

describe("L1Sender", () => {
  it("replaces a transaction that a killed process left pending under the same nonce", async () => {
    const test = createTestClient({ mode: "anvil", transport: http(l1.url) });
    await l1.hold();
    const account = privateKeyToAccount(privateKey);
    const wallet = createWalletClient({ account, transport: http(l1.url) });
    const stuck = await wallet.sendTransaction({ to: testAddress(3), value: 1n, chain: null, gas: 21_000n });
    const sent = sender(50).send({ to: testAddress(4), data: "0x", valueWei: 2n });
    let pending = await test.getTxpoolStatus();
    for (;;) {
      const known = await l1.client.getTransaction({ hash: stuck }).catch(() => undefined);
      if (!known) break;
      pending = await test.getTxpoolStatus();
    }
    await l1.resume();
    expect((await sent).status).toBe("success");
    expect(pending.pending).toBe(1);
    expect(await l1.client.getBalance({ address: testAddress(4) })).toBe(2n);
    expect(await l1.client.getBalance({ address: testAddress(3) })).toBe(0n);
  });

  it("learns that another transaction took its nonce, however soon it would raise its fees", async () => {
    const test = createTestClient({ mode: "anvil", transport: http(l1.url) });
    await l1.hold();
    const sent = sender(50).send({ to: testAddress(4), data: "0x", valueWei: 2n });
    await until(async () => ((await test.getTxpoolStatus()).pending > 0 ? true : undefined));
    const wallet = createWalletClient({ account: privateKeyToAccount(privateKey), transport: http(l1.url) });
    const fee = 10n ** 12n;
    const nonce = await l1.client.getTransactionCount({ address: wallet.account.address });
    const fees = { maxFeePerGas: fee, maxPriorityFeePerGas: fee, gas: 21_000n };
    await wallet.sendTransaction({ to: testAddress(3), value: 1n, chain: null, nonce, ...fees });
    await l1.resume();
    await expect(sent).rejects.toMatchObject({ code: "l1-nonce-taken" });
  });

  it("keeps order and nonces when many send at once, and a refused call holds up nobody", async () => {
    const queue = sender();
    const to = testAddress(5);
    const results = await Promise.allSettled([
      queue.send({ to, data: "0x", valueWei: 1n }),
      queue.send({ to: l1.chain.contracts.headerAnchor, data: "0xdeadbeef" }),
      queue.send({ to, data: "0x", valueWei: 2n }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await l1.client.getBalance({ address: to })).toBe(3n);
  });
});
