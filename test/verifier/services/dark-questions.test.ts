// Questions to models, and models themselves, of which nobody serves anything off chain, against the real challenger.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { evaluateTask, inferTask } from "../../../common/task.ts";
import type { Demand } from "../../../verifier/claims/demand.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { type ExecutorParts, honestSteps } from "../../../verifier/executor-wiring.ts";
import { type Graph, valueAt } from "../../../verifier/graph/graph.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { datasetRoot } from "../../../verifier/trace/dataset.ts";
import {
  about,
  type DarkStage,
  FLAT,
  foundRight,
  lies,
  openDarkStage,
  proven,
  TWICE,
  ULP,
} from "../../support/dark-stage.ts";
import { checked, LASTING, type ServiceStage } from "../../support/service-stage.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

const LONG = process.env.ANH_LONG === "1";

const imageOf = (factor: number): Tensor => ({
  dtype: "uint8",
  shape: [1, 12],
  data: Uint8Array.from({ length: 12 }, (_, i) => factor * i),
});
const image = imageOf(20);
const images = [imageOf(21), imageOf(19)];
const datasetOf = (rows: number) => smallTask({ ...FLAT, rows }).dataset;

let opened: DarkStage;
let stage: ServiceStage;
let dark: DarkStage["dark"];
beforeAll(async () => {
  opened = await openDarkStage([
    datasetOf(40).tensors,
    datasetOf(30).tensors,
    [image],
    ...images.map((tensor) => [tensor]),
  ]);
  ({ stage, dark } = opened);
});
afterEach(async () => {
  await stage.stopAll();
  // What is left open is nothing to the next challenger.
  await stage.l1.warp(61);
});
afterAll(() => opened?.close());

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

const lastName = (graph: Graph): string => valueAt(graph, graph.stateOutputs.at(-1)!).name;

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
  const stranger = (name: string, dataUrl = opened.urls.parts) =>
    stage.watch({ folder: join(opened.folder, name), dataUrls: [dataUrl] });

  beforeAll(async () => {
    model = stage.job({ ...FLAT, steps: 2 });
    await claim(honestSteps(1));
    await until(async () => ((await opened.statusOf(model)) === CLAIM_STATUS.open ? true : undefined));
    await stage.l1.warp(61);
    await until(async () => ((await opened.statusOf(model)) === CLAIM_STATUS.final ? true : undefined));
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
  });

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
      const events = stranger("without anything", opened.urls.empty);
      expect(await proven(events, evaluated)).toMatchObject({ wrong: "element", step: 1 });
      const demanded = about(events, evaluated, "demanded");
      expect(demanded.filter(({ path, of }) => path === "graph" && of === "model")).toHaveLength(1);
      const { constants } = model.graphs.evaluate;
      expect(demanded.filter(({ path, of }) => path === "input" && of === "constant")).toHaveLength(constants.length);
    },
    300_000,
  );
});
