import { setImmediate } from "node:timers/promises";
import { type Graph, valueAt } from "../graph/graph.ts";
import { hasLeaf, leafOf } from "../model/leaf.ts";
import { gemmAdditions } from "../numerics/exact-dot.ts";
import { isRight, type Profile } from "../ops/judge.ts";
import type { Session } from "../runtime/runtime.ts";
import { sizeOf, type Tensor, type TensorData } from "../tensor/tensor.ts";
import type { StepValues } from "../trace/values.ts";
import type { Isolated } from "./isolate.ts";
import { type Residuals, UNIT_ROUNDOFF } from "./residuals.ts";
import type { ElementViolation } from "./violation.ts";

/** Roundings up to which a sum passes without the exact judgement (docs/numerics.md); below it half its own bound. */
const SCREEN_ROUNDINGS = 16;
/** Sums shorter than this are always judged exactly: half their bound is less than what honest runtimes differ by. */
const SCREEN_TERMS = 8;
/** Judging gives way after this: what has to be sent about another claim must not wait for all nodes. */
const STRETCH_MS = 5;

export type Judges = {
  readonly isolated: Isolated;
  /** Of `isolated.graph`, one thread. */
  readonly session: Session;
  /** Takes what the sums leave of their tolerance, where the profile has one. */
  readonly residuals?: Residuals | undefined;
  /** The first node whose output, like all behind it, must be zero: what it gives failed. */
  readonly failedNode?: number | undefined;
};

/**
 * The first node, in the graph's order, of which an element is wrong given its claimed operands.
 * @param claimed by value id of `graph`, finite
 * @param only nodes to judge: `claimed` need hold the claimed values of their operands and outputs alone
 */
export async function firstWrongElement(
  graph: Graph,
  { isolated, session, residuals, failedNode = graph.nodes.length }: Judges,
  profile: Profile,
  claimed: StepValues,
  only: readonly number[] = [...graph.nodes.keys()],
): Promise<ElementViolation | undefined> {
  const inputs = isolated.inputs.map((id) => claimed[id]!);
  const wantsMagnitude = (node: number) => profile !== "strict" && isolated.magnitudes[node] !== null;
  const judged = only.filter((node) => node < failedNode && hasLeaf(graph.nodes[node]!));
  const wanted = judged.flatMap((node) =>
    wantsMagnitude(node) ? [isolated.results[node]!, isolated.magnitudes[node]!] : [isolated.results[node]!],
  );
  const values = await session.values([], inputs, wanted);
  const own = new Map(wanted.map((id, i) => [id, values[i]!]));
  let since = performance.now();
  for (const node of judged) {
    if (performance.now() - since > STRETCH_MS) {
      await setImmediate();
      since = performance.now();
    }
    const { output } = graph.nodes[node]!;
    const magnitude = wantsMagnitude(node) ? own.get(isolated.magnitudes[node]!) : undefined;
    const screen = magnitude && screenOf(graph, node, magnitude);
    const element = wrongElement(own.get(isolated.results[node]!)!.data, claimed[output]!.data, (index) => {
      if (screen?.(own.get(isolated.results[node]!)!, claimed[output]!, index)) return true;
      return isRight(leafOf(graph, node, index, (id) => claimed[id]!).bound, profile, claimed[output]!.data[index]!);
    });
    if (element !== undefined) return { kind: "element", node, element };
    if (magnitude) residuals?.add(node, own.get(isolated.results[node]!)!.data, claimed[output]!.data, magnitude.data);
  }
  for (const node of only.filter((node) => node >= failedNode && hasLeaf(graph.nodes[node]!))) {
    const element = firstNonZero(claimed[graph.nodes[node]!.output]!.data);
    if (element !== undefined) return { kind: "zero", node, element };
  }
  return undefined;
}

/** Index of the first element that differs from the own one and is not right. */
function wrongElement(own: TensorData, claimed: TensorData, judge: (index: number) => boolean): number | undefined {
  if (sameBytes(own, claimed)) return undefined; // nearly always, and twenty times as fast as element by element
  for (let index = 0; index < claimed.length; index++) if (own[index] !== claimed[index] && !judge(index)) return index;
  return undefined;
}

/** −0 is zero. */
function firstNonZero(data: TensorData): number | undefined {
  for (let index = 0; index < data.length; index++) if (Number(data[index]) !== 0) return index;
  return undefined;
}

const bufferOf = ({ buffer, byteOffset, byteLength }: TensorData) => Buffer.from(buffer, byteOffset, byteLength);
const sameBytes = (a: TensorData, b: TensorData): boolean => bufferOf(a).equals(bufferOf(b));

type Screen = (own: Tensor, claimed: Tensor, index: number) => boolean;

/** True where own and claimed sum are so close that the exact judgement would accept; false says nothing. */
function screenOf(graph: Graph, nodeIndex: number, magnitude: Tensor): Screen | undefined {
  const node = graph.nodes[nodeIndex]!;
  const [first] = node.inputs.map((id) => sizeOf(valueAt(graph, id).shape));
  const terms = termsOf(graph, nodeIndex, first!);
  if (terms < SCREEN_TERMS) return undefined;
  const limit = Math.min(SCREEN_ROUNDINGS, gemmAdditions(terms) / 2) * UNIT_ROUNDOFF;
  return (own, claimed, index) => {
    const within = limit * Number(magnitude.data[index]);
    // A sum may be finite and that of its terms' absolute values not: such a magnitude says nothing.
    return Number.isFinite(within) && Math.abs(Number(own.data[index]) - Number(claimed.data[index])) <= within;
  };
}

/** Products or summands behind one element of a sum. */
function termsOf(graph: Graph, nodeIndex: number, operandSize: number): number {
  const node = graph.nodes[nodeIndex]!;
  if (node.op === "ReduceSum") return operandSize / sizeOf(valueAt(graph, node.output).shape);
  const shape = valueAt(graph, node.inputs[0]!).shape;
  return node.op === "Gemm" && node.attributes.transA === 1 ? shape[0]! : shape.at(-1)!;
}
