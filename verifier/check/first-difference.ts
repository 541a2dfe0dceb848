import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { type Layout, layoutBytes } from "../model/layout.ts";
import { leafOf } from "../model/leaf.ts";
import type { Place } from "../model/placement.ts";
import { isRight } from "../ops/judge.ts";
import { byteSizeOf, fromBytes, type Tensor } from "../tensor/tensor.ts";
import { placementIn, rootAt } from "../trace/values.ts";
import { type ClaimedStep, type ComparedStep, differsAt } from "./step.ts";
import type { Violation } from "./violation.ts";

/**
 * Strict only: a committed value whose root is not the own one, while the roots of all that it is computed from are. So it is
 * wrong by itself, and nothing but its own bytes must be known. Undefined where that cannot be said: a value that no order
 * reproduces, or one that differs only in the sign of zeros.
 */
export async function firstDifference(graph: Graph, step: ClaimedStep): Promise<Violation | undefined> {
  const node = firstDifferingNode(graph, step);
  if (node === undefined) return undefined;
  const { operands } = placementIn(graph);
  const { inputs } = graph.nodes[node]!;
  for (const [operand, read] of operands[node]!.entries())
    if (read !== null && differsAt(step, read.at)) {
      const element = await layoutElement(graph, step, inputs[operand]!, read);
      return element === undefined ? undefined : { kind: "layout", node, operand, element };
    }
  return wrongElement(graph, step, node);
}

/** The first node of which an operand's layout or the output has another root than the own one, while its operands have the own ones. */
export function firstDifferingNode(graph: Graph, step: ComparedStep): number | undefined {
  const { places, operands } = placementIn(graph);
  const node = graph.nodes.findIndex(({ inputs, output }, i) => {
    const layouts = operands[i]!.flatMap((read) => (read === null ? [] : [read.at]));
    const differs = [...layouts, places[output]!].some((at) => differsAt(step, at));
    return differs && !inputs.some((id) => differsAt(step, places[id]!));
  });
  return node < 0 ? undefined : node;
}

async function wrongElement(graph: Graph, step: ClaimedStep, node: number): Promise<Violation | undefined> {
  const { output } = graph.nodes[node]!;
  const { place, index } = placementIn(graph).places[output]!;
  const claimed = await readTensor(graph, step, output, { place, index });
  const isBroken = (value: number | bigint) => typeof value === "number" && !Number.isFinite(value);
  const own = step.own[output]!;
  for (let element = 0; element < claimed.data.length; element++) {
    const value = claimed.data[element]!;
    if (isBroken(value)) return { kind: "finite", place, index, element };
    if (claimed.dtype === "bool" && Number(value) > 1) return { kind: "canonical", place, index, element };
    if (value === own.data[element]) continue;
    if (step.failedNode !== undefined && node >= step.failedNode) {
      if (Number(value) !== 0) return { kind: "zero", node, element };
      continue;
    }
    // What L1 replays decides, not what this machine's runtime gave.
    const { bound } = leafOf(graph, node, element, (id) => step.own[id]!);
    if (!isRight(bound, "strict", value)) return { kind: "element", node, element };
  }
  return undefined;
}

/** Which element of a value its reading layout has wrong, if any. */
async function layoutElement(
  graph: Graph,
  step: ClaimedStep,
  value: ValueId,
  { at, layout }: { readonly at: Place; readonly layout: Layout },
): Promise<number | undefined> {
  const claimed = await readTensor(graph, step, value, at);
  const { dtype, shape } = valueAt(graph, value);
  const element = firstDifferingElement(claimed, fromBytes({ dtype, shape }, layoutBytes(step.own[value]!, layout)));
  return element < 0 ? undefined : elementOfLayout(element, layout);
}

/** Element of a value's own order that stands at `at` in its layout. */
export function elementOfLayout(at: number, { rows, cols }: Layout): number {
  const within = at % (rows * cols);
  return at - within + (within % rows) * cols + Math.floor(within / rows);
}

/** By their bytes: −0 and 0, and two NaNs, are different contents. Negative if there is none. */
export function firstDifferingElement(a: Tensor, b: Tensor): number {
  const [x, y] = [a, b].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return Math.floor(x!.findIndex((byte, i) => byte !== y![i]) / a.data.BYTES_PER_ELEMENT);
}

async function readTensor(graph: Graph, { roots, read }: ClaimedStep, value: ValueId, at: Place): Promise<Tensor> {
  const { dtype, shape } = valueAt(graph, value);
  const type = { dtype, shape };
  return fromBytes(type, await read(at.place, at.index, rootAt(roots, at.place, at.index)!, byteSizeOf(type)));
}
