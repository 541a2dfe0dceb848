import { kBlock, strictDot, type Terms } from "../numerics/dot.ts";
import { erf, exp, sigmoid, tanh } from "../numerics/transcendental.ts";
import { allocate, type DType, type TensorData } from "../tensor/tensor.ts";
import { ShapeError } from "./errors.ts";
import { log } from "./log.ts";

export type Dot = {
  readonly length: number;
  readonly a: Terms;
  readonly b: Terms;
  readonly columns: number;
  readonly transA: boolean;
  readonly bias: number | undefined;
};

/** What `eval` computes with: binary32 is the specification; gradient checks put float64 in its place. */
export type Arithmetic = {
  /** Storing into this rounds to the arithmetic's precision. */
  readonly allocate: (dtype: DType, length: number) => TensorData;
  readonly exp: (x: number) => number;
  readonly log: (x: number) => number;
  readonly tanh: (x: number) => number;
  readonly sigmoid: (x: number) => number;
  readonly erf: (x: number) => number;
  readonly dot: (dot: Dot) => number;
  /** What is read of a row that is not there; throws where that is no value. */
  readonly absent: (index: number | bigint, rows: number) => number;
};

export const binary32: Arithmetic = {
  allocate,
  exp,
  log,
  tanh,
  sigmoid,
  erf,
  dot: ({ length, a, b, columns, transA, bias }) =>
    strictDot({
      length,
      a,
      b,
      kBlock: kBlock({ n: columns, k: length, transA, prepacked: false }),
      ...(bias === undefined ? {} : { bias }),
    }),
  absent: (index, rows) => {
    throw new ShapeError(`an index in [0, ${rows})`, String(index));
  },
};

/** Gives a result for everything: what cannot be computed is NaN, which no claim may hold. */
export const total: Arithmetic = { ...binary32, absent: () => Number.NaN };
