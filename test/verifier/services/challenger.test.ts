import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devAccount, type Role } from "../../../cli/stack/accounts.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { runChallenger } from "../../../verifier/challenger-wiring.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { type ExecutorParts, honestSteps, runExecutor } from "../../../verifier/executor-wiring.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { startDataNode } from "../../support/data-node.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { type SmallSpec, type SmallTask, smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";
import { storeGraph, storeTensors } from "../../support/upload.ts";

let folder: string;
let l1: TestL1;
let node: { url: string; stop: () => void };
let stops: (() => Promise<void>)[] = [];
let salt = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-challenger-"));
  const store = openBlobStore(join(folder, "node"));
  const { graphs, dataset, start } = smallTask();
  for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate]) await storeGraph(store, graph);
  await storeTensors(store, dataset.tensors);
  await storeTensors(store, start);
  [l1, node] = await Promise.all([startL1(), startDataNode(store)]);
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  stops = [];
});
afterAll(async () => {
  l1?.stop();
  node?.stop();
  await rm(folder, { recursive: true, force: true });
});

const common = (role: Role) => ({
  chain: l1.chain,
  l1Url: l1.url,
  key: devAccount(role).privateKey,
  folder: join(folder, `${role}-${salt}`),
  dataUrls: [node.url],
  pollMs: 20,
  maxBondWei: 2n * 10n ** 18n,
});

async function execute(
  role: Role,
  task: SmallTask,
  openSteps: ExecutorParts["openSteps"],
  takes: (overturned: boolean) => boolean = () => true,
  serving: { readonly dataUrl?: string } = {},
) {
  const events: ServiceEvent[] = [];
  const running = await runExecutor(
    { ...common(role), ...serving, dataPort: 0, takes: (_, overturned) => takes(overturned) },
    { demands: async () => [task], openSteps, events: (event) => events.push(event) },
  );
  stops.push(running.stop);
  return { events, stop: running.stop };
}

function watch(): ServiceEvent[] {
  const events: ServiceEvent[] = [];
  const { stop } = runChallenger(common("challenger"), (event) => events.push(event));
  stops.push(stop);
  return events;
}

const job = (spec: SmallSpec): SmallTask => smallTask({ ...spec, salt: salt++ });
const liar =
  (name: string): ExecutorParts["openSteps"] =>
  (graph) => {
    const index = graph.nodes.findIndex(({ output }) => valueAt(graph, output).name === name);
    return lyingSteps(graph, onnxRuntime({ threads: 1 }), {
      step: 5,
      node: index,
      element: 3,
      amount: { unit: "ulp", count: 1 },
    });
  };

const seen = (events: readonly ServiceEvent[], name: string) => until(() => events.find(({ event }) => event === name));
/** What was found of a task's claim: those of other tests may still be open. */
const checked = (events: readonly ServiceEvent[], { task }: SmallTask) =>
  until(() => events.find(({ event, id }) => event === "checked" && id === task.id));
const liveStatus = async ({ task }: SmallTask) => {
  const contract = { address: l1.chain.contracts.resultClaims, abi: resultClaimsAbi } as const;
  const hash = await l1.client.readContract({ ...contract, functionName: "liveClaim", args: [task.id] });
  return (await l1.client.readContract({ ...contract, functionName: "claimOf", args: [hash] })).status;
};

describe("a lie in one element", () => {
  it.each([
    ["with step roots: named at once", { stepRoots: true }, ["challenged", "proved"]],
    ["without: the segment is opened first", {}, ["challenged", "pointed", "proved"]],
  ])("%s, proved on L1, and an honest claim follows", async (_, spec, moves) => {
    const task = job(spec);
    const lying = await execute("liar", task, liar("next_weight0"));
    const honest = await execute("executor", task, honestSteps(1), (overturned) => overturned);
    const events = watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 5, node: "next_weight0", element: 3 });
    expect(events.filter(({ event }) => moves.includes(event)).map(({ event }) => event)).toEqual(moves);
    await l1.warp(6);
    const claimed = await seen(honest.events, "claimed");
    await seen(events, "collected");
    await until(() => events.find((event) => event.event === "checked" && event.claimHash === claimed.claimHash));
    expect(events.filter(({ event }) => event === "challenged")).toHaveLength(1);
    await l1.warp(61);
    await until(async () => ((await liveStatus(task)) === CLAIM_STATUS.final ? true : undefined));
    expect(lying.events.filter(({ event }) => event === "claimed")).toHaveLength(1);
    // It does not stand in the way of the honest one: what it lost, it leaves.
    expect(lying.events.filter(({ event }) => event === "reserved")).toHaveLength(1);
  });
});

describe("a challenger", () => {
  it("that is restarted in the middle of a dispute goes on with it, and challenges nothing twice", async () => {
    const task = job({});
    await execute("liar", task, liar("next_weight0"), (overturned) => !overturned);
    const first = watch();
    await seen(first, "challenged");
    await stops.pop()?.();
    const second = watch();
    await seen(second, "proved");
    expect(second.filter(({ event }) => event === "challenged")).toHaveLength(0);
  });
});

describe("an honest tolerant claim", () => {
  it("is checked node by node and never disputed", async () => {
    const task = job({ tolerant: true });
    await execute("executor", task, honestSteps(2));
    const events = watch();
    expect(await checked(events, task)).toMatchObject({ finding: "right" });
    expect(events.filter(({ event, id }) => event === "challenged" && id === task.task.id)).toHaveLength(0);
  });
});

/** Serves nothing off chain, answers everything on L1. */
const DARK = { dataUrl: "http://127.0.0.1:1" };

describe("a claimant that serves nothing", () => {
  it.each([
    ["with step roots", { stepRoots: true, segmentSteps: 2 }],
    ["without", { segmentSteps: 2 }],
  ])("is asked on L1 for what proves its lie, %s", async (_, spec) => {
    const task = job(spec);
    await execute("liar", task, liar("next_weight0"), (overturned) => !overturned, DARK);
    const events = watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 5, node: "next_weight0", element: 3 });
    expect(events.filter(({ event }) => event === "challenged")).toHaveLength(1);
  });

  it("is left alone when its claim is right", async () => {
    const task = job({});
    await execute("executor", task, honestSteps(1), undefined, DARK);
    expect(await checked(watch(), task)).toMatchObject({ finding: "right" });
  });
});

describe("a claimant that falls silent", () => {
  it("loses its claim when it does not answer on L1", async () => {
    const task = job({});
    const silent = await execute("liar", task, liar("next_weight0"));
    await seen(silent.events, "claimed");
    await silent.stop();
    stops = [];
    const events = watch();
    await seen(events, "demanded");
    await l1.warp(31);
    await seen(events, "timed-out");
  });
});
