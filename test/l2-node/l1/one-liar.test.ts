// What a node reads of L1, where one of its two endpoints lies, or is late: the other one is honest.
import { createTestClient, type Hex, hexToBigInt, http, numberToHex, type RpcBlock } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { DEEP_BLOCKS, openAgreed } from "../../../verifier/l1/agreed.ts";
import { gatherEndpoints } from "../../../verifier/l1/endpoints.ts";
import { catchUpOn } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { NO_KZG, testNode } from "../../support/node.ts";
import { prepay } from "../../support/prepay.ts";
import { signRaw } from "../../support/transactions.ts";
import { catchUp, endpointsOf, followerOf, forged, type Lies } from "./liar-rig.ts";

const privateKey = devAccount("sequencer").privateKey;
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

it("a replica derives the anchored blocks, whatever one endpoint shows as their origin", async () => {
  const sequencing = testNode(l1.chain);
  await prepay(l1, 0);
  await catchUpOn(l1.client, sequencing.chain);
  sequencing.sequencer.seal();
  await sequencing.mempool.add(bytesOfHex(await signRaw({ nonce: 0, chainId: 42n, gas: 500_000n })));
  sequencing.sequencer.seal();
  const sender = new L1Sender(
    { privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 },
    { client: l1.client },
  );
  const anchor = new Anchor(
    { privateKey, intervalMs: 20, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "calldata" },
    { client: l1.client, chain: sequencing.chain, sender, kzg: NO_KZG, onTrouble: () => {}, onAnchored: () => {} },
  );
  expect(await anchor.post()).toBe(2);
  await catchUpOn(l1.client, sequencing.chain);
  const right = sequencing.store.blocks.block(2n)!;
  expect(right.inboxOnly).toBe(false);
  const { number } = right.header.origin;
  const replica = testNode(l1.chain);
  const lying = endpointsOf(l1, {
    eth_getBlockByNumber: (block: RpcBlock, [at]) => (at === numberToHex(number) ? forged(block) : block),
  });
  await catchUp(l1, followerOf(replica.chain, lying)).catch(() => {});
  const own = replica.store.blocks.block(2n);
  // Read again through the honest one alone: what is wrong stays for good.
  await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 2 });
  await catchUpOn(l1.client, replica.chain);
  // Nothing, or what is right.
  expect([undefined, false]).toContain(own?.inboxOnly);
});

it("one endpoint does not end the node for good", async () => {
  const { chain } = testNode(l1.chain);
  await catchUpOn(l1.client, chain);
  await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 3 });
  const { number: head } = await l1.client.getBlock();
  const lying = endpointsOf(l1, {
    eth_getBlockByNumber: (block: RpcBlock, [at]) =>
      typeof at === "string" && (at as string).startsWith("0x") && hexToBigInt(at) < head - 1n ? forged(block) : block,
  });
  const code = await catchUp(l1, followerOf(chain, lying)).then(
    () => "ok",
    (e) => e.code,
  );
  expect(code).not.toBe("wrong-l1");
});

it("one endpoint of another chain does not end a node that begins, nor begin it", async () => {
  const { chain, store } = testNode(l1.chain);
  const lying = endpointsOf(l1, { eth_chainId: () => "0x1" });
  await expect(followerOf(chain, lying).poll()).rejects.toMatchObject({ code: "l1-endpoints-disagree" });
  expect(store.l1.cursor()).toBeUndefined();
  await catchUpOn(l1.client, chain);
});

it("an endpoint that comes back some blocks late undoes nothing that was read", async () => {
  const { chain, sequencer } = testNode(l1.chain);
  await catchUpOn(l1.client, chain);
  await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 8, interval: 1 });
  await catchUpOn(l1.client, chain);
  sequencer.seal();
  const before = chain.head().header.number;
  const cursor = chain.store.l1.cursor()!.number;
  const late = numberToHex(cursor - 4n);
  const last = await l1.client.request({ method: "eth_getBlockByNumber", params: [late, false] });
  const left: number[] = [];
  chain.events.on("dropped", (blocks) => left.push(blocks.length));
  const reorgs: bigint[] = [];
  // Honest, four blocks behind.
  const back = endpointsOf(l1, { eth_getBlockByNumber: (block: RpcBlock, [at]) => (at === "latest" ? last : block) });
  const follower = followerOf(chain, back, reorgs);
  await l1.hold();
  for (let i = 0; i < 3; i++) await follower.poll();
  await l1.resume();
  expect({ reorgs, left, head: chain.head().header.number }).toEqual({ reorgs: [], left: [], head: before });
});

