import type { Hex } from "viem";

/** What may still be spent on questions about one claim: the fees of one that stands go to its claimant (P7.2, P7.9). */
export type Budget = {
  /** Counted once, then by what was paid since. */
  readonly left: () => Promise<{ readonly leftWei: bigint; readonly askedWei: bigint; readonly budgetWei: bigint }>;
  readonly paid: (transactionHash: Hex) => Promise<void>;
};

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
