import { emit } from "../graph/draft.ts";
import { serialSum } from "../numerics/dot.ts";
import { dotTolerance, exactDot } from "../numerics/exact-dot.ts";
import { describe, sameShape } from "../tensor/tensor.ts";
import { NEVER_RIGHT } from "./bounds.ts";
import { gpuSum } from "./dot-bound.ts";
import { ShapeError } from "./errors.ts";
import { absentIn, isRow, requireColumns, rowAt } from "./gather-elements.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";

/**
 * y = x, then y[indices[t, d], d] += updates[t, d] for ascending t: the gradient of a lookup. ScatterND would take one index
 * per row, but the runtime adds its rows in several threads at once and loses some of them.
 */
export const scatterElements: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 3);
    const [x, indices, updates] = inputs;
    requireDType(x!, "float32");
    requireDType(updates!, "float32");
    requireColumns(x!, indices!, attributes);
    if (!sameShape(indices!.shape, updates!.shape)) {
      throw new ShapeError(`updates of shape [${indices!.shape}]`, describe(updates!));
    }
    return x!;
  },
  eval: ([x, indices, updates], { output, arithmetic }) => {
    const columns = output.shape[1]!;
    const result = arithmetic.allocate("float32", x!.data.length);
    for (let i = 0; i < result.length; i++) result[i] = x!.data[i]!;
    for (let i = 0; i < updates!.data.length; i++) {
      const column = i % columns;
      const row = rowAt(x!, indices!, i);
      if (row !== undefined)
        result[row * columns + column] = (result[row * columns + column] as number) + (updates!.data[i] as number);
      else
        for (let at = column; at < result.length; at += columns)
          result[at] = absentIn(output, arithmetic, x!, indices!, i);
    }
    return result;
  },
  vjp: (draft, { inputs: [, indices] }, dy) => [dy, null, emit(draft, "GatherElements", [dy, indices!], { axis: 0 })],
  bound: ({ inputs, output, element, terms }) => {
    if (Array.from(terms[1]!).some((index) => !isRow(inputs[0]!, index))) return NEVER_RIGHT;
    const row = Math.floor(element / output.shape[1]!);
    const start = terms[0]![0] as number;
    const added = Array.from(terms[2] as ArrayLike<number>).filter((_, t) => Number(terms[1]![t]) === row);
    const term = (k: number): number => added[k]!;
    return {
      replay: () => serialSum(added.length, term, start),
      tolerance: () =>
        dotTolerance(
          exactDot(added.length, term, () => 1, start),
          { length: added.length, additions: added.length },
        ),
      gpu: gpuSum(added.length, term, () => 1, start),
    };
  },
  // One column of the indices and of the updates, through their layouts.
  leaf: ({ inputs }, element) => {
    const [count, columns] = inputs[1]!.shape as [number, number];
    const start = (element % columns) * count;
    return [
      { operand: 0, start: element, count: 1 },
      { operand: 1, start, count },
      { operand: 2, start, count },
    ];
  },
};