it("a parent's hash in capitals is of no other block, and undoes nothing", async () => {
  const { chain, sequencer } = testNode(l1.chain);
  await catchUpOn(l1.client, chain);
  const dropped: number[] = [];
  chain.events.on("dropped", (blocks) => dropped.push(blocks.length));
  const inCapitals = (hex: string) => `0x${hex.slice(2).toUpperCase()}`;
  const spelling = endpointsOf(l1, {
    eth_getBlockByNumber: (block: RpcBlock) => ({ ...block, parentHash: inCapitals(block.parentHash) }),
  });
  const reorgs: bigint[] = [];
  const follower = followerOf(chain, spelling, reorgs);
  // Each of them the child of the one before, which a fork would show by its parent alone.
  for (let i = 0; i < 5; i++) {
    await l1.hold();
    await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: 1 });
    expect(await follower.poll()).toBe(true);
    sequencer.seal();
    await l1.resume();
  }
  expect({ reorgs, dropped, events: spelling.events }).toEqual({ reorgs: [], dropped: [], events: [] });
});

describe("what L1 has finalized", () => {
  beforeAll(() =>
    createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({
      blocks: Number(DEEP_BLOCKS) + 20,
      interval: 1,
    }),
  );
  const finalizedBy = async (tag: (head: bigint) => bigint) => {
    const { chain } = testNode(l1.chain);
    const lying = endpointsOf(l1, {
      eth_getBlockByNumber: async (block: RpcBlock, [at]) =>
        at === "finalized"
          ? l1.client.request({
              method: "eth_getBlockByNumber",
              params: [numberToHex(tag(await l1.client.getBlockNumber({ cacheTime: 0 }))), false],
            })
          : block,
    });
    await catchUp(l1, followerOf(chain, lying));
    const [head, right] = await Promise.all([
      chain.store.l1.cursor()!.number,
      l1.client.getBlock({ blockTag: "finalized" }),
    ]);
    const named = lying.events.find(({ event }) => event === "l1-endpoint-finality-lags");
    return { head, right: right.number, found: chain.store.l1.finalizedNumber(), named };
  };

  it("is not held back by who calls an old block so, but for as deep as no fork goes", async () => {
    const { head, right, found, named } = await finalizedBy(() => 1n);
    expect(found).toBe(head - DEEP_BLOCKS);
    expect(found).toBeLessThan(right);
    expect(named).toMatchObject({ url: "liar" });
  });

  it("is not what one calls so alone, as far as others deny it", async () => {
    for (const tag of [(head: bigint) => head, (head: bigint) => head - 10n]) {
      const { right, found, named } = await finalizedBy(tag);
      // anvil's is 64 blocks behind its head: L1 went on while the other was asked.
      expect(found).toBeLessThanOrEqual(right);
      expect(found).toBeGreaterThan(right - 20n);
      expect(named).toBeUndefined();
    }
  });
});

describe("what cannot be read of the first endpoint is read from the second", () => {
  type Proof = { readonly storageProof: readonly object[] };
  const garbled: Readonly<Record<string, Lies>> = {
    "a proof without nodes": { eth_getProof: (proof: object) => ({ ...proof, accountProof: null }) },
    "a proof of no slots": { eth_getProof: (proof: object) => ({ ...proof, storageProof: null }) },
    "a proof of what is no slot": {
      eth_getProof: ({ storageProof, ...proof }: Proof) => ({
        ...proof,
        storageProof: storageProof.map((one) => ({ ...one, key: "no number" })),
      }),
    },
    "no proof": { eth_getProof: () => null },
    "logs that are none": { eth_getLogs: () => "none" },
    "logs without topics": { eth_getLogs: (logs: readonly object[]) => logs.map((log) => ({ ...log, topics: null })) },
    "logs in no block": {
      eth_getLogs: (logs: readonly object[]) => logs.map((log) => ({ ...log, blockNumber: null })),
    },
    "logs of no data": { eth_getLogs: (logs: readonly object[]) => logs.map((log) => ({ ...log, data: "0xnone" })) },
    "a transaction without input": { eth_getTransactionByHash: (one: object) => ({ ...one, input: null }) },
    "a transaction that is none": { eth_getTransactionByHash: () => "none" },
  };
  it.each(Object.entries(garbled))("%s", async (_, lies) => {
    const { chain } = testNode(l1.chain);
    const lying = endpointsOf(l1, lies);
    const follower = followerOf(chain, lying);
    await catchUp(l1, follower).catch(() => {});
    await catchUp(l1, follower);
    expect(chain.head().header.number).toBeGreaterThan(1n);
    expect(lying.events).toMatchObject([{ event: "l1-endpoint-failed", url: "liar" }]);
  });
});

