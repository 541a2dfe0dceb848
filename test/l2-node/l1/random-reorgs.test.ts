// Running nodes on an L1 that forks at random, from a fixed seed: nothing is lost, doubled, or signed twice. `ANH_LONG=1`: 120.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createPublicClient, type Hex, http } from "viem";
import { afterEach, beforeEach, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import { readConfig } from "../../../l2-node/config.ts";
import { type NodeEvent, type RunningNode, startNode } from "../../../l2-node/node.ts";
import { type ForkingL1, startForkingL1 } from "../../support/forking-l1.ts";
import { type Random, seededRandom } from "../../support/random.ts";
import {
  booksOf,
  type Call,
  expectedBooks,
  inboxCountOf,
  openBlocks,
  openTraffic,
  type Traffic,
} from "../../support/traffic.ts";
import { until } from "../../support/until.ts";

const IS_LONG = process.env.ANH_LONG !== undefined;
/** An L1 of its own each. */
const SEEDS = IS_LONG ? [1, 2, 3, 4] : [4];
const FORKS = IS_LONG ? 30 : 3;
const MAX_DEPTH = 12;
let random: Random;
let l1: ForkingL1;
let folder: string;
let nodes: RunningNode[];
let events: NodeEvent[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "anh-forks-"));
  [nodes, events] = [[], []];
});
afterEach(async () => {
  for (const node of nodes) await node.close();
  await l1.stop();
  rmSync(folder, { recursive: true });
});

async function start(role: "sequencer" | "replica", name: string = role) {
  const settings = {
    ...{ role, dataDir: join(folder, name), chainFile: "given", l1Url: l1.url, port: "0" },
    ...{ blockTimeMs: "40", anchorIntervalMs: "100", pollMs: "20", heartbeatMs: "2000" },
  };
  const keys = {
    ANH_NODE_SEQUENCER_KEY: devAccount("sequencer").privateKey,
    ANH_NODE_POSTER_KEY: devAccount("accountant").privateKey,
  };
  const dashed = (key: string) => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const flags = Object.entries(settings).flatMap(([key, value]) => [dashed(key), value]);
  const node = await startNode(readConfig(flags, role === "sequencer" ? keys : {}), {
    chain: l1.chain,
    routers: () => [],
    events: (event) => events.push({ ...event, name }),
    onFatal: (error) => events.push({ event: "fatal", name, error }),
    clientVersion: "anh/test",
  });
  nodes.push(node);
  const client = createPublicClient({ transport: http(node.url, { retryCount: 3 }) });
  const call: Call = (method, ...params) => client.request({ method, params } as never);
  return { node, call, blocksTo: openBlocks(call) };
}
type Started = Awaited<ReturnType<typeof start>>;

interface Status {
  readonly safe: Hex;
  readonly l1: { readonly number: Hex; readonly hash: Hex } | null;
}
const statusOf = ({ call }: Started) => call<Status>("anh_syncStatus");

/** One fork; `act` goes on under it. */
async function fork(act: () => void): Promise<string> {
  const depth = 1 + random.below(MAX_DEPTH);
  const kind = random.pick(["emptied", "refilled", "shortened", "twice"] as const);
  if (kind === "emptied" || kind === "twice") await l1.empty(depth);
  if (kind === "refilled") await l1.refill(depth);
  if (kind === "twice") {
    await sleep(random.below(150));
    await l1.empty(1 + random.below(MAX_DEPTH));
  }
  if (kind === "shortened")
    await l1.shorten(async () => {
      for (let i = random.below(6); i >= 0; i--) act();
      await sleep(depth * 50);
    });
  return `${kind} ${depth}`;
}

/** Two promises of the sequencer for one place that both stand on L1's chain: what SequencerStake slashes (P3.9). */
async function equivocations(sealed: readonly Block[]): Promise<Hex[][]> {
  const places = Map.groupBy(
    new Map(sealed.map((block) => [block.hash, block])).values(),
    ({ header }) => `${header.number} ${header.parentHash}`,
  );
  const found: Hex[][] = [];
  for (const blocks of places.values()) {
    if (blocks.length === 1) continue;
    const standing: Hex[] = [];
    for (const { hash, header } of blocks) {
      const origin = await l1.client.getBlock({ blockNumber: header.origin.number }).catch(() => undefined);
      if (origin?.hash === header.origin.hash) standing.push(hash);
    }
    if (standing.length > 1) found.push(standing);
  }
  return found;
}

