import { erfTolerance, expTolerance, logTolerance, sigmoidTolerance, tanhTolerance } from "../numerics/elementwise.ts";
import { gpuErf, gpuExp, gpuLog, gpuSigmoid, gpuTanh } from "../numerics/gpu.ts";
import type { Tolerance } from "../numerics/tolerance.ts";
import { erf, exp, sigmoid, tanh } from "../numerics/transcendental.ts";
import { exactly, existing } from "./bounds.ts";
import { div, greater, mul, neg, exp as power, scalar, sub, where } from "./build.ts";
import { inferUnary, leafElementwise, mapUnary } from "./elementwise.ts";
import type { Bound, BoundContext, Op } from "./op.ts";
import { readingsOf } from "./readings.ts";

type OfOne<T> = (x: number) => T;

/** A function of one float, by the program that replays it, or null, and its tolerances in both columns. */
const judged =
  (program: OfOne<number> | null, cpu: OfOne<Tolerance | undefined>, gpu: OfOne<Tolerance | undefined>) =>
  ({ terms }: BoundContext): Bound => {
    const x = terms[0]![0] as number;
    return {
      replay: program && (() => program(x)),
      tolerance: () => cpu(x),
      gpu: () => existing(readingsOf(x).map(gpu)),
    };
  };

export const exponential: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.exp),
  vjp: (draft, { output }, dy) => [mul(draft, dy, output)],
  bound: judged(exp, expTolerance, gpuExp),
  leaf: leafElementwise,
};

export const logarithm: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.log),
  vjp: (draft, { inputs: [x] }, dy) => [div(draft, dy, x!)],
  bound: judged(null, logTolerance, gpuLog),
  leaf: leafElementwise,
};

export const hyperbolicTangent: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.tanh),
  // tanh' = 1 − tanh²
  vjp: (draft, { output }, dy) => [mul(draft, dy, sub(draft, scalar(draft, 1), mul(draft, output, output)))],
  bound: judged(tanh, tanhTolerance, gpuTanh),
  leaf: leafElementwise,
};

export const logistic: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.sigmoid),
  // σ' = σ·(1 − σ)
  vjp: (draft, { output }, dy) => [mul(draft, dy, mul(draft, output, sub(draft, scalar(draft, 1), output)))],
  bound: judged(sigmoid, sigmoidTolerance, gpuSigmoid),
  leaf: leafElementwise,
};

const TWO_OVER_SQRT_PI = 1.1283791670955126;

export const errorFunction: Op = {
  infer: inferUnary,
  eval: (inputs, context) => mapUnary(inputs, context, context.arithmetic.erf),
  // erf' = 2/√π·e^(−x²)
  vjp: (draft, { inputs: [x] }, dy) => [
    mul(draft, dy, mul(draft, power(draft, neg(draft, mul(draft, x!, x!))), scalar(draft, TWO_OVER_SQRT_PI))),
  ],
  bound: judged(erf, erfTolerance, gpuErf),
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