describe("a batch's transaction", () => {
  const falsities: Lies = {
    "is hidden": () => null,
    "is another": (transaction: object) => ({ ...transaction, input: "0x12345678" }),
    "holds other data": (transaction: { input: Hex }) => ({ ...transaction, input: `${transaction.input}00` }),
  };
  for (const [title, lie] of Object.entries(falsities))
    it(`that ${title} by the first endpoint is read from the second`, async () => {
      const replica = testNode(l1.chain);
      const follower = followerOf(replica.chain, endpointsOf(l1, { eth_getTransactionByHash: lie }));
      const failure = await catchUp(l1, follower).catch((error) => error);
      if (failure !== undefined) expect(failure).toMatchObject({ code: "l1-batch" });
      await catchUp(l1, follower);
      expect(replica.chain.head().header.number).toBeGreaterThan(1n);
    });

  it("is found where the first endpoint refuses to tell of logs", async () => {
    const replica = testNode(l1.chain);
    const lying = endpointsOf(l1, {
      eth_getLogs: () => Promise.reject(new Error("query returned more than 10000 results")),
    });
    await catchUp(l1, followerOf(replica.chain, lying));
    expect(replica.chain.head().header.number).toBeGreaterThan(1n);
    expect(lying.events).toMatchObject([{ event: "l1-endpoint-failed", url: "liar" }]);
  });
});

it("what the first endpoint hides is read from the second", async () => {
  await prepay(l1, 1);
  const { chain } = testNode(l1.chain);
  const lying = endpointsOf(l1, { eth_getLogs: () => [] });
  const follower = followerOf(chain, lying);
  await expect(catchUp(l1, follower)).rejects.toMatchObject({ code: "l1-inbox" });
  await catchUp(l1, follower);
  expect(chain.store.l1.inbox().count).toBeGreaterThan(0n);
});

it("an honest endpoint that lacks an old block is not left out for what a liar invents in its place", async () => {
  const ask = async (method: string, params: readonly unknown[]) => l1.client.request({ method, params } as never);
  const { number, timestamp } = await l1.client.getBlock();
  expect(number).toBeGreaterThan(12n);
  const old = (await ask("eth_getBlockByNumber", [numberToHex(number - 10n), false])) as RpcBlock;
  // A block of now that L1 never had, where the honest one no longer has any (or a part of it behind the others has not yet).
  const invented = forged({ ...old, timestamp: numberToHex(timestamp) } as RpcBlock);
  const all = [
    {
      shown: "liar",
      ask: async (method: string, params: readonly unknown[]) =>
        method === "eth_getBlockByNumber" ? invented : ask(method, params),
    },
    {
      shown: "honest",
      ask: async (method: string, params: readonly unknown[]) =>
        method === "eth_getBlockByNumber" && params[0] === invented.number ? null : ask(method, params),
    },
  ];
  const events: object[] = [];
  const agreed = openAgreed(
    { stuckMs: 600_000, lateMs: 600_000 },
    gatherEndpoints(all, (event) => events.push(event)),
    () => {},
  );
  const head = await agreed.head(0).then(
    ({ header, among }) => ({ hash: header.hash, among: among.map(({ shown }) => shown) }),
    (e) => e.code,
  );
  expect(head, JSON.stringify(events)).not.toMatchObject({ hash: invented.hash });
});
