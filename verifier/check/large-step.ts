// A step of which the values do not fit into one slice (`slicesOf`): judged group by group of its nodes.
import { TASK_KIND } from "../../common/task.ts";
import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { type Profile, profileOf } from "../ops/judge.ts";
import { byteSizeOf, type Tensor } from "../tensor/tensor.ts";
import type { TaskInputs } from "../trace/inputs.ts";
import { ownRootsOf, type StepValues } from "../trace/values.ts";
import { firstDifference, firstDifferingNode } from "./first-difference.ts";
import { isolate } from "./isolate.ts";
import { firstWrongElement } from "./nodes.ts";
import type { OwnStep } from "./own-step.ts";
import {
  type ClaimedStep,
  type ComparedStep,
  claimedValuesOf,
  emptyViolation,
  feedViolation,
  layoutViolation,
  metricViolation,
  nextStateViolation,
  type StepCheckModules,
  type StepFinding,
  uncanonical,
} from "./step.ts";
import type { Violation } from "./violation.ts";

export type LargeStep = Pick<ClaimedStep, "roots" | "metric" | "read" | "failedNode"> & { readonly own: OwnStep };

/** As `checkStep`, with the values of one group at a time in memory; those found hold what the proof opens, and the ends. */
export async function checkLargeStep(
  { task, graph }: Pick<TaskInputs, "task" | "graph">,
  modules: StepCheckModules,
  { roots, metric, read, failedNode, own }: LargeStep,
): Promise<StepFinding> {
  const ownRoots = ownRootsOf(graph, own.roots);
  const compared: ClaimedStep = { roots, metric, read, failedNode, own: own.ends, ownRoots };
  const structural =
    emptyViolation(graph, roots) ??
    (await feedViolation(graph, task.kind === TASK_KIND.infer, compared)) ??
    nextStateViolation(graph, roots);
  if (structural !== undefined) return { violation: structural, values: own.ends };
  const profile = profileOf(task);
  const differing = profile === "strict" ? firstDifferingNode(graph, compared) : undefined;
  if (differing !== undefined) {
    const values = await own.values(idsOf(graph, [differing]));
    const violation = await firstDifference(graph, { ...compared, own: values });
    if (violation !== undefined) return { violation, values };
  }
  const ends = await claimedEnds(graph, compared);
  for (const nodes of groupsOf(graph, modules.sliceBytes)) {
    const values = await own.values(idsOf(graph, nodes));
    const finding = await judgeGroup(graph, modules, { ...compared, own: values }, ends, profile, nodes);
    if (finding.violation !== undefined) return finding;
  }
  return { violation: metricViolation(graph, ends, metric), values: ends };
}

/** What the step starts from, and what it is claimed to end in. */
async function claimedEnds(graph: Graph, step: ComparedStep): Promise<StepValues> {
  const claimed = claimedValuesOf(graph, step);
  const ends: Tensor[] = [...step.own];
  for (const id of [...graph.stateOutputs, ...(graph.loss === null ? [] : [graph.loss])]) ends[id] = await claimed(id);
  return ends;
}

/** @param ends claimed, by value id, as far as they are known */
async function judgeGroup(
  graph: Graph,
  modules: StepCheckModules,
  step: ClaimedStep,
  ends: StepValues,
  profile: Profile,
  nodes: readonly number[],
): Promise<StepFinding> {
  const claimed = claimedValuesOf(graph, step);
  const ids = idsOf(graph, nodes);
  const values: Tensor[] = [...ends];
  const read = await Promise.all(ids.map(async (id) => ends[id] ?? (await claimed(id))));
  for (const [i, id] of ids.entries()) values[id] = read[i]!;
  const violation =
    uncanonical(graph, new Map(ids.map((id) => [id, values[id]!]))) ??
    (await layoutViolation(graph, values, step, nodes)) ??
    (await elementViolation(graph, modules, profile, { values, failedNode: step.failedNode }, nodes));
  return { violation, values };
}

/** Each group has a graph of its own: its session goes with it, and what it holds of memory. */
async function elementViolation(
  graph: Graph,
  { open, residuals }: StepCheckModules,
  profile: Profile,
  { values, failedNode }: { readonly values: StepValues } & Pick<ClaimedStep, "failedNode">,
  nodes: readonly number[],
): Promise<Violation | undefined> {
  const isolated = isolate(graph, nodes);
  const session = await open(isolated.graph);
  try {
    return await firstWrongElement(graph, { isolated, session, residuals, failedNode }, profile, values, nodes);
  } finally {
    await session.close();
  }
}

/** What nodes read and give. */
const idsOf = (graph: Graph, nodes: readonly number[]): ValueId[] => [
  ...new Set(nodes.flatMap((node) => [...graph.nodes[node]!.inputs, graph.nodes[node]!.output])),
];

/** Nodes in their order, as many together as read and give no more than so many bytes. */
export function groupsOf(graph: Graph, sliceBytes: number): readonly (readonly number[])[] {
  const groups: number[][] = [[]];
  let held = new Set<ValueId>();
  let bytes = 0;
  for (const node of graph.nodes.keys()) {
    const ids = idsOf(graph, [node]);
    const sizeOfAll = (some: readonly ValueId[]) => some.reduce((sum, id) => sum + byteSizeOf(valueAt(graph, id)), 0);
    const more = sizeOfAll(ids.filter((id) => !held.has(id)));
    if (groups.at(-1)!.length > 0 && bytes + more > sliceBytes) {
      groups.push([]);
      held = new Set();
      bytes = 0;
    }
    bytes += sizeOfAll(ids.filter((id) => !held.has(id)));
    for (const id of ids) held.add(id);
    groups.at(-1)!.push(node);
  }
  return groups;
}
