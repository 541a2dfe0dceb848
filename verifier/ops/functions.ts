import { div, greater, mul, scalar, where } from "./build.ts";
import { inferUnary, mapUnary } from "./elementwise.ts";
import type { Op } from "./op.ts";

export const exponential: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.exp),
  vjp: (draft, { output }, dy) => [mul(draft, dy, output)],
};

export const logarithm: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.log),
  vjp: (draft, { inputs: [x] }, dy) => [div(draft, dy, x!)],
};

export const rectify: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, (x) => (x > 0 ? x : 0)),
  // The gradient at 0 is 0.
  vjp: (draft, { output }, dy) => {
    const zero = scalar(draft, 0);
    return [where(draft, greater(draft, output, zero), dy, zero)];
  },
};
