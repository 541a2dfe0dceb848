import { constant, type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { sinCos } from "../numerics/angles.ts";
import { cast, less, mul, reshape, scalar, where } from "../ops/build.ts";
import { float32 } from "../tensor/tensor.ts";
import { GradientError } from "./errors.ts";

/** What the learning rate is multiplied by at each step; the last factor holds for all steps after. */
export type Schedule =
  /** (t + 1)/warmupSteps up to 1, then down to `floor` at `totalSteps`, on a line or half a cosine. */
  | {
      readonly kind: "linear" | "cosine";
      readonly warmupSteps: number;
      readonly totalSteps: number;
      readonly floor: number;
    }
  | { readonly kind: "table"; readonly factors: readonly number[] };

/** The factors of steps 0, 1, …: a constant of the graph. */
export function factorsOf(schedule: Schedule): Float32Array {
  if (schedule.kind === "table") return Float32Array.from(schedule.factors);
  const { kind, warmupSteps, totalSteps, floor } = schedule;
  if (!(warmupSteps >= 0 && totalSteps > warmupSteps)) {
    throw new GradientError("0 ≤ warmupSteps < totalSteps", `${warmupSteps}, ${totalSteps}`);
  }
  return Float32Array.from({ length: totalSteps + 1 }, (_, t) => {
    if (t < warmupSteps) return (t + 1) / warmupSteps;
    const done = (t - warmupSteps) / (totalSteps - warmupSteps);
    const left = kind === "linear" ? 1 - done : (1 + sinCos(Math.PI * done).cos) / 2;
    return floor + (1 - floor) * left;
  });
}

/** learningRate · factor of the step, of shape [1]; `step` is a float32 counter of shape [1], exact below 2²⁴. */
export function scheduledRate(draft: Draft, schedule: Schedule, learningRate: number, step: ValueId): ValueId {
  const factors = factorsOf(schedule);
  if (factors.length === 0) throw new GradientError("a factor for step 0", "an empty schedule");
  const last = scalar(draft, factors.length - 1);
  const index = cast(draft, where(draft, less(draft, step, last), step, last), "int64");
  const factor = emit(draft, "Gather", [constant(draft, float32([factors.length, 1], factors)), index], { axis: 0 });
  return mul(draft, reshape(draft, factor, [1]), scalar(draft, learningRate));
}
