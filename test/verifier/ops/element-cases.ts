// Nodes through which honest data of all kinds is sent, per op: total by type, as the op table is. Batches of one and of many,
// broadcasts, scalars, and the shapes for which the runtime has kernels of its own.
import type { Attributes, OpName } from "../../../verifier/graph/graph.ts";
import { allocate, dtypes, type Shape, sizeOf, type Tensor, type TensorType } from "../../../verifier/tensor/tensor.ts";
import { type DataKind, filler } from "./data-kinds.ts";

/** An operand: its type, and how it is filled with data of a kind. */
export type Operand = TensorType & { readonly fill: (kind: DataKind, random: () => number, operand: number) => Tensor };
export type ElementCase = { readonly operands: readonly Operand[]; readonly attributes: Attributes };

const floats =
  (top: number, change: (x: number) => number = (x) => x) =>
  (...shape: number[]): Operand => ({
    dtype: "float32",
    shape,
    fill: (kind, random, operand) => {
      const value = filler(kind, { random, operand, top });
      return {
        dtype: "float32",
        shape,
        data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => change(value(i))),
      };
    },
  });

/** What is copied, compared, added or divided; multiplied; multiplied and added up; added up. */
const any = floats(126);
const factor = floats(63);
const term = floats(60);
const summand = floats(121);
const positive = floats(126, Math.abs);
/** Within what an int32 holds. */
const whole = floats(30, (x) => Math.max(-(2 ** 31), Math.min(x, 2 ** 31 - 2 ** 7)));
const small = floats(6, (x) => Math.abs(x) % 255);

/** Integers in [low, high), of constant data all the same. */
const integers =
  (dtype: "int32" | "int64" | "uint8" | "bool", low: number, high: number) =>
  (...shape: number[]): Operand => ({
    dtype,
    shape,
    fill: (kind, random) => {
      const data = allocate(dtype, sizeOf(shape));
      const constant = Math.floor(low + (high - low) / 2);
      for (let i = 0; i < data.length; i++) {
        const value = kind === "constant" ? constant : low + Math.floor((high - low) * random());
        data[i] = data instanceof BigInt64Array ? BigInt(value) : value;
      }
      return { dtype, shape, data };
    },
  });

const bools = integers("bool", 0, 2);
const few32 = integers("int32", -2, 3);
const few64 = integers("int64", -2, 3);
const rows = (count: number, ...shape: number[]) => integers("int64", 0, count)(...shape);

const of = (operands: readonly Operand[], attributes: Attributes = {}): ElementCase => ({ operands, attributes });
const unary = (operand: (...shape: number[]) => Operand): ElementCase[] => [
  of([operand(100, 300)]),
  of([operand(1, 37)]),
  of([operand(1)]),
  of([operand()]),
];
const binary = (left: (...shape: number[]) => Operand, right = left): ElementCase[] => [
  of([left(100, 300), right(100, 300)]),
  of([left(1, 37), right(1, 37)]),
  of([left(5, 1), right(7)]),
  of([left(2, 30, 4), right()]),
];
const compared = [...binary(any), of([few32(50, 1), few32(60)]), of([few64(50, 60), few64(50, 60)])];
const logical = [of([bools(100, 300), bools(100, 300)]), of([bools(8), bools(3, 1)]), of([bools(1), bools(1)])];

const plain = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
const same = { ...plain, pads: [1, 1, 1, 1] };
const conv = (operands: readonly Shape[], attributes: Attributes): ElementCase =>
  of(
    operands.map((shape) => term(...shape)),
    { group: 1, ...attributes },
  );
const gemm = (operands: readonly Shape[], transA = 0, transB = 0): ElementCase =>
  of(
    operands.map((shape) => term(...shape)),
    { transA, transB },
  );
const moved = (attributes: (shape: Shape) => Attributes): ElementCase[] =>
  [any(100, 300), any(1, 37), bools(3, 5), few64(4, 6)].map((x) => of([x], attributes(x.shape)));

