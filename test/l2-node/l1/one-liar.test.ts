// One of two L1 endpoints of a node lies, or is late: the other one is honest.
import {
  createTestClient,
  formatBlock,
  type Hex,
  hexToBigInt,
  http,
  numberToHex,
  type PublicClient,
  type RpcBlock,
  RpcRequestError,
} from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { openL1Clients } from "../../../l2-node/l1/clients.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { DEEP_BLOCKS, openAgreed } from "../../../verifier/l1/agreed.ts";
import { gatherEndpoints } from "../../../verifier/l1/endpoints.ts";
import { catchUpOn } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { NO_BLOBS, NO_KZG, testNode } from "../../support/node.ts";
import { prepay } from "../../support/prepay.ts";
import { signRaw } from "../../support/transactions.ts";

const privateKey = devAccount("sequencer").privateKey;
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
});
afterAll(() => l1.stop());

type Lies = Readonly<Record<string, (answer: never, params: readonly never[]) => unknown>>;
/** As a node has them (l2-node/node.ts): the first lies, the others are honest. */
function endpointsOf(lies: Lies, honest = 1) {
  const ask = async (method: string, params: readonly unknown[]) => l1.client.request({ method, params } as never);
  const liar = async (method: string, params: readonly unknown[]) => {
    const lie = lies[method];
    // A lie about what L1 refuses is told without asking it.
    const answer = lie?.length === 0 ? undefined : await ask(method, params);
    return lie === undefined ? answer : lie(answer as never, params as never);
  };
  const all = [
    { shown: "liar", ask: liar },
    ...Array.from({ length: honest }, (_, i) => ({ shown: `honest ${i}`, ask })),
  ];
  const events: { readonly event: string }[] = [];
  const endpoints = gatherEndpoints(all, (event) => events.push(event));
  const patience = { stuckMs: Number.POSITIVE_INFINITY, lateMs: Number.POSITIVE_INFINITY };
  const clients = openL1Clients({ chain: l1.chain, patience }, endpoints, (event) => events.push(event));
  return { endpoints, events, ...clients };
}
const followerOf = (
  chain: ReturnType<typeof testNode>["chain"],
  { endpoints, agreed, client }: ReturnType<typeof endpointsOf>,
  reorgs: bigint[] = [],
) =>
  new Follower(
    { pollMs: 10, maxRangeBlocks: 2000n, maxBackoffMs: 100 },
    {
      client,
      agreed,
      suspect: (error) => endpoints.leaveOut(endpoints.usable()[0]!, error),
      blobs: NO_BLOBS,
      chain,
      onTrouble: (t) => {
        if ("reorgTo" in t) reorgs.push(t.reorgTo as bigint);
      },
    },
  );
const forged = (block: RpcBlock): RpcBlock => {
  const other = { ...block, extraData: "0x01" } as RpcBlock;
  return { ...other, hash: keccakHex(headerRlp(formatBlock(other))) };
};
const catchUp = async (f: Follower) => {
  await l1.hold();
  try {
    while (!(await f.poll()));
  } finally {
    await l1.resume();
  }
};

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
  const lying = endpointsOf({
    eth_getBlockByNumber: (block: RpcBlock, [at]) => (at === numberToHex(number) ? forged(block) : block),
  });
  await catchUp(followerOf(replica.chain, lying)).catch(() => {});
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
  const lying = endpointsOf({
    eth_getBlockByNumber: (block: RpcBlock, [at]) =>
      typeof at === "string" && (at as string).startsWith("0x") && hexToBigInt(at) < head - 1n ? forged(block) : block,
  });
  const code = await catchUp(followerOf(chain, lying)).then(
    () => "ok",
    (e) => e.code,
  );
  expect(code).not.toBe("wrong-l1");
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
  const back = endpointsOf({ eth_getBlockByNumber: (block: RpcBlock, [at]) => (at === "latest" ? last : block) });
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
  const spelling = endpointsOf({
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

it("the tip of a node's transactions is not what one endpoint names", async () => {
  const tip = 10n ** 15n;
  for (const lies of [
    { eth_maxPriorityFeePerGas: () => numberToHex(tip) },
    // viem takes a tip that nobody tells from the price.
    {
      eth_maxPriorityFeePerGas: () => Promise.reject(new Error("no such method")),
      eth_gasPrice: () => numberToHex(tip),
    },
  ])
    await isCheap(endpointsOf(lies).comparing, tip);
});

async function isCheap(client: PublicClient, tip: bigint): Promise<void> {
  const sender = new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 }, { client });
  const before = await l1.client.getBalance({ address: sender.account.address });
  const sent = await sender.send({ to: devAccount("user").address, data: "0x", valueWei: 0n });
  const paid = before - (await l1.client.getBalance({ address: sender.account.address }));
  expect(sent.effectiveGasPrice).toBeLessThan(tip);
  expect(paid).toBeLessThan(10n ** 15n);
}