/** Whether a node has read L1 beyond a block, as L1 is now: a fork may have made it shorter than the node knows it. */
async function isAfter({ l1: seen }: Status, number: bigint): Promise<boolean> {
  if (seen === null || BigInt(seen.number) <= number) return false;
  const block = await l1.client.getBlock({ blockNumber: BigInt(seen.number) }).catch(() => undefined);
  return block?.hash === seen.hash;
}

/** The first moment at which both nodes have seen the fork, and hold, anchored, all that L1 has and all that was accepted. */
async function settled([sequencer, replica]: readonly [Started, Started], traffic: Traffic) {
  const giveUpAt = performance.now() + 100_000;
  const forked = await l1.client.getBlock();
  return until(async () => {
    const messages = await traffic.messages();
    const statuses = await Promise.all([statusOf(sequencer), statusOf(replica)]);
    const [{ safe }, { safe: followed }] = statuses;
    const blocks = (await sequencer.blocksTo(Number(safe))) ?? [];
    const last = blocks.at(-1);
    const included = new Set(blocks.flatMap(({ transactions }) => transactions.map(({ hash }) => hash)));
    const missing = traffic.accepted.filter(({ hash }) => !included.has(hash));
    const isIn = last && inboxCountOf(last) === BigInt(messages.length);
    const haveSeen = (await Promise.all(statuses.map((status) => isAfter(status, forked.number)))).every(Boolean);
    if (haveSeen && isIn && followed === safe && missing.length === 0)
      if ((await replica.blocksTo(Number(safe)))?.at(-1)?.hash === last.hash) return { messages, blocks, safe };
    if (performance.now() < giveUpAt) return undefined;
    const troubles = events.filter(({ event }) => event === "trouble").slice(-5);
    throw new Error(JSON.stringify({ messages: messages.length, missing, statuses, troubles }, undefined, 1));
  });
}

/** That the books of some nodes, settled, are what L1's logs say. What a fork put back into L1's pool may still come. */
async function expectRightBooks(nodes: readonly [Started, Started], traffic: Traffic, note: string): Promise<void> {
  for (;;) {
    const { messages, blocks, safe } = await settled(nodes, traffic);
    const books = await Promise.all(nodes.map(({ call }) => booksOf(call, blocks)));
    const roots = await Promise.all(nodes.map(({ call }) => call("anh_getBlockRoots", safe)));
    if ((await traffic.messages()).length !== messages.length) continue;
    const expected = expectedBooks(messages, traffic.accepted, blocks);
    for (const actual of books) expect(actual, note).toEqual(expected);
    expect(roots[0], note).toEqual(roots[1]);
    return;
  }
}

it.each(SEEDS)(
  `${FORKS} random forks of L1 lose and double nothing, seed %i`,
  { timeout: 240_000 + FORKS * 20_000 },
  async (seed) => {
    random = seededRandom(seed);
    l1 = await startForkingL1(random);
    const [sequencer, replica] = [await start("sequencer"), await start("replica")];
    const sealed: Block[] = [];
    sequencer.node.chain.events.on("block", (block) => block.sealedHere && sealed.push(block));
    const traffic = openTraffic(l1, random, sequencer.call);
    await traffic.begin();
    await l1.mine(2 * MAX_DEPTH); // what they begin with stays

    for (let i = 0; i < FORKS; i++) {
      for (let acts = random.below(8); acts >= 0; acts--) {
        traffic.act();
        if (random.below(3) === 0) await sleep(random.below(120));
      }
      const note = `fork ${i}, ${await fork(traffic.act)}`;
      for (let acts = random.below(4); acts > 0; acts--) traffic.act();
      await traffic.quiet();
      await expectRightBooks([sequencer, replica], traffic, note);
    }

    const fresh = await start("replica", "fresh");
    await expectRightBooks([sequencer, fresh], traffic, "a node fed from L1 alone");
    await traffic.withdrawAll();
    expect(await equivocations(sealed)).toEqual([]);
    const wrong = ["fault", "fatal", "false-state-claim", "equivocation"];
    expect(events.filter(({ event }) => wrong.includes(event))).toEqual([]);
  },
);
