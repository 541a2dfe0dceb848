import { JOB_FLAG, PROFILE } from "../../common/job.ts";
import type { Task } from "../../common/task.ts";
import { roundUpToFloat32, subtract } from "../numerics/dyadic.ts";
import { FLOAT32_MAX, nextAwayFromZero } from "../numerics/float32.ts";
import { accepts, lieByTolerance, type Tolerance } from "../numerics/tolerance.ts";
import type { DType } from "../tensor/tensor.ts";
import type { Accepted, Bound } from "./op.ts";

/** How elements are judged: bit for bit, or within the cpu or the gpu column of `tolerant`. */
export type Profile = "strict" | "tolerant" | "tolerant-gpu";

export function profileOf({ profile, flags }: Pick<Task, "profile" | "flags">): Profile {
  if (profile !== PROFILE.tolerant) return "strict";
  return (flags & JOB_FLAG.gpu) === 0 ? "tolerant" : "tolerant-gpu";
}

/** True if the claimed element is right by the profile; −0 equals +0, an infinity or NaN is never right. */
export function isRight(bound: Bound, profile: Profile, claimed: number | bigint): boolean {
  const { replay, tolerance } = bound;
  if (typeof claimed === "number" && !Number.isFinite(claimed)) return false;
  if (profile === "strict" && replay !== null) return replay() === claimed;
  if (profile === "tolerant-gpu") return bound.gpu().some((accepted) => isAccepted(accepted, claimed));
  if (tolerance === null) return replay?.() === claimed;
  return accepts(tolerance(), claimed as number);
}

/** A finite result that is right by `strict`; undefined if none is. */
export function strictResult(bound: Bound): number | bigint | undefined {
  const { replay, tolerance } = bound;
  if (replay !== null) return [replay()].find((result) => isRight(bound, "strict", result));
  const accepted = tolerance?.();
  if (accepted === undefined) return undefined;
  const { low, slack, denominator } = accepted;
  // The least float that may be right, if any is.
  const least = Math.max(roundUpToFloat32(subtract(low, slack), denominator), -FLOAT32_MAX);
  return isRight(bound, "strict", least) ? least : undefined;
}

/** `===` between an integer and an integer, −0 and 0; a float lies within its tolerance. */
const isAccepted = (accepted: Accepted, claimed: number | bigint): boolean =>
  typeof accepted === "object" ? accepts(accepted, claimed as number) : accepted === claimed;

/** How far a lie goes: float steps away from zero, or multiples of the tolerance. */
export type LieAmount =
  | { readonly unit: "ulp"; readonly count: number }
  | { readonly unit: "tol"; readonly factor: number };

/** The element a liar claims in place of `honest`; undefined if there is no such finite value. */
export function lieOf(
  bound: Bound,
  dtype: DType,
  honest: number | bigint,
  amount: LieAmount,
  profile: Profile = "tolerant",
): number | bigint | undefined {
  const count = amount.unit === "ulp" ? amount.count : 1;
  if (dtype !== "float32" && amount.unit === "tol" && amount.factor <= 1) return undefined;
  if (dtype === "bool") return 1 - Number(honest);
  if (typeof honest === "bigint") return BigInt.asIntN(64, honest + BigInt(count));
  if (dtype === "int32") return (honest + count) | 0;
  if (dtype === "uint8") return (honest + count) & 0xff;
  if (amount.unit === "ulp") {
    const lie = nextAwayFromZero(honest, count);
    return Number.isFinite(lie) ? lie : undefined;
  }
  if (profile === "tolerant-gpu") {
    const lies = bound.gpu().map((accepted) => lieByTolerance(accepted as Tolerance, amount.factor));
    // What is a lie of one reading may be right by another.
    return lies.find((lie) => lie !== undefined && isRight(bound, profile, lie) === amount.factor <= 1);
  }
  const tolerance = bound.tolerance?.();
  return tolerance === undefined ? undefined : lieByTolerance(tolerance, amount.factor);
}
