// Claimants that serve nothing off chain and answer what they are asked on L1, against the real challenger.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { evaluateTask, inferTask } from "../../../common/task.ts";
import { defaultPrices } from "../../../deploy/prices.ts";
import type { Demand } from "../../../verifier/claims/demand.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { type ExecutorParts, honestSteps } from "../../../verifier/executor-wiring.ts";
import { type Graph, valueAt } from "../../../verifier/graph/graph.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { graphLeaves } from "../../../verifier/model/root.ts";
import type { LieAmount } from "../../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, fromBytes, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { datasetRoot } from "../../../verifier/trace/dataset.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { startDataNode } from "../../support/data-node.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import {
  checked,
  LASTING,
  openServiceStage,
  type ServiceStage,
  type Serving,
  seen,
} from "../../support/service-stage.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";
import { storeGraph, storeTensors } from "../../support/upload.ts";

const LONG = process.env.ANH_LONG === "1";

type Node = Awaited<ReturnType<typeof startDataNode>>;
let stage: ServiceStage;
/** Data services: with the graphs of the tasks and nothing else; with all that is uploaded; with a training's graph and the
 * constants of the others; with nothing; with that graph's constants alone. */
let bare: Node;
let full: Node;
let parts: Node;
let empty: Node;
let constants: Node;
let folder: string;
const imageOf = (factor: number): Tensor => ({
  dtype: "uint8",
  shape: [1, 12],
  data: Uint8Array.from({ length: 12 }, (_, i) => factor * i),
});
const image = imageOf(20);
const images = [imageOf(21), imageOf(19)];
const datasetOf = (rows: number) => smallTask({ ...FLAT, rows }).dataset;

