import { type Graph, valueAt } from "../../graph/graph.ts";
import { bytesOf, describe, sameType, type Tensor } from "../../tensor/tensor.ts";
import { ModelFileError } from "../errors.ts";
import { toOnnx } from "./write.ts";

/** Protocol buffers hold less than 2 GiB. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * An inference with its weights: the state inputs become initializers, so that any ONNX runtime runs the file as it is.
 * @param state one tensor per state input of `graph` (`stateFromModel` picks them from a training's end)
 */
export function toOnnxWithWeights(graph: Graph, state: readonly Tensor[]): Uint8Array {
  if (state.length !== graph.stateInputs.length)
    throw new ModelFileError("weights", `${graph.stateInputs.length} tensors`, String(state.length));
  const weights = graph.stateInputs.map(({ value }, i) => {
    const expected = valueAt(graph, value);
    if (!sameType(expected, state[i]!))
      throw new ModelFileError(expected.name, describe(expected), describe(state[i]!));
    return { value, bytes: bytesOf(state[i]!) };
  });
  const bytes = weights.reduce((sum, weight) => sum + weight.bytes.length, 0);
  if (bytes > MAX_FILE_BYTES)
    throw new ModelFileError("weights", `at most ${MAX_FILE_BYTES} bytes in one ONNX file`, String(bytes));
  return toOnnx({ ...graph, stateInputs: [], constants: [...weights, ...graph.constants] });
}
