import { nextAwayFromZero } from "../numerics/float32.ts";
import { accepts, lieByTolerance } from "../numerics/tolerance.ts";
import type { DType } from "../tensor/tensor.ts";
import type { Bound } from "./op.ts";

export type Profile = "strict" | "tolerant";

/** True if the claimed element is right by the profile; −0 equals +0, an infinity or NaN is never right. */
export function isRight(bound: Bound, profile: Profile, claimed: number | bigint): boolean {
  const { replay, tolerance } = bound;
  if (typeof claimed === "number" && !Number.isFinite(claimed)) return false;
  if (profile === "strict" && replay !== null) return replay() === claimed;
  if (tolerance === null) return replay?.() === claimed;
  return accepts(tolerance(), claimed as number);
}

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
  const tolerance = bound.tolerance?.();
  return tolerance === undefined ? undefined : lieByTolerance(tolerance, amount.factor);
}
