// Claimants that serve nothing off chain, and data services that have some of what a challenger needs.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import type { Demand } from "../../verifier/claims/demand.ts";
import type { ServiceEvent } from "../../verifier/events.ts";
import { type ExecutorParts, honestSteps } from "../../verifier/executor-wiring.ts";
import { type Graph, valueAt } from "../../verifier/graph/graph.ts";
import type { LieAmount } from "../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { fromBytes, type Tensor } from "../../verifier/tensor/tensor.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { startDataNode } from "./data-node.ts";
import { lyingSteps } from "./lying-steps.ts";
import { openServiceStage, type ServiceStage, type Serving } from "./service-stage.ts";
import { smallTask } from "./small-task.ts";
import { until } from "./until.ts";
import { storeGraph, storeTensors } from "./upload.ts";

/** No hidden layer: whoever has to look at everything has half as much to pay for. */
export const FLAT = { sizes: [12, 4] };

/** Data services, by what they have: the graphs and nothing else; all that is uploaded; a training's graph and the constants of
 * the others; nothing; the constants of that graph alone. */
const SHELVES = ["bare", "full", "parts", "empty", "constants"] as const;
type Shelf = (typeof SHELVES)[number];

export type DarkStage = {
  readonly stage: ServiceStage;
  /** Of a test's own; removed at the end. */
  readonly folder: string;
  readonly urls: Readonly<Record<Shelf, string>>;
  /** A claimant that serves nothing off chain. */
  readonly dark: (
    role: "liar" | "executor",
    task: Demand,
    openSteps: ExecutorParts["openSteps"],
    more?: Pick<Serving, "demands">,
  ) => ReturnType<ServiceStage["execute"]>;
  /** Of the claim that is there now. */
  readonly statusOf: (demand: Pick<Demand, "task">) => Promise<number>;
  readonly close: () => Promise<void>;
};

const constantsOf = ({ constants, values }: Graph): Tensor[] =>
  constants.map(({ value, bytes }) => fromBytes(values[value]!, bytes));

/** `uploads`: what users give the service that has all, besides the small task's own dataset and start. */
export async function openDarkStage(uploads: readonly (readonly Tensor[])[]): Promise<DarkStage> {
  const folder = await mkdtemp(join(tmpdir(), "anh-dark-"));
  const { graphs, dataset, start } = smallTask(FLAT);
  const storeOf = (name: Shelf) => openBlobStore(join(folder, name));
  for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate]) {
    await storeGraph(storeOf("bare"), graph);
    await storeGraph(storeOf("full"), graph);
    for (const tensor of constantsOf(graph))
      await storeTensors(storeOf(graph.kind === "train" ? "constants" : "parts"), [tensor]);
  }
  await storeGraph(storeOf("parts"), graphs.train.graph);
  for (const tensors of [dataset.tensors, start, ...uploads]) await storeTensors(storeOf("full"), tensors);
  const [stage, nodes] = await Promise.all([
    openServiceStage(),
    Promise.all(SHELVES.map(async (name) => [name, await startDataNode(storeOf(name))] as const)),
  ]);
  await stage.upload(smallTask(FLAT));
  const urls = Object.fromEntries(nodes.map(([name, { url }]) => [name, url])) as Record<Shelf, string>;
  const claims = { address: stage.l1.chain.contracts.resultClaims, abi: resultClaimsAbi } as const;
  return {
    stage,
    folder,
    urls,
    dark: (role, task, openSteps, more = {}) =>
      stage.execute(role, task, openSteps, (overturned) => !overturned, {
        dataUrl: "http://127.0.0.1:1",
        dataUrls: [urls.full],
        ...more,
      }),
    statusOf: async ({ task }) => {
      const hash = await stage.l1.client.readContract({ ...claims, functionName: "liveClaim", args: [task.id] });
      return (await stage.l1.client.readContract({ ...claims, functionName: "claimOf", args: [hash] })).status;
    },
    close: async () => {
      await stage.close();
      for (const [, node] of nodes) node.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Lie = { readonly step: number; readonly name: string; readonly amount: LieAmount };
export const TWICE: LieAmount = { unit: "tol", factor: 2 };
export const HALF: LieAmount = { unit: "tol", factor: 0.5 };
export const ULP: LieAmount = { unit: "ulp", count: 1 };

/** One falsified element in each of some steps. */
export const lies =
  (list: readonly Lie[]): ExecutorParts["openSteps"] =>
  async (graph, task) => {
    const honest = await honestSteps(1)(graph, task);
    const runtime = onnxRuntime({ threads: 1 });
    const steps = await Promise.all(
      list.map(({ step, name, amount }) => {
        const node = graph.nodes.findIndex(({ output }) => valueAt(graph, output).name === name);
        return lyingSteps(graph, runtime, { step, node, element: 3, amount });
      }),
    );
    const at = (step: number) => steps[list.findIndex((lie) => lie.step === step)] ?? honest;
    return {
      segment: (first, state, batches) => (steps[0] ?? honest).segment(first, state, batches),
      values: (step, ...rest) => at(step).values(step, ...rest),
      close: async () => {
        for (const opened of [honest, ...steps]) await opened.close();
      },
    };
  };

export const about = (events: readonly ServiceEvent[], { task }: Pick<Demand, "task">, name: string) =>
  events.filter(({ event, id }) => event === name && id === task.id);

export const foundRight = (events: readonly ServiceEvent[], { task }: Pick<Demand, "task">) =>
  until(() => events.find(({ event, id, finding }) => event === "checked" && id === task.id && finding === "right"));

export const proven = (events: readonly ServiceEvent[], { task }: Pick<Demand, "task">) =>
  until(() => events.find(({ event, id }) => event === "proved" && id === task.id));