const constantsOf = ({ constants, values }: Graph): Tensor[] =>
  constants.map(({ value, bytes }) => fromBytes(values[value]!, bytes));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-dark-"));
  const { graphs, dataset, start } = smallTask(FLAT);
  const storeOf = (name: string) => openBlobStore(join(folder, name));
  const all = [graphs.train.graph, graphs.infer, graphs.evaluate];
  for (const graph of all) {
    await storeGraph(storeOf("bare"), graph);
    await storeGraph(storeOf("full"), graph);
    for (const tensor of constantsOf(graph))
      await storeTensors(storeOf(graph.kind === "train" ? "constants" : "parts"), [tensor]);
  }
  await storeGraph(storeOf("parts"), graphs.train.graph);
  for (const tensors of [
    dataset.tensors,
    datasetOf(40).tensors,
    datasetOf(30).tensors,
    start,
    [image],
    ...images.map((tensor) => [tensor]),
  ])
    await storeTensors(storeOf("full"), tensors);
  const started = ["bare", "full", "parts", "empty", "constants"].map((name) => startDataNode(storeOf(name)));
  [stage, bare, full, parts, empty, constants] = await Promise.all([
    openServiceStage(),
    ...(started as [Promise<Node>, Promise<Node>, Promise<Node>, Promise<Node>, Promise<Node>]),
  ]);
  await stage.upload(smallTask(FLAT));
});
afterEach(async () => {
  await stage.stopAll();
  // What is left open is nothing to the next challenger.
  await stage.l1.warp(61);
});
afterAll(async () => {
  await stage?.close();
  for (const node of [bare, full, parts, empty, constants]) node?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Lie = { readonly step: number; readonly name: string; readonly amount: LieAmount };
const TWICE: LieAmount = { unit: "tol", factor: 2 };
const HALF: LieAmount = { unit: "tol", factor: 0.5 };
const ULP: LieAmount = { unit: "ulp", count: 1 };

/** One falsified element in each of some steps. */
const lies =
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

/** Computes everything from a state that is not the model's. */
const startingElsewhere: ExecutorParts["openSteps"] = async (graph, task) => {
  const honest = await honestSteps(1)(graph, task);
  const moved = ([first, ...rest]: readonly Tensor[]): readonly Tensor[] => {
    const data = (first!.data as Float32Array).slice();
    data[3]! += 0.5;
    return [{ ...first!, data }, ...rest];
  };
  return {
    ...honest,
    segment: (first, state, batches) => honest.segment(first, moved(state), batches),
    values: (step, state, ...more) => honest.values(step, moved(state), ...more),
  };
};

/** Serves nothing off chain. */
const dark = (
  role: "liar" | "executor",
  task: Demand,
  openSteps: ExecutorParts["openSteps"],
  more: Pick<Serving, "demands"> = {},
) =>
  stage.execute(role, task, openSteps, (overturned) => !overturned, {
    dataUrl: "http://127.0.0.1:1",
    dataUrls: [full.url],
    ...more,
  });

const lastName = (graph: Graph): string => valueAt(graph, graph.stateOutputs.at(-1)!).name;
const namesOf = (graph: Graph, op: string): string[] =>
  graph.nodes.filter((node) => node.op === op).map(({ output }) => valueAt(graph, output).name);
/** No hidden layer: whoever has to look at everything has half as much to pay for. */
const FLAT = { sizes: [12, 4] };
const { graph } = smallTask(FLAT);
/** The first product, of what the step reads, and the last, of what other nodes computed. */
const [early] = namesOf(graph, "Gemm") as [string];
const late = namesOf(graph, "Gemm").at(-1)!;

const about = (events: readonly ServiceEvent[], { task }: Pick<Demand, "task">, name: string) =>
  events.filter(({ event, id }) => event === name && id === task.id);

const statusOf = async ({ task }: Pick<Demand, "task">) => {
  const contract = { address: stage.l1.chain.contracts.resultClaims, abi: resultClaimsAbi } as const;
  const hash = await stage.l1.client.readContract({ ...contract, functionName: "liveClaim", args: [task.id] });
  return (await stage.l1.client.readContract({ ...contract, functionName: "claimOf", args: [hash] })).status;
};

const shape = { ...FLAT, tolerant: true, steps: 6, segmentSteps: 2 };

describe("a tolerant training that nobody can look into", () => {
  it("loses by a lie where it leaves the own computation", async () => {
    const task = stage.job(shape);
    await dark("liar", task, lies([{ step: 4, name: early, amount: TWICE }]));
    const events = stage.watch();
    expect(await seen(events, "proved")).toMatchObject({ id: task.task.id, wrong: "element", step: 4, node: early });
    // One value of one node is all that had to be shown besides the path to it.
    expect(about(events, task, "demanded").filter(({ path }) => path === "chunks")).toHaveLength(1);
  });

  it.runIf(LONG)(
    "loses by a lie behind honest differences in the same step and in those before",
    async () => {
      const task = stage.job({ ...shape, steps: 2 });
      const honest = { step: 0, name: early, amount: HALF };
      const runtime = onnxRuntime({ threads: 1 });
      const both: ExecutorParts["openSteps"] = async (graph, named) => {
        const steps = await lies([honest, { step: 1, name: late, amount: TWICE }])(graph, named);
        const node = graph.nodes.findIndex(({ output }) => valueAt(graph, output).name === early);
        const drift = await lyingSteps(graph, runtime, { step: 1, node, element: 3, amount: HALF });
        return {
          ...steps,
          values: async (step, state, batch, ids) => {
            if (step !== 1) return steps.values(step, state, batch, ids);
            const all = graph.values.map((_, id) => id);
            const values = await drift.values(step, state, batch, all);
            return falsified(graph, values, late, ids);
          },
          close: async () => {
            await steps.close();
            await drift.close();
          },
        };
      };
      await dark("liar", task, both);
      expect(await seen(stage.watch(), "proved")).toMatchObject({
        id: task.task.id,
        wrong: "element",
        step: 1,
        node: late,
      });
    },
    120_000,
  );

  it("is left alone and becomes final if it is right, however much it differs", async () => {
    const task = stage.job({ ...shape, steps: 2 });
    await dark("executor", task, lies([{ step: 0, name: early, amount: HALF }]));
    const events = stage.watch();
    await until(() =>
      events.find(({ event, id, finding }) => event === "checked" && id === task.task.id && finding === "right"),
    );
    for (const name of ["challenged", "proved", "timed-out"]) expect(about(events, task, name)).toEqual([]);
    await stage.l1.warp(61);
    await until(async () => ((await statusOf(task)) === CLAIM_STATUS.final ? true : undefined));
  }, 60_000);

  it("is not paid for beyond what it is worth", async () => {
    const task = stage.job({ ...shape, steps: 2 });
    await dark("executor", task, lies([{ step: 0, name: early, amount: HALF }]));
    const events = stage.watch({ demandBudgetWei: 4n * 10n ** 15n });
    expect(await seen(events, "demand-declined")).toMatchObject({ id: task.task.id, budgetWei: 4n * 10n ** 15n });
    expect(about(events, task, "demanded")).toHaveLength(2);
  });
});

const evaluation = ({ job }: SmallTask, rows = 50): Demand => ({
  job,
  task: evaluateTask(job, datasetRoot(datasetOf(rows)), rows),
});
const inference = ({ job }: SmallTask, input: Tensor): Demand => ({
  job,
  task: inferTask(job, tensorRoot(bytesOf(input))),
});
/** What one executor does by the task it is asked for. */
const byTask =
  (list: readonly (readonly [Demand, ExecutorParts["openSteps"]])[]): ExecutorParts["openSteps"] =>
  (graph, task) =>
    (
      list.find(
        ([
          {
            task: { id },
          },
        ]) => id === task.id,
      )?.[1] ?? honestSteps(1)
    )(graph, task);
const foundRight = (events: readonly ServiceEvent[], { task }: Demand) =>
  until(() => events.find(({ event, id, finding }) => event === "checked" && id === task.id && finding === "right"));
const proven = (events: readonly ServiceEvent[], { task }: Demand) =>
  until(() => events.find(({ event, id }) => event === "proved" && id === task.id));

describe("questions to a model, answered by who serves nothing", () => {
  it.each([
    ["tolerant", { tolerant: true }],
    // Below, of a model that is served no more than its answers.
    ...(LONG ? [["strict", {}] as const] : []),
  ] as const)(
    "%s: a lie loses, in an evaluation and in an inference, on inputs that nobody else has",
    async (_, spec) => {
      const model = stage.job({ ...spec, ...FLAT, steps: 4 });
      const trained = await stage.execute("executor", model, honestSteps(1));
      const events = stage.watch();
      expect(await checked(events, model)).toMatchObject({ finding: "right" });
      expect(trained.events.some(({ event }) => event === "claimed")).toBe(true);
      const [evaluated, inferred] = [evaluation(model), inference(model, image)];
      const count = { step: 3, name: lastName(model.graphs.evaluate), amount: LASTING };
      const answer = { step: 0, name: lastName(model.graphs.infer), amount: "tolerant" in spec ? TWICE : ULP };
      const lying = byTask([
        [evaluated, lies([count])],
        [inferred, lies([answer])],
      ]);
      await dark("liar", evaluated, lying, { demands: async () => [evaluated, inferred] });
      expect(await proven(events, evaluated)).toMatchObject({ wrong: "element", step: 3, node: count.name });
      expect(await proven(events, inferred)).toMatchObject({ wrong: "element", step: 0, node: answer.name });
    },
    60_000,
  );
});

describe("a model that was final before the challenger came, and graphs that nobody serves", () => {
  let model: SmallTask;
  let wanted: readonly Demand[];
  const claim = (openSteps: ExecutorParts["openSteps"], ...tasks: readonly Demand[]) => {
    wanted = [model, ...tasks];
    return dark("liar", model, openSteps, { demands: async () => wanted });
  };
  /** Knows nothing from before. */
  const stranger = (name: string, dataUrl = parts.url) =>
    stage.watch({ folder: join(folder, name), dataUrls: [dataUrl] });

  beforeAll(async () => {
    model = stage.job({ ...FLAT, steps: 2 });
    await claim(honestSteps(1));
    await until(async () => ((await statusOf(model)) === CLAIM_STATUS.open ? true : undefined));
    await stage.l1.warp(61);
    await until(async () => ((await statusOf(model)) === CLAIM_STATUS.final ? true : undefined));
    await stage.stopAll();
  });

  it("are read on L1, and right answers are found right", async () => {
    const asked = [inference(model, image), evaluation(model)] as const;
    await claim(honestSteps(1), ...asked);
    const events = stranger("right");
    for (const task of asked) {
      await foundRight(events, task);
      const paths = new Set(about(events, task, "demanded").map(({ path }) => path));
      for (const path of ["graph", "model", "input", "traces", "step", "chunks"]) expect(paths).toContain(path);
      expect(about(events, task, "challenged")).toEqual([]);
    }
  }, 60_000);

  it.runIf(LONG)(
    "hide no lie in an element, and no start from another state",
    async () => {
      const [lied, moved, evaluated] = [
        inference(model, images[0]!),
        inference(model, images[1]!),
        evaluation(model, 40),
      ];
      const answer = { step: 0, name: lastName(model.graphs.infer), amount: ULP };
      const count = { step: 2, name: lastName(model.graphs.evaluate), amount: LASTING };
      const lying = byTask([
        [lied, lies([answer])],
        [moved, startingElsewhere],
        [evaluated, lies([count])],
      ]);
      await claim(lying, lied, moved, evaluated);
      const events = stranger("wrong");
      // The encoding holds no names.
      expect(await proven(events, lied)).toMatchObject({ wrong: "element", step: 0, element: 3 });
      expect(await proven(events, moved)).toMatchObject({ wrong: "start", step: 0 });
      expect(await proven(events, evaluated)).toMatchObject({ wrong: "element", step: 2 });
    },
    60_000,
  );

  // Some 40 leaves, asked for one at a time.
  it.runIf(LONG)(
    "are read with their constants and the header of the model's graph where nobody has any of it",
    async () => {
      const evaluated = evaluation(model, 30);
      const count = { step: 1, name: lastName(model.graphs.evaluate), amount: LASTING };
      await claim(byTask([[evaluated, lies([count])]]), evaluated);
      const events = stranger("without anything", empty.url);
      expect(await proven(events, evaluated)).toMatchObject({ wrong: "element", step: 1 });
      const demanded = about(events, evaluated, "demanded");
      expect(demanded.filter(({ path, of }) => path === "graph" && of === "model")).toHaveLength(1);
      const { constants } = model.graphs.evaluate;
      expect(demanded.filter(({ path, of }) => path === "input" && of === "constant")).toHaveLength(constants.length);
    },
    300_000,
  );
});

describe("a training of which nobody has the graph", () => {
  it("is not read beyond its header where its leaves cost more than it is worth", async () => {
    const task = stage.job({ ...FLAT, stepRoots: true, steps: 2 });
    await dark("liar", task, lies([{ step: 1, name: early, amount: ULP }]));
    const { openFeeWei } = defaultPrices;
    const leavesWei = BigInt(graphLeaves(encodeGraph(task.graphs.train.graph)).length - 1) * openFeeWei;
    // Half of what the header cost was burned.
    const events = stage.watch({ dataUrls: [constants.url], demandBudgetWei: openFeeWei / 2n + leavesWei - 1n });
    expect(await seen(events, "demand-declined")).toMatchObject({ id: task.task.id, priceWei: leavesWei });
    expect(about(events, task, "demanded")).toMatchObject([{ path: "graph", leaf: 0 }]);
  });

  // As with questions above, but some 40 leaves have to be asked for.
  it.runIf(LONG)(
    "loses by a lie",
    async () => {
      const task = stage.job({ ...FLAT, stepRoots: true, steps: 2 });
      await dark("liar", task, lies([{ step: 1, name: early, amount: ULP }]));
      const events = stage.watch({ dataUrls: [constants.url] });
      expect(await proven(events, task)).toMatchObject({ wrong: "element", step: 1, op: "Gemm", element: 3 });
    },
    60_000,
  );
});

describe("a training whose dataset and start state its claimant keeps to itself", () => {
  const watch = () => stage.watch({ dataUrls: [bare.url] });

  it("loses by a lie", async () => {
    const task = stage.job({ ...FLAT, stepRoots: true, steps: 4 });
    await dark("liar", task, lies([{ step: 2, name: early, amount: ULP }]));
    const events = watch();
    expect(await seen(events, "proved")).toMatchObject({ id: task.task.id, wrong: "element", step: 2, node: early });
    const asked = about(events, task, "demanded").map(({ path, of }) => of ?? path);
    expect(asked).toEqual(expect.arrayContaining(["dataset", "start"]));
  });

  it("is found right if it is", async () => {
    const task: SmallTask = stage.job({ ...FLAT, steps: 4 });
    await dark("executor", task, honestSteps(1));
    const events = watch();
    await until(() =>
      events.find(({ event, id, finding }) => event === "checked" && id === task.task.id && finding === "right"),
    );
    expect(about(events, task, "challenged")).toEqual([]);
  });
});

describe("a training whose metrics are not its losses", () => {
  it("loses by them, though nobody is shown them", async () => {
    const task = stage.job({ ...FLAT, steps: 4, segmentSteps: 2 });
    const lying: ExecutorParts["openSteps"] = async (graph, named) => {
      const steps = await honestSteps(1)(graph, named);
      return {
        ...steps,
        segment: async (first, state, batches) => {
          const { losses, ...end } = await steps.segment(first, state, batches);
          const data = (losses!.data as Float32Array).slice();
          if (first === 2) data[1] = 2 * data[1]!;
          return { ...end, losses: { ...losses!, data } };
        },
      };
    };
    await dark("liar", task, lying);
    const events = stage.watch();
    expect(await seen(events, "proved")).toMatchObject({ id: task.task.id, wrong: "metric", step: 3 });
    expect(about(events, task, "demanded").map(({ path }) => path)).toContain("metrics");
  });
});

describe("a claimant that answers as late as it may", () => {
  it("does not outlast the window", async () => {
    const task = stage.job({ ...shape, steps: 2 });
    const lie = lies([{ step: 1, name: early, amount: TWICE }]);
    const liar = await dark("liar", task, lie);
    await seen(liar.events, "claimed");
    await stage.stopLast();
    await stage.l1.warp(45);
    const events = stage.watch();
    await seen(events, "demanded");
    await stage.l1.warp(25);
    await dark("liar", task, lie);
    expect(await seen(events, "proved")).toMatchObject({ id: task.task.id, wrong: "element", step: 1, node: early });
  });
});

/** The values asked for, with one element of a node's output moved by a hundredth, and nothing computed again. */
function falsified(graph: Graph, values: readonly Tensor[], name: string, ids: readonly number[]): Tensor[] {
  const target = graph.values.findIndex((value) => value.name === name);
  return ids.map((id) => {
    if (id !== target) return values[id]!;
    const data = (values[id]!.data as Float32Array).slice();
    data[3]! += 0.01;
    return { ...values[id]!, data };
  });
}
