import type { Hex } from "viem";
import { PLACE } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { TASK_KIND } from "../../common/task.ts";
import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { type Layout, layoutBytes } from "../model/layout.ts";
import type { Place } from "../model/placement.ts";
import { bitsOf } from "../numerics/float32.ts";
import { profileOf } from "../ops/judge.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, fromBytes, sizeOf, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { uncanonicalValue } from "../trace/canonical.ts";
import { feedTypes, stateTypes, type TaskInputs } from "../trace/inputs.ts";
import type { StepRoots } from "../trace/step.ts";
import { type OwnRoots, placementIn, rootAt, type StepValues } from "../trace/values.ts";
import { elementOfLayout, firstDifference, firstDifferingElement } from "./first-difference.ts";
import type { Isolated } from "./isolate.ts";
import { firstWrongElement, type Judges } from "./nodes.ts";
import type { Residuals } from "./residuals.ts";
import type { Violation } from "./violation.ts";
import { allShown } from "./want.ts";

/** Bytes of a claimed value; throws `DataUnavailableError` if nobody shows what gives the root. */
export type ReadValue = (place: number, index: number, root: Hex, byteLength: number) => Promise<Uint8Array>;

export type StepCheckModules = {
  /** Of `isolated.graph`. */
  readonly isolatedSession: () => Promise<Session>;
  readonly isolated: Isolated;
  /** Of another graph: where not all nodes are judged at once. */
  readonly open: Runtime["open"];
  /** Values of a step beyond this are not in memory all at once (`slicesOf`). */
  readonly sliceBytes: number;
  /** Where sums leave what they leave of their tolerance, if anybody asks. */
  readonly residuals?: Residuals;
};

/** What judges all nodes of the graph. */
export const judgesOf = async ({ isolated, isolatedSession, residuals }: StepCheckModules): Promise<Judges> => ({
  isolated,
  session: await isolatedSession(),
  residuals,
});

/** Bits of the metric in the segment's leaf; undefined if the graph has no loss; unknown if nobody shows it. */
export type ClaimedMetric = number | undefined | "unknown";

/** A claimed step whose roots gave the claimed step root, beside what the challenger computed from the same state. */
export type ClaimedStep = {
  readonly roots: StepRoots;
  readonly metric: ClaimedMetric;
  readonly read: ReadValue;
  /** Own values, from the claimed state and the batch that the seed names. */
  readonly own: StepValues;
  readonly ownRoots: OwnRoots;
  /** Where something fails in the step: the first node of which nothing but zero is claimed. */
  readonly failedNode?: number | undefined;
};

/** `values`: the claimed values where they were needed, else the own ones. */
export type StepFinding = { readonly violation: Violation | undefined; readonly values: StepValues };

/** Judges everything that happens within one step, each node against its claimed operands. */
export async function checkStep(
  { task, graph }: Pick<TaskInputs, "task" | "graph">,
  modules: StepCheckModules,
  step: ClaimedStep,
): Promise<StepFinding> {
  const { own, ownRoots, metric } = step;
  const fed = emptyViolation(graph, step.roots) ?? (await feedViolation(graph, task.kind === TASK_KIND.infer, step));
  if (fed !== undefined) return { violation: fed, values: own };
  const profile = profileOf(task);
  const first =
    nextStateViolation(graph, step.roots) ?? (profile === "strict" ? await firstDifference(graph, step) : undefined);
  if (first !== undefined) return { violation: first, values: own };
  const reading = graph.values.map((_, id) => id).map(claimedValuesOf(graph, step));
  for (const one of reading) one.catch(() => {}); // awaited below
  const values = await allShown(reading.map((one) => () => one));
  const violation =
    uncanonical(graph, values) ??
    (await layoutViolation(graph, values, step)) ??
    (await elementViolation()) ??
    metricViolation(graph, values, metric);
  return { violation, values };

  async function elementViolation(): Promise<Violation | undefined> {
    if (hasSameRoots(ownRoots, step.roots)) return undefined;
    const judges = { ...(await judgesOf(modules)), failedNode: step.failedNode };
    return firstWrongElement(graph, judges, profile, values);
  }
}

const hasSameRoots = (own: OwnRoots, claimed: StepRoots): boolean =>
  (Object.keys(claimed) as (keyof StepRoots)[]).every((list) =>
    claimed[list].every((root, i) => root === own[list][i]),
  );

/** The leaf's metric is not the loss. */
export function metricViolation(graph: Graph, values: StepValues, metric: ClaimedMetric): Violation | undefined {
  if (metric === "unknown" || graph.shown?.hidesLoss === true) return undefined;
  if (graph.loss === null) return metric === undefined ? undefined : { kind: "metric" };
  const loss = bitsOf(Number(values[graph.loss]!.data[0]));
  return metric === loss ? undefined : { kind: "metric" };
}

export async function feedViolation(
  graph: Graph,
  isInference: boolean,
  { roots, own, ownRoots, read }: ComparedStep,
): Promise<Violation | undefined> {
  const feed = ownRoots.feeds.findIndex((root, i) => root !== roots.feeds[i]);
  if (feed < 0) return undefined;
  if (isInference) return { kind: "input" };
  const type = feedTypes(graph)[feed]!;
  const claimed = await read(PLACE.feed, feed, roots.feeds[feed]!, byteSizeOf(type));
  const at = firstDifferingElement(fromBytes(type, claimed), own[graph.batchInputs[feed]!]!);
  const rowSize = sizeOf(type.shape.slice(1));
  return { kind: "feed", feed, row: Math.floor(at / rowSize), element: at % rowSize };
}