export const elementCases: { readonly [Name in OpName]: readonly ElementCase[] } = {
  Abs: unary(any),
  Add: binary(any),
  And: logical,
  ArgMax: [
    of([any(4000, 9)], { axis: 1, keepdims: 0 }),
    of([any(4, 11, 300)], { axis: 1, keepdims: 1 }),
    of([any(1, 300)], { axis: 1, keepdims: 0 }),
    of([any(5, 1)], { axis: 1, keepdims: 0 }),
  ],
  Cast: [
    ...([dtypes.int32.code, dtypes.int64.code] as const).map((to) => of([whole(60, 100)], { to })),
    of([small(60, 100)], { to: dtypes.uint8.code }),
    of([any(60, 100)], { to: dtypes.bool.code }),
    of([any(60, 100)], { to: dtypes.float32.code }),
    of([integers("int64", -(2 ** 53), 2 ** 53)(60, 100)], { to: dtypes.float32.code }),
    of([integers("int64", -(2 ** 53), 2 ** 53)(60, 100)], { to: dtypes.int32.code }),
    of([integers("int32", -(2 ** 31), 2 ** 31)(60, 100)], { to: dtypes.float32.code }),
    of([integers("int32", -(2 ** 31), 2 ** 31)(1)], { to: dtypes.uint8.code }),
    of([integers("uint8", 0, 256)(1, 256)], { to: dtypes.float32.code }),
    of([bools(60, 100)], { to: dtypes.float32.code }),
  ],
  Concat: [of([any(60, 300), any(60, 500), any(60, 1)], { axis: 1 }), of([any(1, 3), any(2, 3)], { axis: 0 })],
  Conv: [
    conv([[8, 3, 16, 16], [6, 3, 3, 3], [6]], same),
    conv([[1, 12, 9, 9], [4, 12, 3, 3], [4]], same),
    conv(
      [
        [2, 64, 4, 4],
        [8, 64, 3, 3],
      ],
      same,
    ),
    conv([[3, 8, 7, 10], [4, 4, 3, 2], [4]], { ...plain, strides: [2, 1], pads: [2, 1, 0, 3], group: 2 }),
    conv([[2, 4, 9, 9], [4, 1, 3, 3], [4]], { ...same, dilations: [2, 2], group: 4 }),
    conv(
      [
        [3, 5, 3, 3],
        [4, 5, 3, 3],
      ],
      plain,
    ),
    conv(
      [
        [1, 1, 4, 4],
        [2, 1, 1, 1],
      ],
      plain,
    ),
  ],
  ConvTranspose: [
    conv([[8, 6, 8, 8], [6, 4, 3, 3], [4]], { ...same, strides: [2, 2], output_padding: [1, 1] }),
    conv([[1, 40, 5, 5], [40, 3, 3, 3], [3]], { ...plain, output_padding: [0, 0] }),
    conv(
      [
        [2, 6, 4, 5],
        [6, 2, 3, 2],
      ],
      { ...plain, strides: [2, 1], dilations: [1, 2], group: 2, output_padding: [0, 0] },
    ),
    conv(
      [
        [2, 4, 1, 1],
        [4, 3, 3, 3],
      ],
      { ...plain, output_padding: [0, 0] },
    ),
  ],
  Div: binary(any),
  Equal: compared,
  Erf: unary(any),
  Exp: unary(any),
  Expand: [
    of([any(100, 1)], { shape: [3, 100, 200] }),
    of([any()], { shape: [4] }),
    of([few64(3, 1)], { shape: [3, 4] }),
  ],
  Gather: [
    of([any(50, 60), rows(50, 1000)], { axis: 0 }),
    of([any(5), rows(5, 1)], { axis: 0 }),
    of([few64(5, 2), rows(5, 2, 3)], { axis: 0 }),
  ],
  GatherElements: [
    of([any(50, 60), rows(50, 1000, 60)], { axis: 0 }),
    of([any(5, 3), rows(5, 40, 3)], { axis: 0 }),
    of([any(3, 1), rows(3, 1, 1)], { axis: 0 }),
  ],
  Gemm: [
    gemm([[100, 64], [64, 120], [120]]),
    gemm([
      [64, 300],
      [300, 20],
    ]),
    gemm([[1, 100], [100, 50], [50]]),
    gemm([
      [3, 1100],
      [1100, 5],
    ]),
    gemm([
      [7, 1],
      [1, 9],
    ]),
    gemm([
      [5, 40],
      [40, 1],
    ]),
    gemm(
      [
        [128, 40],
        [128, 50],
        [40, 1],
      ],
      1,
    ),
    gemm([[6, 90], [30, 90], [30]], 0, 1),
    gemm(
      [
        [70, 2],
        [9, 70],
      ],
      1,
      1,
    ),
  ],
  Greater: compared,
  GreaterOrEqual: compared,
  Less: compared,
  LessOrEqual: compared,
  Log: unary(positive),
  MatMul: [
    of([term(100, 30), term(30, 120)]),
    of([term(4, 16, 20), term(4, 20, 16)]),
    of([term(2, 3, 4, 150), term(3, 150, 6)]),
    of([term(3, 5, 60), term(60, 4)]),
    of([term(1, 200), term(200, 30)]),
    of([term(30, 200), term(200, 1)]),
    of([term(2, 5, 1), term(1, 4)]),
  ],
  Max: binary(any),
  MaxPool: [
    of([any(8, 8, 33, 33)], { ...plain, kernel_shape: [2, 2], strides: [2, 2] }),
    of([any(2, 8, 9, 9)], { ...same, kernel_shape: [3, 3], strides: [2, 2] }),
    of([any(1, 2, 7, 8)], { ...plain, kernel_shape: [3, 2], pads: [1, 1, 0, 1], dilations: [2, 3] }),
  ],
  Min: binary(any),
  Mul: binary(factor),
  Neg: unary(any),
  Not: [of([bools(100, 300)]), of([bools(3, 7)]), of([bools(1)])],
  Or: logical,
  Pad: [of([any(100, 300)], { pads: [1, 0, 2, 3] }), of([any(1, 3)], { pads: [0, 2, 0, 0] })],
  ReduceMax: [
    of([any(4000, 9)], { axes: [1], keepdims: 1 }),
    of([any(11, 2000)], { axes: [0], keepdims: 0 }),
    of([any(1, 300)], { axes: [1], keepdims: 0 }),
    of([any(5, 1)], { axes: [1], keepdims: 0 }),
  ],
  ReduceSum: [
    of([summand(12, 5000)], { axes: [0], keepdims: 0 }),
    of([summand(400, 20)], { axes: [1], keepdims: 1 }),
    of([summand(6, 5, 70)], { axes: [0, 1], keepdims: 1 }),
    of([summand(1, 7)], { axes: [0], keepdims: 0 }),
    of([summand(300, 1)], { axes: [0], keepdims: 0 }),
    of([summand(1, 2048)], { axes: [1], keepdims: 0 }),
  ],
  Relu: unary(any),
  /** Shares its operand's bytes: there is nothing to judge. */
  Reshape: [],
  Resize: [of([any(8, 8, 15, 15)], { sizes: [8, 8, 30, 30] }), of([any(1, 1, 2, 3)], { sizes: [1, 1, 6, 3] })],
  ScatterElements: [
    of([summand(40, 100), rows(40, 60, 100), summand(60, 100)], { axis: 0 }),
    of([summand(3, 1), rows(3, 400, 1), summand(400, 1)], { axis: 0 }),
    of([summand(4, 2), rows(4, 1, 2), summand(1, 2)], { axis: 0 }),
  ],
  Sigmoid: unary(any),
  Slice: moved((shape) => ({
    starts: shape.map(() => 0),
    ends: shape.map((dim) => dim),
    steps: shape.map((_, i) => i + 1),
  })),
  Sqrt: unary(positive),
  Sub: binary(any),
  Tanh: unary(any),
  Transpose: moved(() => ({ perm: [1, 0] })),
  Where: [
    of([bools(100, 1), any(300), any(100, 300)]),
    of([bools(1, 37), any(1, 37), any()]),
    of([bools(4), few64(3, 4), few64(1)]),
  ],
};
