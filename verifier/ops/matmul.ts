import type { Draft } from "../graph/draft.ts";
import { emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { describe, sizeOf } from "../tensor/tensor.ts";
import { broadcastElement, broadcastShapes, broadcastStrides, offsets } from "./broadcast.ts";
import { shapeOf, transpose } from "./build.ts";
import { dotBound } from "./dot-bound.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";
import { sumTo } from "./sums.ts";

/** Batched product of the last two axes; operands have rank ≥ 2 (vectors are reshaped when a model is read). */
export const matmul: Op = {
  infer: (inputs) => {
    requireInputs(inputs, 2);
    for (const input of inputs) {
      requireDType(input, "float32");
      if (input.shape.length < 2) throw new ShapeError("an operand of rank ≥ 2", describe(input));
    }
    const [a, b] = inputs.map((input) => input.shape) as [readonly number[], readonly number[]];
    if (a.at(-1) !== b.at(-2)) throw new ShapeError(`inner dimensions that agree (${a.at(-1)})`, String(b.at(-2)));
    return {
      dtype: "float32",
      shape: [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), a.at(-2)!, b.at(-1)!],
    };
  },
  eval: ([a, b], { output, arithmetic }) => {
    const batch = output.shape.slice(0, -2);
    const [m, n, length] = [a!.shape.at(-2)!, b!.shape.at(-1)!, a!.shape.at(-1)!];
    const matricesA = offsets(batch, broadcastStrides(a!.shape.slice(0, -2), batch));
    const matricesB = offsets(batch, broadcastStrides(b!.shape.slice(0, -2), batch));
    const x = a!.data as Float32Array;
    const w = b!.data as Float32Array;
    const result = arithmetic.allocate("float32", sizeOf(output.shape));
    for (let matrix = 0, e = 0; matrix < matricesA.length; matrix++) {
      const startA = matricesA[matrix]! * m * length;
      const startB = matricesB[matrix]! * length * n;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++, e++) {
          result[e] = arithmetic.dot({
            length,
            a: (k) => x[startA + i * length + k]!,
            b: (k) => w[startB + k * n + j]!,
            columns: n,
            transA: false,
            bias: undefined,
          });
        }
      }
    }
    return result;
  },
  vjp: (draft, { inputs: [a, b] }, dy) => [
    sumTo(draft, emit(draft, "MatMul", [dy, swapped(draft, b!)]), shapeOf(draft, a!)),
    sumTo(draft, emit(draft, "MatMul", [swapped(draft, a!), dy]), shapeOf(draft, b!)),
  ],
  bound: ({ inputs, output, terms }) =>
    dotBound({
      a: terms[0] as ArrayLike<number>,
      b: terms[1] as ArrayLike<number>,
      bias: undefined,
      columns: output.shape.at(-1)!,
      transA: false,
      length: inputs[0]!.shape.at(-1)!,
    }),
  // Through its layout each matrix of the second operand lies in rows of K.
  leaf: ({ inputs, output }, element) => {
    const [a, b] = inputs.map((input) => input.shape) as [readonly number[], readonly number[]];
    const [m, n, count] = [a.at(-2)!, b.at(-1)!, a.at(-1)!];
    const batch = output.shape.slice(0, -2);
    const matrix = Math.floor(element / (m * n));
    const matrixOf = (shape: readonly number[]) => broadcastElement(matrix, shape.slice(0, -2), batch);
    return [
      { operand: 0, start: (matrixOf(a) * m + (Math.floor(element / n) % m)) * count, count },
      { operand: 1, start: (matrixOf(b) * n + (element % n)) * count, count },
    ];
  },
};

function swapped(draft: Draft, id: ValueId): ValueId {
  const axes = shapeOf(draft, id).map((_, axis) => axis);
  return transpose(draft, id, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
}
