// Executors and challengers as the real services, on a real L1 with the real contracts, over tasks of a small network.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hexToBytes } from "viem";
import { onTestFailed, TestRunner } from "vitest";
import { devAccount, type Role } from "../../cli/stack/accounts.ts";
import { encodeJob, trainId } from "../../common/job.ts";
import { type ChallengerSettings, runChallenger } from "../../verifier/challenger-wiring.ts";
import type { CommissionOptions } from "../../verifier/claims/commissions.ts";
import type { Demand, DemandSource } from "../../verifier/claims/demand.ts";
import type { ServiceEvent } from "../../verifier/events.ts";
import { type ExecutorParts, runExecutor } from "../../verifier/executor-wiring.ts";
import { type Graph, valueAt } from "../../verifier/graph/graph.ts";
import type { LieAmount } from "../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { startDataNode } from "./data-node.ts";
import { startL1, type TestL1 } from "./l1.ts";
import { lyingSteps } from "./lying-steps.ts";
import { type SmallSpec, type SmallTask, smallTask } from "./small-task.ts";
import { until } from "./until.ts";
import { storeGraph, storeTensors } from "./upload.ts";

/** Where a claimant says it serves, where a service looks for L1, for content, and for work. */
export type Serving = {
  readonly l1Url?: string;
  readonly l1WitnessUrls?: readonly string[];
  readonly maxBondWei?: bigint;
  readonly dataUrl?: string;
  readonly dataUrls?: readonly string[];
  readonly demands?: DemandSource;
  readonly commissions?: Partial<CommissionOptions>;
};

/** What a service told, shown when the test fails: a test that waits in vain says nothing else. */
function record(role: string): ServiceEvent[] {
  const events: ServiceEvent[] = [];
  // A hook that runs services before its tests has none that could fail.
  if (TestRunner.getCurrentTest() === undefined) return events;
  onTestFailed(() => {
    for (const event of events)
      console.error(
        role,
        JSON.stringify(event, (_, it) => (typeof it === "bigint" ? `${it}` : it)),
      );
  });
  return events;
}

type StageL1 = Omit<TestL1, "stop"> & { readonly stop: () => void | Promise<void> };

export const openServiceStage = () => openStageOn(startL1);

/** On an L1 that the test starts: one that forks, say. */
export async function openStageOn<L extends StageL1>(start: () => Promise<L>) {
  const folder = await mkdtemp(join(tmpdir(), "anh-services-"));
  const store = openBlobStore(join(folder, "node"));
  const { graphs, dataset, start: state } = smallTask();
  const drawn = smallTask({ drawn: true });
  for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate, drawn.graph]) await storeGraph(store, graph);
  await storeTensors(store, dataset.tensors);
  await storeTensors(store, state);
  const [l1, node] = await Promise.all([start(), startDataNode(store)]);
  let stops: (() => Promise<void>)[] = [];
  let salt = 0;

  const common = (role: Role) => ({
    chain: l1.chain,
    l1Url: l1.url,
    key: devAccount(role).privateKey,
    folder: join(folder, `${role}-${salt}`),
    dataUrls: [node.url],
    pollMs: 20,
    maxBondWei: 2n * 10n ** 18n,
  });
  return {
    l1,
    /** A data service that holds what jobs name. */
    nodeUrl: node.url,
    /** A folder that goes with the stage. */
    folder,
    /** Serves tensors by their roots. */
    serve: (tensors: readonly Tensor[]): Promise<void> => storeTensors(store, tensors),
    serveGraph: (graph: Graph): Promise<void> => storeGraph(store, graph),
    /** A task with an id of its own. */
    job: (spec: SmallSpec): SmallTask => smallTask({ ...spec, salt: salt++ }),
    /** Serves what a task names that is not the usual one. */
    async upload({ job, graphs, dataset, start }: SmallTask): Promise<void> {
      await store.put(trainId(job), hexToBytes(encodeJob(job)));
      for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate]) await storeGraph(store, graph);
      await storeTensors(store, dataset.tensors);
      await storeTensors(store, start);
    },
    async execute(
      role: Role,
      task: Demand,
      openSteps: ExecutorParts["openSteps"],
      takes: (overturned: boolean) => boolean = () => true,
      { demands = async () => [task], ...serving }: Serving = {},
    ) {
      const events = record(role);
      const running = await runExecutor(
        { ...common(role), ...serving, dataPort: 0, takes: (_, overturned) => takes(overturned) },
        { demands, openSteps, events: (event) => events.push(event) },
      );
      stops.push(running.stop);
      return { events, stop: running.stop, failed: running.failed };
    },
    watch(settings: Partial<ChallengerSettings> = {}): ServiceEvent[] {
      const events = record("challenger");
      const { stop } = runChallenger({ ...common("challenger"), ...settings }, (event) => events.push(event));
      stops.push(stop);
      return events;
    },
    /** Ends the service started last. */
    stopLast: async () => stops.pop()?.(),
    async stopAll() {
      await Promise.all(stops.map((stop) => stop()));
      stops = [];
    },
    async close() {
      await l1.stop();
      node.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type ServiceStage = Awaited<ReturnType<typeof openServiceStage>>;

/**
 * A lie that is still there some steps later. One ulp may be rounded away, by the rows that L1 draws: without step roots
 * such a claim says what an honest one says.
 */
export const LASTING: LieAmount = { unit: "ulp", count: 2 ** 12 };

/** Falsifies one element of the named node's output in step 5. */
export const liar =
  (name: string, amount: LieAmount = LASTING): ExecutorParts["openSteps"] =>
  (graph) => {
    const node = graph.nodes.findIndex(({ output }) => valueAt(graph, output).name === name);
    return lyingSteps(graph, onnxRuntime({ threads: 1 }), { step: 5, node, element: 3, amount });
  };

export const seen = (events: readonly ServiceEvent[], name: string) =>
  until(() => events.find(({ event }) => event === name));

/** What was found of a task's claim: those of other tests may still be open. */
export const checked = (events: readonly ServiceEvent[], { task }: Pick<Demand, "task">) =>
  until(() => events.find(({ event, id }) => event === "checked" && id === task.id));
