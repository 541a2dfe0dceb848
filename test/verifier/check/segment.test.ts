import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLACE } from "../../../common/graph-encoding.ts";
import { isolate } from "../../../verifier/check/isolate.ts";
import { type ClaimedSegment, checkSegment, type SegmentCheckModules } from "../../../verifier/check/segment.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { hasLeaf } from "../../../verifier/model/leaf.ts";
import type { LieAmount } from "../../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { referenceRuntime } from "../../../verifier/runtime/reference.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import { SLICE_BYTES } from "../../../verifier/runtime/slices.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, sizeOf } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { type Gatherer, openGatherer } from "../../../verifier/trace/gather.ts";
import { rowOrderOf } from "../../../verifier/trace/inputs.ts";
import { computeSegment, runTask } from "../../../verifier/trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf } from "../../../verifier/trace/step.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces, type Traces } from "../../../verifier/trace/traces.ts";
import { placementIn } from "../../../verifier/trace/values.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";

const strict = smallTask({ stepRoots: true, steps: 4 });
const tolerant = smallTask({ tolerant: true, steps: 4 });
const { graph } = strict;
const isolated = isolate(graph);
const runtime = onnxRuntime({ threads: 1 });
const IN_ONE = { open: runtime.open, sliceBytes: SLICE_BYTES };
const OVERFLOWING = { kind: "momentum", learningRate: 1e30, momentum: 0.9 } as const;
const STEP = 2;

let folder: string;
let session: Session;
let isolatedSession: Session;
let gatherer: Gatherer;
let modules: SegmentCheckModules;
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-check-"));
  session = await runtime.open(graph);
  isolatedSession = await runtime.open(isolated.graph);
  gatherer = openGatherer(strict.dataset);
  modules = { session, gatherer, isolated, isolatedSession: async () => isolatedSession, ...IN_ONE };
});
afterAll(async () => {
  await session.close();
  await isolatedSession.close();
  await gatherer.close();
  await rm(folder, { recursive: true });
});

/** Claims segment 0 of a task as computed by `steps`. */
async function claim(task: SmallTask, steps: Steps): Promise<ClaimedSegment & { traces: Traces }> {
  const store = openBlobStore(join(folder, "blobs"));
  const checkpoints = openCheckpoints(join(folder, `${runs++}`));
  const { segments } = await runTask(task, { steps, gatherer, store, checkpoints });
  const traces = openTraces(task, segments, { steps, gatherer, checkpoints });
  return {
    traces,
    record: segments[0]!.record,
    stepHashes: segments[0]!.stepRoots,
    start: task.start,
    startRoots: task.start.map((tensor) => tensorRoot(bytesOf(tensor))),
    roots: traces.roots,
    read: (step) => async (place, index, root) => {
      const bytes = (await traces.value(step, place, index))!;
      expect(tensorRoot(bytes)).toBe(root);
      return bytes;
    },
  };
}

async function claimWithLie(task: SmallTask, node: number, element: number, amount: LieAmount) {
  const steps = await lyingSteps(graph, referenceRuntime, { step: STEP, node, element, amount });
  const claimed = await claim(task, steps);
  const finding = await checkSegment(task, modules, claimed);
  await steps.close();
  return finding.wrong;
}

/** An honest claim of which the roots of one step are replaced. */
async function tampered(change: (roots: StepRoots) => Partial<StepRoots>, step = STEP): Promise<ClaimedSegment> {
  const honest = await claim(strict, stepsOf(session));
  const roots = await honest.roots(step);
  const changed = { ...roots, ...change(roots) };
  return {
    ...honest,
    stepHashes: honest.stepHashes.with(step, stepRootOf(changed)),
    roots: async (i) => (i === step ? changed : honest.roots(i)),
  };
}
const foreign: Hex = tensorRoot(new Uint8Array(sizeOf([12, 8]) * 4));
const wrongIn = async (claimed: ClaimedSegment) => (await checkSegment(strict, modules, claimed)).wrong;

describe("an honest claim", () => {
  it.each([
    ["strict", strict],
    ["tolerant", tolerant],
  ])("passes in %s", async (_, task) => {
    expect((await checkSegment(task, modules, await claim(task, stepsOf(session)))).wrong).toBeUndefined();
  });
});

describe("a claim of what overflowed", () => {
  it("is wrong also where its bits are those of the own run", async () => {
    const task = smallTask({ stepRoots: true, steps: 8, segmentSteps: 8, optimizer: OVERFLOWING });
    const own = await runtime.open(task.graph);
    const feeds = await gatherer.feeds(rowOrderOf(task), 0, 8);
    const { state, metrics, stepRoots } = await computeSegment(task, stepsOf(own), 0, task.start, feeds);
    const endState = rootOfList(state.map((tensor) => tensorRoot(bytesOf(tensor))));
    const unasked = () => {
      throw new Error("nothing has to be read");
    };
    const { wrong } = await checkSegment(
      task,
      { ...modules, session: own },
      {
        record: { index: 0, endState, metrics, stepsRoot: rootOfList(stepRoots) },
        stepHashes: stepRoots,
        start: task.start,
        startRoots: task.start.map((tensor) => tensorRoot(bytesOf(tensor))),
        roots: unasked,
        read: () => unasked,
      },
    );
    await own.close();
    expect(wrong?.violation.kind).toBe("finite");
  });
});

