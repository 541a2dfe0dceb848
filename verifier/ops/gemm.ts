import type { Attributes } from "../graph/graph.ts";
import { sizeOf, type TensorType } from "../tensor/tensor.ts";
import { intAttribute } from "./attributes.ts";
import { broadcastElement, broadcastShapes, broadcastTo, unravel } from "./broadcast.ts";
import { shapeOf } from "./build.ts";
import { dotBound } from "./dot-bound.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { product } from "./product.ts";
import { requireDType, requireInputs, requireRank } from "./require.ts";
import { sumTo } from "./sums.ts";

/** Y = A·B + C with optional transposes; alpha and beta are 1 in canonical graphs (`model/composites.ts`). */
export const gemm: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 2, 3);
    for (const input of inputs) requireDType(input, "float32");
    const [a, b, c] = inputs;
    requireRank(a!, 2);
    requireRank(b!, 2);
    const transA = intAttribute(attributes, "transA", 0);
    const transB = intAttribute(attributes, "transB", 0);
    const [m, k] = transA ? [a!.shape[1]!, a!.shape[0]!] : [a!.shape[0]!, a!.shape[1]!];
    const [inner, n] = transB ? [b!.shape[1]!, b!.shape[0]!] : [b!.shape[0]!, b!.shape[1]!];
    if (inner !== k) throw new ShapeError(`inner dimensions that agree (${k})`, String(inner));
    if (c !== undefined) {
      const shape = broadcastShapes(c.shape, [m, n]);
      if (shape.length !== 2 || shape[0] !== m || shape[1] !== n) {
        throw new ShapeError(`a bias that broadcasts to [${m},${n}]`, `[${c.shape}]`);
      }
    }
    return { dtype: "float32", shape: [m, n] };
  },
  eval: ([a, b, c], { attributes, output, arithmetic }) => {
    const [m, n] = output.shape as [number, number];
    const transA = attributes.transA === 1;
    const transB = attributes.transB === 1;
    const x = a!.data as Float32Array;
    const w = b!.data as Float32Array;
    const length = transA ? a!.shape[0]! : a!.shape[1]!;
    const bias = c === undefined ? undefined : (broadcastTo(c, output.shape) as Float32Array);
    const result = arithmetic.allocate("float32", sizeOf(output.shape));
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        result[i * n + j] = arithmetic.dot({
          length,
          a: transA ? (k) => x[k * m + i]! : (k) => x[i * length + k]!,
          b: transB ? (k) => w[j * length + k]! : (k) => w[k * n + j]!,
          columns: n,
          transA,
          bias: bias?.[i * n + j],
        });
      }
    }
    return result;
  },
  // A' = dY·B'ᵀ and B' = A'ᵀ·dY where A', B' are the operands as multiplied.
  vjp: (draft, { attributes, inputs: [a, b, c] }, dy) => {
    const transA = attributes.transA === 1;
    const transB = attributes.transB === 1;
    return [
      transA
        ? product(draft, { a: b!, b: dy, transA: transB, transB: true })
        : product(draft, { a: dy, b: b!, transB: !transB }),
      transB
        ? product(draft, { a: dy, b: a!, transA: true, transB: transA })
        : product(draft, { a: a!, b: dy, transA: !transA }),
      ...(c === undefined ? [] : [sumTo(draft, dy, shapeOf(draft, c))]),
    ];
  },
  bound: ({ attributes, inputs, output, terms }) =>
    dotBound({
      a: terms[0] as ArrayLike<number>,
      b: terms[1] as ArrayLike<number>,
      bias: terms[2]?.[0] as number | undefined,
      columns: output.shape[1]!,
      transA: attributes.transA === 1,
      length: inner(inputs, attributes),
    }),
  // Through their layouts both operands lie in rows of K.
  leaf: ({ attributes, inputs, output }, element) => {
    const count = inner(inputs, attributes);
    const [row, column] = unravel(element, output.shape) as [number, number];
    const bias = inputs[2];
    return [
      { operand: 0, start: row * count, count },
      { operand: 1, start: column * count, count },
      ...(bias === undefined
        ? []
        : [{ operand: 2, start: broadcastElement(element, bias.shape, output.shape), count: 1 }]),
    ];
  },
};

const inner = (inputs: readonly TensorType[], attributes: Attributes): number =>
  inputs[0]!.shape[attributes.transA === 1 ? 0 : 1]!;
