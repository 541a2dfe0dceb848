import { expTolerance, logTolerance } from "../numerics/elementwise.ts";
import { exp } from "../numerics/transcendental.ts";
import { exactly } from "./bounds.ts";
import { div, greater, mul, scalar, where } from "./build.ts";
import { inferUnary, leafElementwise, mapUnary } from "./elementwise.ts";
import type { Op } from "./op.ts";

export const exponential: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.exp),
  vjp: (draft, { output }, dy) => [mul(draft, dy, output)],
  bound: ({ terms }) => {
    const x = terms[0]![0] as number;
    return { replay: () => exp(x), tolerance: () => expTolerance(x) };
  },
  leaf: leafElementwise,
};

export const logarithm: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.log),
  vjp: (draft, { inputs: [x] }, dy) => [div(draft, dy, x!)],
  bound: ({ terms }) => ({ replay: null, tolerance: () => logTolerance(terms[0]![0] as number) }),
  leaf: leafElementwise,
};

export const rectify: Op = {
  infer: inferUnary,
  // biome-ignore lint/complexity/useMathMinMax: the runtime keeps −0, Math.max(−0, 0) does not.
  eval: (inputs, context) => mapUnary(inputs, context, (x) => (x < 0 ? 0 : x)),
  // The gradient at 0 is 0.
  vjp: (draft, { output }, dy) => {
    const zero = scalar(draft, 0);
    return [where(draft, greater(draft, output, zero), dy, zero)];
  },
  bound: exactly((x) => Math.max(x as number, 0)),
  leaf: leafElementwise,
};
