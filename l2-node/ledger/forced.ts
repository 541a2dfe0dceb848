import { smallerOf } from "../../common/bigint.ts";
import type { Transaction } from "../../common/transaction.ts";
import { MIN_BASE_FEE_WEI } from "./base-fee.ts";
import { includable, type LedgerContext, type Verdict } from "./includable.ts";
import type { LedgerReader } from "./ledger.ts";

/**
 * Judges a signed transaction that came through the Inbox (P2.10): no base fee can keep it out, it pays min(maxFee, baseFee)
 * and no tip, and its bytes were paid on L1. `declaredGas` is what the lane on L1 was paid for.
 */
export function includableForced(
  ledger: LedgerReader,
  transaction: Transaction,
  declaredGas: bigint,
  context: LedgerContext,
): Verdict {
  const { maxFeeWei, maxTipWei, gasLimit } = transaction;
  const refuse = (
    rule: "gas-above-cap" | "tip-above-fee" | "fee-below-base-fee",
    required: bigint,
    available: bigint,
  ) => ({ ok: false, refusal: { rule, required, available } }) as const;
  if (gasLimit > declaredGas) return refuse("gas-above-cap", declaredGas, gasLimit);
  if (maxTipWei > maxFeeWei) return refuse("tip-above-fee", maxTipWei, maxFeeWei);
  // Nothing is free, and quotes divide by the price.
  if (maxFeeWei < MIN_BASE_FEE_WEI) return refuse("fee-below-base-fee", MIN_BASE_FEE_WEI, maxFeeWei);
  const baseFeeWei = smallerOf(maxFeeWei, context.baseFeeWei);
  return includable(ledger, { ...transaction, maxTipWei: 0n }, { ...context, baseFeeWei, originL1FeePerByteWei: 0n });
}
