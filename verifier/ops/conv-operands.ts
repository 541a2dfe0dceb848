import { describe, type TensorType } from "../tensor/tensor.ts";
import { ShapeError } from "./errors.ts";
import { requireDType, requireInputs, requireRank } from "./require.ts";

/** Images [N, C, H, W] and filters of rank 4, perhaps with a bias. */
export function requireConvOperands(inputs: readonly TensorType[]): [TensorType, TensorType] {
  requireInputs(inputs, 2, 3);
  for (const input of inputs) requireDType(input, "float32");
  const [x, w] = inputs;
  requireRank(x!, 4);
  requireRank(w!, 4);
  return [x!, w!];
}

/** One bias per filter. */
export function requireBias(bias: TensorType | undefined, filters: number): void {
  if (bias === undefined) return;
  requireRank(bias, 1);
  if (bias.shape[0] !== filters) throw new ShapeError(`a bias of [${filters}]`, describe(bias));
}
