import type { DType } from "../tensor/tensor.ts";
import { exactly } from "./bounds.ts";
import { broadcastShapes } from "./broadcast.ts";
import { leafElementwise, mapBinary } from "./elementwise.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs, requireSameDType } from "./require.ts";

const ordered: readonly DType[] = ["float32", "int32", "int64"];

/** Comparisons have no gradient. */
const comparison = (types: readonly DType[], holds: (a: number | bigint, b: number | bigint) => boolean): Op => ({
  infer: (inputs) => {
    requireInputs(inputs, 2);
    requireDType(inputs[0]!, ...types);
    requireSameDType(inputs[0]!, inputs[1]!);
    return { dtype: "bool", shape: broadcastShapes(inputs[0]!.shape, inputs[1]!.shape) };
  },
  eval: (inputs, context) => mapBinary<number | bigint>(inputs, context, (a, b) => Number(holds(a, b))),
  vjp: () => [null, null],
  bound: exactly((a, b) => Number(holds(a!, b!))),
  leaf: leafElementwise,
});

export const equal = comparison([...ordered, "bool"], (a, b) => a === b);
export const less = comparison(ordered, (a, b) => a < b);
export const lessOrEqual = comparison(ordered, (a, b) => a <= b);
export const greater = comparison(ordered, (a, b) => a > b);
export const greaterOrEqual = comparison(ordered, (a, b) => a >= b);