/** A step's committed roots beside the own ones, as far as reading its values goes. */
export type ComparedStep = Pick<ClaimedStep, "roots" | "own" | "ownRoots" | "read">;

export const differsAt = ({ roots, ownRoots }: ComparedStep, { place, index }: Place): boolean =>
  rootAt(roots, place, index) !== rootAt(ownRoots, place, index);

/** Claimed values by their id; read only where the root is not that of the own value, and once. */
export function claimedValuesOf(graph: Graph, step: ComparedStep): (id: ValueId) => Promise<Tensor> {
  const { places } = placementIn(graph);
  const fetched = new Map<Hex, Promise<Uint8Array>>();
  return async (id) => {
    const { place, index } = places[id]!;
    const root = rootAt(step.roots, place, index);
    if (root === undefined || !differsAt(step, { place, index })) return step.own[id]!;
    const { dtype, shape } = valueAt(graph, id);
    const type: TensorType = { dtype, shape };
    const bytes = fetched.get(root) ?? step.read(place, index, root, byteSizeOf(type));
    fetched.set(root, bytes);
    return fromBytes(type, await bytes);
  };
}

/** A bool beyond 1, an infinity or a NaN. */
export function uncanonical(
  graph: Graph,
  values: Pick<ReadonlyMap<ValueId, Tensor>, "entries">,
): Violation | undefined {
  const found = uncanonicalValue(graph, values);
  return found && brokenAt(graph, found);
}

export function brokenAt(graph: Graph, found: { readonly id: ValueId; readonly element: number }): Violation {
  const { place, index } = placementIn(graph).places[found.id]!;
  const kind = valueAt(graph, found.id).dtype === "bool" ? "canonical" : "finite";
  return { kind, place, index, element: found.element };
}

/** What has no elements has no chunks, and the root 0: nothing could be read under another one (P0.5). */
export function emptyViolation(graph: Graph, roots: StepRoots): Violation | undefined {
  const { places, exact, loose } = placementIn(graph);
  const isHollow = (value: ValueId, { place, index }: Place): boolean =>
    byteSizeOf(valueAt(graph, value)) === 0 && (rootAt(roots, place, index) ?? ZERO_HASH) !== ZERO_HASH;
  const entries = [
    ...places.map((at, value) => ({ value, at })),
    ...exact.map((entry, index) => entry && { value: entry.value, at: { place: PLACE.exact, index } }),
    ...loose.map((entry, index) => entry && { value: entry.value, at: { place: PLACE.loose, index } }),
  ];
  const found = entries.find((entry) => entry !== undefined && isHollow(entry.value, entry.at));
  return found && { kind: "canonical", ...found.at, element: 0, isEmpty: true };
}

/** A state output's root is not the one at the place the graph takes it from. */
export function nextStateViolation(graph: Graph, roots: StepRoots): Violation | undefined {
  const { places } = placementIn(graph);
  const state = graph.stateOutputs.findIndex((id, i) => {
    const { place, index } = places[id]!;
    const source = place === PLACE.constant ? tensorRoot(graph.constants[index]!.bytes) : rootAt(roots, place, index);
    return source !== roots.stateOut[i];
  });
  return state < 0 ? undefined : { kind: "nextState", state };
}

/** A reading layout of some nodes is not its value turned. */
export async function layoutViolation(
  graph: Graph,
  values: StepValues,
  step: ComparedStep,
  nodes: readonly number[] = [...graph.nodes.keys()],
): Promise<Violation | undefined> {
  const { operands } = placementIn(graph);
  for (const node of nodes)
    for (const [operand, read] of operands[node]!.entries()) {
      if (read === null) continue;
      const value = graph.nodes[node]!.inputs[operand]!;
      const element = await wrongInLayout(graph, values, step, { value, ...read });
      if (element !== undefined) return { kind: "layout", node, operand, element };
    }
  return undefined;
}

/** Element of a value that its layout at `at` has wrong. */
export async function wrongInLayout(
  graph: Graph,
  values: StepValues,
  step: ComparedStep,
  { value, layout, at }: { readonly value: ValueId; readonly layout: Layout; readonly at: Place },
): Promise<number | undefined> {
  // Equal values and equal layouts as the own ones, which were turned when their roots were taken.
  if (values[value] === step.own[value] && !differsAt(step, at)) return undefined;
  const root = rootAt(step.roots, at.place, at.index)!;
  const turned = layoutBytes(values[value]!, layout);
  if (tensorRoot(turned) === root) return undefined;
  const { dtype, shape } = valueAt(graph, value);
  const claimed = fromBytes({ dtype, shape }, await step.read(at.place, at.index, root, turned.length));
  return elementOfLayout(firstDifferingElement(claimed, fromBytes({ dtype, shape }, turned)), layout);
}

/** Whether a list of roots has one root per value of the graph: others are no lists that could be published. */
export function hasWholeLists(graph: Graph, roots: StepRoots): boolean {
  const { exact, loose } = placementIn(graph);
  return (
    roots.stateIn.length === stateTypes(graph).length &&
    roots.feeds.length === graph.batchInputs.length &&
    roots.exact.length === exact.length &&
    roots.loose.length === loose.length &&
    roots.stateOut.length === graph.stateOutputs.length
  );
}
