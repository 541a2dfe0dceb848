// Node processes that are killed at random, from a fixed seed, while people use them. `ANH_LONG=1`: 200 kills.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount } from "../../cli/stack/accounts.ts";
import { encodeChainFile } from "../../common/chain-file.ts";
import { startL1, type TestL1 } from "../support/l1.ts";
import { type NodeProcess, startNodeProcess } from "../support/node-process.ts";
import { seededRandom } from "../support/random.ts";
import { booksOf, type Call, expectedBooks, inboxCountOf, openBlocks, openTraffic } from "../support/traffic.ts";
import { until } from "../support/until.ts";

const KILLS = process.env.ANH_LONG === undefined ? 3 : 200;
/** Kills between two looks at the books. */
const LOOK_EVERY = 10;
const ROLES = ["sequencer", "replica"] as const;
type Role = (typeof ROLES)[number];

const folder = mkdtempSync(join(tmpdir(), "anh-kills-"));
const random = seededRandom(9);
const running = new Map<Role, NodeProcess>();
let l1: TestL1;
beforeAll(async () => {
  l1 = await startL1();
  writeFileSync(join(folder, "chain.json"), encodeChainFile(l1.chain));
});
afterAll(async () => {
  for (const node of running.values()) await node.end("SIGKILL");
  l1.stop();
  rmSync(folder, { recursive: true });
});

/** Killed after a while if one is given: perhaps before it serves, and then it is started again. */
async function start(role: Role, killAfterMs?: number): Promise<void> {
  const args = [
    ...["--role", role, "--data-dir", join(folder, role), "--chain-file", join(folder, "chain.json")],
    ...["--l1-url", l1.url, "--port", "0", "--block-time-ms", "40", "--anchor-interval-ms", "100", "--poll-ms", "20"],
  ];
  const keys = {
    ANH_NODE_SEQUENCER_KEY: devAccount("sequencer").privateKey,
    ANH_NODE_POSTER_KEY: devAccount("accountant").privateKey,
  };
  running.delete(role);
  const starting = startNodeProcess(args, role === "sequencer" ? keys : {}, killAfterMs);
  const node = await (killAfterMs === undefined ? starting : starting.catch(() => undefined));
  if (node) running.set(role, node);
}
const callTo =
  (role: Role): Call =>
  (method, ...params) =>
    running.get(role)?.call(method, ...params) ?? Promise.reject(new Error("down"));

interface Status {
  readonly safe: Hex;
  readonly l1: { readonly number: Hex } | null;
}

it(`${KILLS} kills lose and double nothing`, { timeout: 120_000 + KILLS * 20_000 }, async () => {
  for (const role of ROLES) await start(role);
  const traffic = openTraffic(l1, random, callTo("sequencer"));
  await traffic.begin();
  const blocksOf = new Map(ROLES.map((role) => [role, openBlocks(callTo(role))]));
  const blocksTo = (role: Role, number: Hex) => blocksOf.get(role)?.(Number(number));
  const statusOf = (role: Role) => callTo(role)<Status>("anh_syncStatus");

  const look = async (note: string): Promise<void> => {
    await traffic.quiet();
    const { number } = await l1.client.getBlock();
    const { messages, blocks, safe } = await until(async () => {
      const messages = await traffic.messages();
      const statuses = await Promise.all(ROLES.map(statusOf));
      if (!statuses.every(({ l1: seen }) => seen !== null && BigInt(seen.number) > number)) return undefined;
      const [{ safe }, { safe: followed }] = statuses as [Status, Status];
      const blocks = safe === followed ? ((await blocksTo("sequencer", safe)) ?? []) : [];
      const included = new Set(blocks.flatMap(({ transactions }) => transactions.map(({ hash }) => hash)));
      const last = blocks.at(-1);
      const isAll = last && inboxCountOf(last) === BigInt(messages.length);
      return isAll && traffic.accepted.every(({ hash }) => included.has(hash)) ? { messages, blocks, safe } : undefined;
    });
    expect((await blocksTo("replica", safe))?.at(-1)?.hash, note).toBe(blocks.at(-1)?.hash);
    const expected = expectedBooks(messages, traffic.accepted, blocks);
    for (const role of ROLES) expect(await booksOf(callTo(role), blocks), note).toEqual(expected);
    const [one, other] = await Promise.all(ROLES.map((role) => callTo(role)("anh_getBlockRoots", safe)));
    expect(one, note).toEqual(other);
  };

  for (let kill = 1; kill <= KILLS; kill++) {
    const role = random.below(3) < 2 ? "sequencer" : "replica";
    for (let acts = 1 + random.below(6); acts > 0; acts--) traffic.act();
    await sleep(random.below(400));
    // One in four is killed while it starts.
    if (random.below(4) === 0) {
      await running.get(role)?.end("SIGKILL");
      kill++;
      await start(role, random.below(1500));
    }
    await running.get(role)?.end("SIGKILL");
    await start(role);
    if (kill % LOOK_EVERY < 2 || kill >= KILLS) await look(`kill ${kill}`);
  }
  const events = [...running.values()].flatMap((node) => node.events);
  expect(events.filter(({ event }) => event === "fault" || event === "false-state-claim")).toEqual([]);
});
