// Trainings whose claimant serves nothing off chain and answers what it is asked on L1, against the real challenger.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { defaultPrices } from "../../../deploy/prices.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { type ExecutorParts, honestSteps } from "../../../verifier/executor-wiring.ts";
import { type Graph, valueAt } from "../../../verifier/graph/graph.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { graphLeaves } from "../../../verifier/model/root.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import {
  about,
  type DarkStage,
  FLAT,
  foundRight,
  HALF,
  lies,
  openDarkStage,
  proven,
  TWICE,
  ULP,
} from "../../support/dark-stage.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { type ServiceStage, seen } from "../../support/service-stage.ts";
import { smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

const LONG = process.env.ANH_LONG === "1";

let opened: DarkStage;
let stage: ServiceStage;
let dark: DarkStage["dark"];
beforeAll(async () => {
  opened = await openDarkStage([]);
  ({ stage, dark } = opened);
});
afterEach(async () => {
  await stage.stopAll();
  // What is left open is nothing to the next challenger.
  await stage.l1.warp(61);
});
afterAll(() => opened?.close());

const namesOf = (graph: Graph, op: string): string[] =>
  graph.nodes.filter((node) => node.op === op).map(({ output }) => valueAt(graph, output).name);
const { graph } = smallTask(FLAT);
/** The first product, of what the step reads, and the last, of what other nodes computed. */
const [early] = namesOf(graph, "Gemm") as [string];
const late = namesOf(graph, "Gemm").at(-1)!;

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
    await foundRight(events, task);
    for (const name of ["challenged", "proved", "timed-out"]) expect(about(events, task, name)).toEqual([]);
    await stage.l1.warp(61);
    await until(async () => ((await opened.statusOf(task)) === CLAIM_STATUS.final ? true : undefined));
  });

  it("is not paid for beyond what it is worth", async () => {
    const task = stage.job({ ...shape, steps: 2 });
    await dark("executor", task, lies([{ step: 0, name: early, amount: HALF }]));
    const events = stage.watch({ demandBudgetWei: 4n * 10n ** 15n });
    expect(await seen(events, "demand-declined")).toMatchObject({ id: task.task.id, budgetWei: 4n * 10n ** 15n });
    expect(about(events, task, "demanded")).toHaveLength(2);
  });
});

describe("a training of which nobody has the graph", () => {
  it("is not read beyond its header where its leaves cost more than it is worth", async () => {
    const task = stage.job({ ...FLAT, stepRoots: true, steps: 2 });
    await dark("liar", task, lies([{ step: 1, name: early, amount: ULP }]));
    const { openFeeWei } = defaultPrices;
    const leavesWei = BigInt(graphLeaves(encodeGraph(task.graphs.train.graph)).length - 1) * openFeeWei;
    // Half of what the header cost was burned.
    const events = stage.watch({
      dataUrls: [opened.urls.constants],
      demandBudgetWei: openFeeWei / 2n + leavesWei - 1n,
    });
    expect(await seen(events, "demand-declined")).toMatchObject({ id: task.task.id, priceWei: leavesWei });
    expect(about(events, task, "demanded")).toMatchObject([{ path: "graph", leaf: 0 }]);
  });

  // As with questions above, but some 40 leaves have to be asked for.
  it.runIf(LONG)(
    "loses by a lie",
    async () => {
      const task = stage.job({ ...FLAT, stepRoots: true, steps: 2 });
      await dark("liar", task, lies([{ step: 1, name: early, amount: ULP }]));
      const events = stage.watch({ dataUrls: [opened.urls.constants] });
      expect(await proven(events, task)).toMatchObject({ wrong: "element", step: 1, op: "Gemm", element: 3 });
    },
    60_000,
  );
});

describe("a training whose dataset and start state its claimant keeps to itself", () => {
  const watch = () => stage.watch({ dataUrls: [opened.urls.bare] });

  it("loses by a lie", async () => {
    const task = stage.job({ ...FLAT, stepRoots: true, steps: 4 });
    await dark("liar", task, lies([{ step: 2, name: early, amount: ULP }]));
    const events = watch();
    expect(await seen(events, "proved")).toMatchObject({ id: task.task.id, wrong: "element", step: 2, node: early });
    const asked = about(events, task, "demanded").map(({ path, of }) => of ?? path);
    expect(asked).toEqual(expect.arrayContaining(["dataset", "start"]));
  });

  it("is found right if it is", async () => {
    const task = stage.job({ ...FLAT, steps: 4 });
    await dark("executor", task, honestSteps(1));
    const events = watch();
    await foundRight(events, task);
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