const judged = graph.nodes.flatMap((node, index) => (hasLeaf(node) ? [{ index, node }] : []));
const { loose, places } = placementIn(graph);
const looseOnes = new Set(loose.map((entry) => entry!.value));

describe("one wrong element in strict", () => {
  it.each(
    judged
      .filter(({ node }) => !looseOnes.has(node.output))
      .map(({ node, index }) => [valueAt(graph, node.output).name, index] as const),
  )("of %s is found", async (_, index) => {
    const size = sizeOf(valueAt(graph, graph.nodes[index]!.output).shape);
    const element = Math.floor(size / 3);
    const wrong = await claimWithLie(strict, index, element, { unit: "ulp", count: 1 });
    expect(wrong).toMatchObject({ step: STEP, violation: { kind: "element", node: index, element } });
  });
});

describe("one element in tolerant", () => {
  const names = judged.map(({ node, index }) => [valueAt(graph, node.output).name, index] as const);
  it.each(names)("of %s twice its tolerance off is found, half of it is not disputed", async (_, index) => {
    const wrong = await claimWithLie(tolerant, index, 0, { unit: "tol", factor: 2 });
    expect(wrong).toMatchObject({ step: STEP, violation: { kind: "element", node: index, element: 0 } });
    expect(await claimWithLie(tolerant, index, 0, { unit: "tol", factor: 0.5 })).toBeUndefined();
  });
});

describe("a structural lie", () => {
  it("about a batch row is found by feed, row and element", async () => {
    const honest = stepsOf(session);
    const swapped: Steps = {
      ...honest,
      values: (step, state, batch, ids) => {
        if (step !== STEP) return honest.values(step, state, batch, ids);
        const x = { ...batch[0]!, data: (batch[0]!.data as Uint8Array).slice() };
        x.data[12 * 3 + 5] = 255 - x.data[12 * 3 + 5]!;
        return honest.values(step, state, [x, batch[1]!], ids);
      },
    };
    expect(await wrongIn(await claim(strict, swapped))).toMatchObject({
      step: STEP,
      violation: { kind: "feed", feed: 0, row: 3, element: 5 },
    });
  });

  it("about where a step starts is a broken link, at the first step too", async () => {
    const change = ({ stateIn }: StepRoots) => ({ stateIn: stateIn.with(0, foreign) });
    expect(await wrongIn(await tampered(change))).toMatchObject({
      step: STEP,
      violation: { kind: "link", end: false },
    });
    expect(await wrongIn(await tampered(change, 0))).toMatchObject({
      step: 0,
      violation: { kind: "link", end: false },
    });
  });

  it("about the segment's end state is a broken link at its last step", async () => {
    const honest = await claim(strict, stepsOf(session));
    const record = { ...honest.record, endState: foreign };
    expect(await wrongIn({ ...honest, record })).toMatchObject({ step: 3, violation: { kind: "link", end: true } });
  });

  it("about a metric is found", async () => {
    const honest = await claim(strict, stepsOf(session));
    const metrics = honest.record.metrics.with(1, honest.record.metrics[1]! + 1);
    expect(await wrongIn({ ...honest, record: { ...honest.record, metrics } })).toMatchObject({
      step: 1,
      violation: { kind: "metric" },
    });
  });

  it("about a reading layout is found by element", async () => {
    const { exact } = placementIn(graph);
    const index = exact.findIndex((entry) => entry!.layout !== null);
    const { value } = exact[index]!;
    const honest = await claim(strict, stepsOf(session));
    const bytes = Uint8Array.from((await honest.traces.value(STEP, PLACE.exact, index))!);
    bytes[4 * 7]! ^= 1;
    const changed = { ...(await honest.roots(STEP)) };
    const roots = { ...changed, exact: changed.exact.with(index, tensorRoot(bytes)) };
    const wrong = await wrongIn({
      ...honest,
      stepHashes: honest.stepHashes.with(STEP, stepRootOf(roots)),
      roots: async (step) => (step === STEP ? roots : honest.roots(step)),
      read: (step) => async (place, at) =>
        place === PLACE.exact && at === index ? bytes : (await honest.traces.value(step, place, at))!,
    });
    const { layout } = exact[index]!;
    const { rows, cols } = layout!;
    expect(wrong).toMatchObject({
      step: STEP,
      violation: { kind: "layout", element: (7 % rows) * cols + Math.floor(7 / rows) },
    });
    expect(places[value]).toBeDefined();
  });
});
