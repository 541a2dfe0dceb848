// One small node per op, for what is said of all ops: total by type, as the op table is.
import type { Attributes, OpName } from "../../../verifier/graph/graph.ts";
import { dtypes, float32, type Tensor } from "../../../verifier/tensor/tensor.ts";

export type Sample = { readonly inputs: readonly Tensor[]; readonly attributes: Attributes };

const a = float32([2, 3], [0.5, -1.25, 2, 0.75, -0.5, 1.5]);
const b = float32([2, 3], [1.5, 0.25, -2, 1.75, 0.5, 3]);
const positive = float32([2, 3], [0.5, 1.25, 2, 0.75, 4, 1.5]);
const columns = float32([3, 2], [1, -2, 0.5, 3, 2, -1]);
const image = float32(
  [1, 2, 3, 3],
  Array.from({ length: 18 }, (_, i) => ((i * 7) % 11) / 4 - 1),
);
const kernels = (filters: number, channels: number): Tensor =>
  float32(
    [filters, channels, 2, 2],
    Array.from({ length: filters * channels * 4 }, (_, i) => ((i * 5) % 7) / 4 - 0.75),
  );
const truths: Tensor = { dtype: "bool", shape: [2, 3], data: Uint8Array.of(1, 0, 1, 1, 0, 0) };
const rows: Tensor = { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, 0n) };
const places: Tensor = { dtype: "int64", shape: [2, 3], data: BigInt64Array.of(1n, 0n, 1n, 0n, 0n, 1n) };
const window = { kernel_shape: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };

const of = (inputs: readonly Tensor[], attributes: Attributes = {}): Sample => ({ inputs, attributes });

export const samples: { readonly [Name in OpName]: Sample } = {
  Abs: of([a]),
  Add: of([a, b]),
  And: of([truths, truths]),
  ArgMax: of([a], { axis: 1, keepdims: 0 }),
  Cast: of([a], { to: dtypes.int32.code }),
  Concat: of([a, b], { axis: 0 }),
  Conv: of([image, kernels(2, 2)], { ...window, group: 1 }),
  ConvTranspose: of([image, kernels(2, 2)], { ...window, group: 1, output_padding: [0, 0] }),
  Div: of([a, positive]),
  Equal: of([a, b]),
  Erf: of([a]),
  Exp: of([a]),
  Expand: of([a], { shape: [2, 2, 3] }),
  Gather: of([a, rows], { axis: 0 }),
  GatherElements: of([a, places], { axis: 0 }),
  Gemm: of([a, columns], { transA: 0, transB: 0 }),
  Greater: of([a, b]),
  GreaterOrEqual: of([a, b]),
  Less: of([a, b]),
  LessOrEqual: of([a, b]),
  Log: of([positive]),
  MatMul: of([a, columns]),
  Max: of([a, b]),
  MaxPool: of([image], window),
  Min: of([a, b]),
  Mul: of([a, b]),
  Neg: of([a]),
  Not: of([truths]),
  Or: of([truths, truths]),
  Pad: of([a], { pads: [0, 1, 1, 0] }),
  ReduceMax: of([a], { axes: [1], keepdims: 1 }),
  ReduceSum: of([a], { axes: [0], keepdims: 0 }),
  Relu: of([a]),
  Reshape: of([a], { shape: [3, 2] }),
  Resize: of([image], { sizes: [1, 2, 6, 6] }),
  ScatterElements: of([a, places, b], { axis: 0 }),
  Sigmoid: of([a]),
  Slice: of([a], { starts: [0, 1], ends: [2, 3], steps: [1, 1] }),
  Sqrt: of([positive]),
  Sub: of([a, b]),
  Tanh: of([a]),
  Transpose: of([a], { perm: [1, 0] }),
  Where: of([truths, a, b]),
};
