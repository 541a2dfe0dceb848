// Trainings whose weights start where the job's seed draws them (P4.7), as real services on a real L1.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { packHashes, treeRoot } from "../../../common/merkle.ts";
import { trainTask } from "../../../common/task.ts";
import { type ExecutorParts, honestSteps } from "../../../verifier/executor-wiring.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { drawnTensor, startList } from "../../../verifier/trace/start.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { startDataNode } from "../../support/data-node.ts";
import { checked, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { type SmallSpec, smallTask, taskOfGraphs } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

const LONG = process.env.ANH_LONG === "1";
let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
});
afterEach(async () => {
  await stage.stopAll();
  await stage.l1.warp(61);
});
afterAll(() => stage?.close());

/** The honest steps from a start state of one's own; a step later it is what came of it. */
const startingFrom =
  (change: (start: readonly Tensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>): ExecutorParts["openSteps"] =>
  async (graph, task) => {
    const honest = await honestSteps(1)(graph, task);
    return {
      ...honest,
      segment: async (first, state, batches) =>
        honest.segment(first, first === 0 ? await change(state) : state, batches),
      values: async (step, state, batch, ids) =>
        honest.values(step, step === 0 ? await change(state) : state, batch, ids),
    };
  };

/** Another value of one weight, which the steps that follow do not forget. */
const ownElement = startingFrom(([first, ...rest]) => {
  const data = (first!.data as Float32Array).slice();
  data[3]! += 0.5;
  return [{ ...first!, data }, ...rest];
});

/** Both of the job's weights drawn from another seed: the one of a reservation that lapsed, say, or one that it likes better. */
const staleSeed = (graph: Parameters<ExecutorParts["openSteps"]>[0], task: Parameters<ExecutorParts["openSteps"]>[1]) =>
  startingFrom((start) =>
    Promise.all(start.map((tensor, i) => drawnTensor(tensor, graph.stateInputs[i]!.rule!, `0x${"77".repeat(32)}`, i))),
  )(graph, task);

/** The momentum of a run before: no rule starts anywhere but at zeros. */
const oldMoments = startingFrom((start) => start.with(-1, { ...start.at(-1)!, data: new Float32Array(4).fill(0.25) }));

describe("an honest executor", () => {
  it("needs nothing of the start from anybody, and its claim is found right", async () => {
    const task = stage.job({ drawn: true });
    expect(task.graph.stateInputs.every(({ rule }) => rule !== undefined)).toBe(true);
    await stage.execute("executor", task, honestSteps(1));
    expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
  });
  it("reserves also where the rows are read in order", async () => {
    const task = stage.job({ drawn: true, flags: JOB_FLAG.sequentialRows, rows: 80 });
    await stage.upload(task);
    const { events } = await stage.execute("executor", task, honestSteps(1));
    await seen(events, "claimed");
    expect(events.map(({ event }) => event)).toContain("reserved");
    expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
  });
});

type Elsewhere = [string, ExecutorParts["openSteps"], SmallSpec, at: object];
const UNOPENED: Elsewhere = ["with an element of its own, without step roots", ownElement, {}, { element: 3 }];

describe("an executor that starts elsewhere", () => {
  it.each<Elsewhere>([
    ["with an element of its own", ownElement, { stepRoots: true }, { element: 3 }],
    ["from another seed", staleSeed, { stepRoots: true }, {}],
    ...(LONG ? [UNOPENED] : []),
    ["with moments of a run before", oldMoments, {}, { element: 0 }],
  ])("%s is proved wrong by one element", async (_, openSteps, spec, at) => {
    const task = stage.job({ ...spec, drawn: true });
    await stage.execute("liar", task, openSteps, (overturned) => !overturned);
    const events = stage.watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "start", step: 0, ...at });
  });

  it.each([["without step roots", {}], ...(LONG ? [["with", { stepRoots: true }] as [string, SmallSpec]] : [])])(
    "and serves nothing is asked on L1 for the tensor, %s",
    async (_, spec) => {
      const task = stage.job({ ...spec, drawn: true, segmentSteps: 2 });
      await stage.execute("liar", task, ownElement, (overturned) => !overturned, { dataUrl: "http://127.0.0.1:1" });
      const events = stage.watch();
      expect(await seen(events, "proved")).toMatchObject({ wrong: "start", step: 0, element: 3 });
      const chunks = events.filter(({ event, path }) => event === "demanded" && path === "chunks");
      expect(chunks.length).toBeGreaterThan(0);
      expect(events.filter(({ event, path }) => event === "demanded" && path === "input")).toHaveLength(0);
    },
  );

  it("under a start root of something else, which L1 never looks at, is proved wrong all the same", async () => {
    const drawn = stage.job({ drawn: true, stepRoots: true, segmentSteps: 2 });
    const list = drawn.graph.stateInputs.map((_, i) => tensorRoot(Uint8Array.of(i)));
    const job = { ...drawn.job, startRoot: treeRoot(list) };
    const task = { ...drawn, job, task: trainTask(job) };
    const store = openBlobStore(join(stage.folder, "own-list"));
    await store.put(job.startRoot, packHashes(list));
    const node = await startDataNode(store);
    try {
      const urls = { dataUrl: "http://127.0.0.1:1", dataUrls: [node.url, stage.nodeUrl] };
      await stage.execute("liar", task, ownElement, (overturned) => !overturned, urls);
      expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "start", step: 0, element: 3 });
    } finally {
      node.stop();
    }
  });
});

it("what a mixed start names and nobody serves is asked for on L1, and nothing of what is drawn", async () => {
  const { graphs, dataset } = smallTask({ drawn: true });
  const own = float32([8], [1, 2, 3, 4, 5, 6, 7, 8]);
  const state = graphs.train.state.map((spec, i) => (i === 1 ? { name: spec.name, start: own } : spec));
  const stateInputs = graphs.train.graph.stateInputs.map((input, i) =>
    i === 1 ? { value: input.value, source: input.source } : input,
  );
  const train = { state, graph: { ...graphs.train.graph, stateInputs } };
  const task = taskOfGraphs({ ...graphs, train }, dataset, { salt: 901, stepRoots: true, segmentSteps: 2 });
  await stage.serveGraph(task.graph);
  const store = openBlobStore(join(stage.folder, "mixed"));
  const list = startList(
    task.graph,
    task.start.map((tensor) => tensorRoot(bytesOf(tensor))),
  );
  await store.put(task.job.startRoot, packHashes(list));
  await store.put(tensorRoot(bytesOf(own)), bytesOf(own));
  const node = await startDataNode(store);
  try {
    await stage.execute("executor", task, honestSteps(1), () => true, {
      dataUrl: "http://127.0.0.1:1",
      dataUrls: [node.url, stage.nodeUrl],
    });
    const events = stage.watch();
    await until(() => events.find(({ id, finding }) => id === task.task.id && finding === "right"));
    const asked = events
      .filter(({ event, id }) => event === "demanded" && id === task.task.id)
      .map(({ path, of, index }) => ({ path, of, index }));
    expect(asked).toEqual([{ path: "input", of: "start", index: 1 }]);
  } finally {
    node.stop();
  }
});

it("a start of which nothing is named has the root of a list of zeros", () => {
  const { job, graph } = stage.job({ drawn: true });
  expect(job.flags & JOB_FLAG.drawnStart).toBe(JOB_FLAG.drawnStart);
  expect(job.startRoot).not.toBe(ZERO_HASH);
  expect(valueAt(graph, graph.stateInputs[0]!.value).name).toBe("weight0");
});
