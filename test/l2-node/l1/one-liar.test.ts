// One of two L1 endpoints of a node lies, or is late: the other one is honest.
import {
  createPublicClient,
  createTestClient,
  formatBlock,
  hexToBigInt,
  http,
  numberToHex,
  type PublicClient,
  type RpcBlock,
} from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { openAgreed } from "../../../verifier/l1/agreed.ts";
import { gatherEndpoints } from "../../../verifier/l1/endpoints.ts";
import { firstAnswer } from "../../../verifier/l1/first-answer.ts";
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
/** As a node has them (l2-node/node.ts): the first lies, the second is honest. */
function endpointsOf(lies: Lies, patience = Number.POSITIVE_INFINITY) {
  const ask = async (method: string, params: readonly unknown[]) => l1.client.request({ method, params } as never);
  const all = [
    {
      shown: "liar",
      ask: async (method: string, params: readonly unknown[]) => {
        const answer = await ask(method, params);
        const lie = lies[method];
        return lie === undefined ? answer : lie(answer as never, params as never);
      },
    },
    { shown: "honest", ask },
  ];
  const endpoints = gatherEndpoints(all, () => {});
  const agreed = openAgreed({ stuckMs: patience, lateMs: patience }, endpoints, () => {});
  const client = createPublicClient({ transport: firstAnswer(endpoints), cacheTime: 0 }) as PublicClient;
  return { endpoints, agreed, client };
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

it("the tip of a node's transactions is not what one endpoint names", async () => {
  const tip = 10n ** 15n;
  const { client } = endpointsOf({ eth_maxPriorityFeePerGas: () => numberToHex(tip) });
  const sender = new L1Sender({ privateKey, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 5000, pollMs: 10 }, { client });
  const before = await l1.client.getBalance({ address: sender.account.address });
  const sent = await sender.send({ to: devAccount("user").address, data: "0x", valueWei: 0n });
  const paid = before - (await l1.client.getBalance({ address: sender.account.address }));
  expect(sent.effectiveGasPrice).toBeLessThan(tip);
  expect(paid).toBeLessThan(10n ** 15n);
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
