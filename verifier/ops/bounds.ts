import { equalTolerance, roundedTolerance } from "../numerics/elementwise.ts";
import { isDenormal } from "../numerics/float32.ts";
import { gpuRounded } from "../numerics/gpu.ts";
import type { Tolerance } from "../numerics/tolerance.ts";
import type { TensorType } from "../tensor/tensor.ts";
import type { Accepted, Bound, BoundContext } from "./op.ts";
import { allReadings } from "./readings.ts";

type Scalar = number | bigint;

const first = (context: BoundContext): Scalar[] => context.terms.map((term) => term[0]!);

/** The tolerances there are: some readings have no finite result. */
export const existing = (tolerances: readonly (Tolerance | undefined)[]): readonly Tolerance[] =>
  tolerances.filter((tolerance) => tolerance !== undefined);

/** The same function in both columns: the correctly rounded result, give or take an underflow. */
export const rounded =
  (
    f: (...operands: number[]) => number,
    gpu: (...operands: number[]) => Tolerance | undefined = (...operands) => gpuRounded(Math.fround(f(...operands))),
  ) =>
  (context: BoundContext): Bound => {
    const operands = first(context) as number[];
    const replay = () => Math.fround(f(...operands));
    return {
      replay,
      tolerance: () => roundedTolerance(replay()),
      gpu: () => existing(allReadings(operands).map((reading) => gpu(...reading))),
    };
  };

/** Exactly these results, each of which is also zero if it is denormal. */
export const flushable = (output: Pick<TensorType, "dtype">, results: readonly Scalar[]): readonly Accepted[] => {
  if (output.dtype !== "float32") return results;
  const floats = results as readonly number[];
  const both = floats.some(isDenormal) ? [...floats, 0] : floats;
  return existing(both.map(equalTolerance));
};

/** The value itself in both profiles; −0 equals +0. */
export const exactly =
  (f: (...operands: Scalar[]) => Scalar) =>
  (context: BoundContext): Bound => {
    const operands = first(context);
    const replay = () => f(...operands);
    return {
      replay,
      tolerance: context.output.dtype === "float32" ? () => equalTolerance(replay() as number) : null,
      gpu: () =>
        flushable(
          context.output,
          allReadings(operands).map((reading) => f(...reading)),
        ),
    };
  };

/** No result is right: what is read is not there (P7.8). */
export const NEVER_RIGHT: Bound = { replay: () => Number.NaN, tolerance: () => undefined, gpu: () => [] };

/** Data movement: the element that was read last. */
export const moved = exactly((...operands) => operands.at(-1)!);
