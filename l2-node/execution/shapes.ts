import type { Hex } from "viem";
import { valueAt } from "../../verifier/graph/graph.ts";
import { readGraph } from "../../verifier/model/onnx/read.ts";
import { byteSizeOf } from "../../verifier/tensor/tensor.ts";

/** Lengths of an inference graph's tensors, which the job does not say and the chain hence cannot check. */
export interface InferenceShape {
  readonly inputBytes: number;
  readonly outputBytes: number;
}

/** Shape of an inference graph by its root; undefined where this node does not have the graph. */
export type ShapeSource = (graphRoot: Hex) => Promise<InferenceShape | undefined>;

/** Looks graph files up in `blob` and remembers their shapes. A root commits to them, so they never change. */
export function shapesFrom(blob: (root: Hex) => Promise<Uint8Array | undefined>): ShapeSource {
  const known = new Map<Hex, InferenceShape>();
  return async (root) => {
    const remembered = known.get(root);
    if (remembered !== undefined) return remembered;
    const file = await blob(root);
    const shape = file && shapeOf(file);
    if (shape !== undefined) known.set(root, shape);
    return shape;
  };
}

function shapeOf(file: Uint8Array): InferenceShape | undefined {
  const graph = readGraph(file);
  const [input, output] = [graph.batchInputs[0], graph.stateOutputs[0]];
  if (input === undefined || output === undefined) return undefined;
  return { inputBytes: byteSizeOf(valueAt(graph, input)), outputBytes: byteSizeOf(valueAt(graph, output)) };
}
