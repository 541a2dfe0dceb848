import type { Hex } from "viem";
import type { Want } from "../check/want.ts";

/** What may still be spent on questions about one claim: the fees of one that stands go to its claimant (P7.2, P7.9). */
export type Budget = {
  /** Counted once, then by what was paid since. */
  readonly left: () => Promise<{ readonly leftWei: bigint; readonly askedWei: bigint; readonly budgetWei: bigint }>;
  readonly paid: (transactionHash: Hex) => Promise<void>;
};

export type Fees = { readonly openFeeWei: bigint; readonly chunkFeeWei: bigint; readonly pageFeeWei: bigint };

/** What it takes at least to be shown all of this, and `more` behind it (P7.6). */
export function leastWei(wants: readonly Want[], more: number, { openFeeWei, chunkFeeWei, pageFeeWei }: Fees): bigint {
  const bytesWei = (want: Want): bigint => {
    if (want.path === "step") return pageFeeWei;
    return "chunkCount" in want ? BigInt(want.chunkCount) * chunkFeeWei : 0n;
  };
  return wants.reduce((sum, want) => sum + openFeeWei + bytesWei(want), BigInt(more) * openFeeWei);
}

export type BudgetModules = {
  readonly budgetWei: () => Promise<bigint>;
  /** What lies on L1 for questions asked before. */
  readonly askedWei: () => Promise<bigint>;
  readonly sentWei: (transactionHash: Hex) => Promise<bigint>;
};

export function openBudget({ budgetWei, askedWei, sentWei }: BudgetModules): Budget {
  let counted: Promise<readonly [budgetWei: bigint, askedWei: bigint]> | undefined;
  let paidWei = 0n;
  return {
    left: async () => {
      counted ??= Promise.all([budgetWei(), askedWei()]);
      const [total, before] = await counted;
      const asked = before + paidWei;
      return { leftWei: total > asked ? total - asked : 0n, askedWei: asked, budgetWei: total };
    },
    paid: async (transactionHash) => {
      paidWei += await sentWei(transactionHash);
    },
  };
}
