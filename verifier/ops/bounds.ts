import { equalTolerance, roundedTolerance } from "../numerics/elementwise.ts";
import type { Bound, BoundContext } from "./op.ts";

type Scalar = number | bigint;

const first = (context: BoundContext): Scalar[] => context.terms.map((term) => term[0]!);

/** The correctly rounded result, give or take an underflow. */
export const rounded =
  (f: (...operands: number[]) => number) =>
  (context: BoundContext): Bound => {
    const replay = () => Math.fround(f(...(first(context) as number[])));
    return { replay, tolerance: () => roundedTolerance(replay()) };
  };

/** The value itself in both profiles; −0 equals +0. */
export const exactly =
  (f: (...operands: Scalar[]) => Scalar) =>
  (context: BoundContext): Bound => {
    const replay = () => f(...first(context));
    return {
      replay,
      tolerance: context.output.dtype === "float32" ? () => equalTolerance(replay() as number) : null,
    };
  };

/** No result is right: what is read is not there (P7.8). */
export const NEVER_RIGHT: Bound = { replay: () => Number.NaN, tolerance: () => undefined };

/** Data movement: the element that was read last. */
export const moved = exactly((...operands) => operands.at(-1)!);
