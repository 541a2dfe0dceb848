import { emit } from "../graph/draft.ts";
import { div, mul, neg, scalar, shapeOf, where } from "./build.ts";
import { inferBinary, inferUnary, mapBinary, mapUnary } from "./elementwise.ts";
import type { Op } from "./op.ts";
import { sumTo } from "./sums.ts";

export const add: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a + b),
  vjp: (draft, { inputs: [a, b] }, dy) => [sumTo(draft, dy, shapeOf(draft, a!)), sumTo(draft, dy, shapeOf(draft, b!))],
};

export const sub: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a - b),
  vjp: (draft, { inputs: [a, b] }, dy) => [
    sumTo(draft, dy, shapeOf(draft, a!)),
    sumTo(draft, neg(draft, dy), shapeOf(draft, b!)),
  ],
};

export const multiply: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a * b),
  vjp: (draft, { inputs: [a, b] }, dy) => [
    sumTo(draft, mul(draft, dy, b!), shapeOf(draft, a!)),
    sumTo(draft, mul(draft, dy, a!), shapeOf(draft, b!)),
  ],
};

export const divide: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a / b),
  // ∂(a/b)/∂a = 1/b, ∂(a/b)/∂b = −(a/b)/b
  vjp: (draft, { inputs: [a, b], output }, dy) => [
    sumTo(draft, div(draft, dy, b!), shapeOf(draft, a!)),
    sumTo(draft, neg(draft, div(draft, mul(draft, dy, output), b!)), shapeOf(draft, b!)),
  ],
};

export const negate: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, (x) => -x),
  vjp: (draft, _, dy) => [neg(draft, dy)],
};

export const absolute: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, (x) => Math.abs(x)),
  vjp: (draft, { inputs: [x] }, dy) => [where(draft, emit(draft, "Less", [x!, scalar(draft, 0)]), neg(draft, dy), dy)],
};

export const squareRoot: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, (x) => Math.sqrt(x)),
  // ∂√x = 1/(2√x)
  vjp: (draft, { output }, dy) => [div(draft, mul(draft, dy, scalar(draft, 0.5)), output)],
};
