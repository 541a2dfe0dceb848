import type { Tensor, TensorData, TensorType } from "../tensor/tensor.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { broadcastElement, broadcastShapes, broadcastTo } from "./broadcast.ts";
import type { EvalContext, LeafContext, Read } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";

/** Type of a float function of one operand. */
export function inferUnary(inputs: readonly TensorType[]): TensorType {
  requireInputs(inputs, 1);
  requireDType(inputs[0]!, "float32");
  return inputs[0]!;
}

/** Type of a float function of two operands that broadcast. */
export function inferBinary(inputs: readonly TensorType[]): TensorType {
  requireInputs(inputs, 2);
  for (const input of inputs) requireDType(input, "float32");
  return { dtype: "float32", shape: broadcastShapes(inputs[0]!.shape, inputs[1]!.shape) };
}

export function mapUnary(inputs: readonly Tensor[], context: EvalContext, f: (x: number) => number): TensorData {
  const x = inputs[0]!.data as ArrayLike<number>;
  const result = context.arithmetic.allocate(context.output.dtype, sizeOf(context.output.shape));
  for (let i = 0; i < result.length; i++) result[i] = f(x[i]!);
  return result;
}

/** Storing rounds once; for + − × ÷ √ the double result rounds to the correctly rounded binary32 one. */
export function mapBinary<T extends number | bigint>(
  inputs: readonly Tensor[],
  context: EvalContext,
  f: (a: T, b: T) => number,
): TensorData {
  const [a, b] = inputs.map((input) => broadcastTo(input, context.output.shape) as ArrayLike<unknown> as ArrayLike<T>);
  const result = context.arithmetic.allocate(context.output.dtype, sizeOf(context.output.shape));
  for (let i = 0; i < result.length; i++) result[i] = f(a![i]!, b![i]!);
  return result;
}

/** One element of each operand, where it broadcasts to. */
export const leafElementwise = ({ inputs, output }: LeafContext, element: number): readonly Read[] =>
  inputs.map(({ shape }, operand) => ({ operand, start: broadcastElement(element, shape, output.shape), count: 1 }));
