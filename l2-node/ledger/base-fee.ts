import { largerOf } from "../../common/bigint.ts";
import type { Header } from "../../common/header.ts";

const DENOMINATOR = 8n;
const ELASTICITY = 2n;
/** Never below 10⁶ wei, so that a price is never zero (P2.7). */
export const MIN_BASE_FEE_WEI = 1_000_000n;

/** EIP-1559 on gas limits: a header's gasUsed is its Σ gasLimit (P2.7). */
export function nextBaseFeeWei({ baseFeeWei, gasUsed, gasLimit }: Pick<Header, "baseFeeWei" | "gasUsed" | "gasLimit">) {
  const target = gasLimit / ELASTICITY;
  let next = baseFeeWei;
  if (gasUsed > target) {
    next += largerOf((baseFeeWei * (gasUsed - target)) / target / DENOMINATOR, 1n);
  } else if (gasUsed < target) next -= (baseFeeWei * (target - gasUsed)) / target / DENOMINATOR;
  return largerOf(next, MIN_BASE_FEE_WEI);
}
