import { TASK_KIND } from "../../common/task.ts";
import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { profileOf } from "../ops/judge.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { firstUncanonical } from "../trace/canonical.ts";
import type { TaskInputs } from "../trace/inputs.ts";
import { placementIn, type StepValues } from "../trace/values.ts";
import { firstWrongElement } from "./nodes.ts";
import {
  type ComparedStep,
  claimedValuesOf,
  differsAt,
  emptyViolation,
  feedViolation,
  judgesOf,
  layoutViolation,
  nextStateViolation,
  type StepCheckModules,
  type StepFinding,
} from "./step.ts";
import type { Violation } from "./violation.ts";
import { allShown, type Want, WantedError } from "./want.ts";

/** What a first look at a `tolerant` step gives, with as little read as goes on from it. */
export type FirstLook = StepFinding & {
  /** How far the claimed next state is from the own one, in steps: 1 is as far as the step itself goes. */
  readonly deviation: number;
  /** Nodes that were not judged because something before them differs as well, in the graph's order. */
  readonly rest: readonly number[];
};

/**
 * Judges a `tolerant` step of which every value must be paid for (docs/protocol.md P7.9): the nodes where it leaves the
 * own computation, whose operands agree; then the claimed next state is read, since the next step starts there.
 */
export async function lookAtStep(
  { task, graph }: Pick<TaskInputs, "task" | "graph">,
  modules: StepCheckModules,
  step: ComparedStep,
): Promise<FirstLook> {
  const { places } = placementIn(graph);
  const differs = (id: ValueId): boolean => differsAt(step, places[id]!);
  const nodes = differingNodes(graph, step);
  const isOrigin = (node: number): boolean => !graph.nodes[node]!.inputs.some(differs);
  const rest = nodes.filter((node) => !isOrigin(node));
  const structural =
    emptyViolation(graph, step.roots) ??
    (await feedViolation(graph, task.kind === TASK_KIND.infer, step)) ??
    nextStateViolation(graph, step.roots) ??
    brokenIn(graph, step.own, (id) => !differs(id));
  if (structural !== undefined) return { violation: structural, values: step.own, deviation: 0, rest };
  const { violation, values } = await judgeNodes({ task, graph }, modules, step, nodes.filter(isOrigin));
  if (violation !== undefined) return { violation, values, deviation: 0, rest };
  const claimed = claimedValuesOf(graph, step);
  const next = [...values];
  const ends = await allShown(graph.stateOutputs.map((id) => () => claimed(id)));
  for (const [i, id] of graph.stateOutputs.entries()) next[id] = ends[i]!;
  const broken = brokenIn(graph, next, (id) => graph.stateOutputs.includes(id));
  return { violation: broken, values: next, deviation: deviationOf(graph, step.own, next), rest };
}

/** Judges nodes of a `tolerant` step, each against its claimed operands; reads nothing but these and its output. */
export async function judgeNodes(
  { task, graph }: Pick<TaskInputs, "task" | "graph">,
  modules: StepCheckModules,
  step: ComparedStep,
  nodes: readonly number[],
): Promise<StepFinding> {
  const { places } = placementIn(graph);
  const claimed = claimedValuesOf(graph, step);
  const values: Tensor[] = [...step.own];
  const wants: Want[] = [];
  for (const node of nodes) {
    try {
      const violation = await violationOf(node);
      if (violation !== undefined) return { violation, values };
    } catch (error) {
      if (!(error instanceof WantedError)) throw error;
      wants.push(...error.wants);
    }
  }
  if (wants.length > 0) throw new WantedError(...wants);
  return { violation: undefined, values };

  async function violationOf(node: number): Promise<Violation | undefined> {
    const { inputs, output } = graph.nodes[node]!;
    const ids = [...inputs, output];
    const tensors = await allShown(ids.map((id) => () => claimed(id)));
    for (const [i, id] of ids.entries()) values[id] = tensors[i]!;
    return (
      brokenIn(graph, values, (id) => ids.includes(id)) ??
      (await layoutViolation(graph, values, step, [node])) ??
      (await elementViolation(node))
    );
  }

  async function elementViolation(node: number): Promise<Violation | undefined> {
    if (!differsAt(step, places[graph.nodes[node]!.output]!) && !graph.nodes[node]!.inputs.some((id) => isRead(id)))
      return undefined;
    return firstWrongElement(graph, await judgesOf(modules), profileOf(task), values, [node]);
  }

  function isRead(id: ValueId): boolean {
    return values[id] !== step.own[id];
  }
}

/** Nodes of which an operand, its layout or the output is not the own one. */
function differingNodes(graph: Graph, step: ComparedStep): number[] {
  const { places, operands } = placementIn(graph);
  return [...graph.nodes.keys()].filter((node) => {
    const { inputs, output } = graph.nodes[node]!;
    const at = [...inputs, output].map((id) => places[id]!);
    const layouts = operands[node]!.flatMap((read) => (read === null ? [] : [read.at]));
    return [...at, ...layouts].some((place) => differsAt(step, place));
  });
}

/** The first of some values that holds what no claim may hold. Constants are the graph's, which was checked. */
function brokenIn(graph: Graph, values: StepValues, isAsked: (id: ValueId) => boolean): Violation | undefined {
  const { places } = placementIn(graph);
  const constants = new Set(graph.constants.map(({ value }) => value));
  for (const [id, tensor] of values.entries()) {
    const element = constants.has(id) || !isAsked(id) ? undefined : firstUncanonical(tensor);
    if (element === undefined) continue;
    return { kind: valueAt(graph, id).dtype === "bool" ? "canonical" : "finite", ...places[id]!, element };
  }
  return undefined;
}

/** Largest distance of a claimed from the own next state, over the largest change that the step makes to that tensor. */
function deviationOf(graph: Graph, own: StepValues, claimed: StepValues): number {
  let largest = 0;
  for (const [i, id] of graph.stateOutputs.entries()) {
    const before = graph.kind === "train" ? own[graph.stateInputs[i]!.value]! : undefined;
    const distance = maxDistance(claimed[id]!, own[id]!);
    if (distance === 0) continue;
    largest = Math.max(largest, distance / maxDistance(own[id]!, before));
  }
  return largest;
}

/** Infinity norm of a − b; of a without b. */
function maxDistance(a: Tensor, b: Tensor | undefined): number {
  let largest = 0;
  for (let i = 0; i < a.data.length; i++)
    largest = Math.max(largest, Math.abs(Number(a.data[i]) - (b === undefined ? 0 : Number(b.data[i]))));
  return largest;
}
