import { emit } from "../graph/draft.ts";
import { gpuQuotient, gpuRoot } from "../numerics/gpu.ts";
import { exactly, rounded } from "./bounds.ts";
import { div, mul, neg, scalar, shapeOf, where } from "./build.ts";
import { inferBinary, inferUnary, leafElementwise, mapBinary, mapUnary } from "./elementwise.ts";
import type { Op } from "./op.ts";
import { sumTo } from "./sums.ts";

export const add: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a + b),
  vjp: (draft, { inputs: [a, b] }, dy) => [sumTo(draft, dy, shapeOf(draft, a!)), sumTo(draft, dy, shapeOf(draft, b!))],
  bound: rounded((a, b) => a! + b!),
  leaf: leafElementwise,
};

export const sub: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a - b),
  vjp: (draft, { inputs: [a, b] }, dy) => [
    sumTo(draft, dy, shapeOf(draft, a!)),
    sumTo(draft, neg(draft, dy), shapeOf(draft, b!)),
  ],
  bound: rounded((a, b) => a! - b!),
  leaf: leafElementwise,
};

export const multiply: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a * b),
  vjp: (draft, { inputs: [a, b] }, dy) => [
    sumTo(draft, mul(draft, dy, b!), shapeOf(draft, a!)),
    sumTo(draft, mul(draft, dy, a!), shapeOf(draft, b!)),
  ],
  bound: rounded((a, b) => a! * b!),
  leaf: leafElementwise,
};

export const divide: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, (a, b) => a / b),
  // ∂(a/b)/∂a = 1/b, ∂(a/b)/∂b = −(a/b)/b
  vjp: (draft, { inputs: [a, b], output }, dy) => [
    sumTo(draft, div(draft, dy, b!), shapeOf(draft, a!)),
    sumTo(draft, neg(draft, div(draft, mul(draft, dy, output), b!)), shapeOf(draft, b!)),
  ],
  bound: rounded((a, b) => a! / b!, gpuQuotient),
  leaf: leafElementwise,
};

export const negate: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, (x) => -x),
  vjp: (draft, _, dy) => [neg(draft, dy)],
  bound: exactly((x) => -x!),
  leaf: leafElementwise,
};

export const absolute: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, (x) => Math.abs(x)),
  vjp: (draft, { inputs: [x] }, dy) => [where(draft, emit(draft, "Less", [x!, scalar(draft, 0)]), neg(draft, dy), dy)],
  bound: exactly((x) => Math.abs(x as number)),
  leaf: leafElementwise,
};

export const squareRoot: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, (x) => Math.sqrt(x)),
  // ∂√x = 1/(2√x)
  vjp: (draft, { output }, dy) => [div(draft, mul(draft, dy, scalar(draft, 0.5)), output)],
  bound: rounded((x) => Math.sqrt(x!), gpuRoot),
  leaf: leafElementwise,
};
