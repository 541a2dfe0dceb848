import { setImmediate } from "node:timers/promises";
import type { Hex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Graph } from "../graph/graph.ts";
import { drawStart, type InitRule } from "../numerics/start-draw.ts";
import { sizeOf, type Tensor, type TensorType, viewOf, zeros } from "../tensor/tensor.ts";
import { stateTypes } from "./inputs.ts";

/** Elements drawn before anybody else has a turn. */
const SLICE = 2 ** 16;

/** State tensor `index` of a training that starts by a rule (P4.7). In shared memory: other threads read it without a copy. */
export async function drawnTensor(type: TensorType, rule: InitRule, seed: Hex, index: number): Promise<Tensor> {
  // The rules are float32's: whatever else has one starts as zeros.
  if (type.dtype !== "float32") return zeros(type);
  const memory = new SharedArrayBuffer(4 * sizeOf(type.shape));
  const data = new Float32Array(memory);
  for (let first = 0; first < data.length; first += SLICE) {
    drawStart(data.subarray(first, first + SLICE), seed, index, rule, first);
    await setImmediate();
  }
  return viewOf({ dtype: type.dtype, shape: type.shape }, new Uint8Array(memory));
}

/** Types of the start tensors that a job's start root names; undefined where the graph has a rule, whose root there is 0 (P4.7). */
export const namedStart = (graph: Graph): (TensorType | undefined)[] =>
  stateTypes(graph).map((type, i) => (graph.stateInputs[i]!.rule === undefined ? type : undefined));

/** The list that the start root of a job is the root of, out of the roots of its start tensors. */
export const startList = (graph: Graph, roots: readonly Hex[]): Hex[] =>
  roots.map((root, i) => (graph.stateInputs[i]!.rule === undefined ? root : ZERO_HASH));