it("no fee is what one of three names, whatever it offers", async () => {
  await l1.hold();
  const right = await Promise.all([
    l1.client.request({ method: "eth_maxPriorityFeePerGas" }),
    l1.client.request({ method: "eth_gasPrice" }),
    l1.client.request({ method: "eth_blobBaseFee" }),
  ]);
  for (const offer of [numberToHex(0n), numberToHex(2n ** 100n)]) {
    const told = () => offer;
    const lies = { eth_maxPriorityFeePerGas: told, eth_gasPrice: told, eth_blobBaseFee: told };
    const { client, comparing } = endpointsOf(lies, 2);
    for (const { request } of [client, comparing])
      expect([
        await request({ method: "eth_maxPriorityFeePerGas" }),
        await request({ method: "eth_gasPrice" }),
        await request({ method: "eth_blobBaseFee" }),
      ]).toEqual(right);
  }
  await l1.resume();
});

describe("the gas of a node's transaction", () => {
  const call = { account: devAccount("sequencer").address, to: devAccount("user").address, value: 1n };
  const lies = [0n, 2n ** 40n].map((gas) => ({ eth_estimateGas: () => numberToHex(gas) }));

  it("is not what one of three estimates, too little or too much", async () => {
    const right = await l1.client.estimateGas(call);
    for (const lie of lies) expect(await endpointsOf(lie, 2).comparing.estimateGas(call)).toBe(right);
  });

  it("is what the larger of two needs, and no more than L1 takes", async () => {
    for (const lie of lies) await isCheap(endpointsOf(lie).comparing, 10n ** 15n);
  });
});

describe("a transaction that one endpoint takes, or refuses, alone", () => {
  const refusal = (message: string) =>
    Promise.reject(new RpcRequestError({ body: {}, url: "http://liar", error: { code: -32000, message } }));
  const senderOf = (key: Hex, { comparing: client }: ReturnType<typeof endpointsOf>) =>
    new L1Sender({ privateKey: key, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 300, pollMs: 10 }, { client });
  const call = { to: devAccount("user").address, data: "0x", valueWei: 0n } as const;

  it("who takes everything hides for one wait that the others refuse: the account is empty", async () => {
    const poor = `0x${"07".repeat(32)}` as const;
    const lying = endpointsOf({ eth_sendRawTransaction: () => `0x${"11".repeat(32)}` });
    await expect(senderOf(poor, lying).send(call)).rejects.toThrow(/insufficient funds/i);
  });

  for (const words of [
    "nonce too low",
    "replacement transaction underpriced",
    "insufficient funds",
    "already reserved",
  ])
    it(`who says "${words}" alone keeps no transaction from being seen in its block`, async () => {
      const lying = endpointsOf({ eth_sendRawTransaction: () => refusal(words) });
      const { status, effectiveGasPrice } = await senderOf(privateKey, lying).send(call);
      expect(status).toBe("success");
      expect(effectiveGasPrice).toBeLessThan(10n ** 11n);
    });
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
    const lying = endpointsOf({
      eth_getBlockByNumber: async (block: RpcBlock, [at]) =>
        at === "finalized"
          ? l1.client.request({
              method: "eth_getBlockByNumber",
              params: [numberToHex(tag(await l1.client.getBlockNumber({ cacheTime: 0 }))), false],
            })
          : block,
    });
    await catchUp(followerOf(chain, lying));
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
    const lying = endpointsOf(lies);
    const follower = followerOf(chain, lying);
    await catchUp(follower).catch(() => {});
    await catchUp(follower);
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
      const follower = followerOf(replica.chain, endpointsOf({ eth_getTransactionByHash: lie }));
      const failure = await catchUp(follower).catch((error) => error);
      if (failure !== undefined) expect(failure).toMatchObject({ code: "l1-batch" });
      await catchUp(follower);
      expect(replica.chain.head().header.number).toBeGreaterThan(1n);
    });

  it("is found where the first endpoint refuses to tell of logs", async () => {
    const replica = testNode(l1.chain);
    const lying = endpointsOf({
      eth_getLogs: () => Promise.reject(new Error("query returned more than 10000 results")),
    });
    await catchUp(followerOf(replica.chain, lying));
    expect(replica.chain.head().header.number).toBeGreaterThan(1n);
    expect(lying.events).toMatchObject([{ event: "l1-endpoint-failed", url: "liar" }]);
  });
});

it("what the first endpoint hides is read from the second", async () => {
  await prepay(l1, 1);
  const { chain } = testNode(l1.chain);
  const lying = endpointsOf({ eth_getLogs: () => [] });
  const follower = followerOf(chain, lying);
  await expect(catchUp(follower)).rejects.toMatchObject({ code: "l1-inbox" });
  await catchUp(follower);
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
