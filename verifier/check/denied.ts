import type { Graph } from "../graph/graph.ts";
import { type FailedElement, resultFor } from "../model/failure.ts";
import { type ComparedStep, claimedValuesOf, type StepFinding } from "./step.ts";

/**
 * What disproves that an element of a step failed: a result that is right given its claimed operands (P15.3). Undefined where there
 * is none.
 * @param step whose own values hold at least those operands
 */
export async function deniedFailure(
  graph: Graph,
  failed: FailedElement,
  step: ComparedStep,
): Promise<StepFinding | undefined> {
  const claimed = claimedValuesOf(graph, step);
  const values = [...step.own];
  for (const id of graph.nodes[failed.node]!.inputs) values[id] = await claimed(id);
  const right = resultFor(graph, failed, (id) => values[id]!);
  return right === undefined ? undefined : { violation: { kind: "failure", ...failed, right }, values };
}
