import type { Hex } from "viem";
import type { Want } from "../check/want.ts";

/** Status of a challenge on L1; the numbers are Disputes'. */
export const CHALLENGE_STATUS = { none: 0, live: 1, lapsed: 2, lost: 3, won: 4, refunded: 5 } as const;

/** `step` of a challenge that was not pointed yet. */
export const NO_STEP = 0xffffffff;

/** An own challenge as L1 stores it. */
export type ChallengeView = {
  readonly challengeId: Hex;
  readonly status: number;
  readonly segment: number;
  /** Within the segment. */
  readonly step: number;
  /** L1 block of the challenge: a proof must come in a later one. */
  readonly l1Block: bigint;
  /** It waits for an opening that has not been answered. */
  readonly waiting: boolean;
  /** Last L1 second for the challenger's next move. */
  readonly moveBy: bigint;
};

/** What checking has found about a claim, as far as it decides moves. */
export type Finding =
  | { readonly kind: "unknown" }
  | { readonly kind: "right" }
  /** This segment is wrong, its steps are not opened. */
  | { readonly kind: "closed"; readonly segment: number }
  | { readonly kind: "wrong"; readonly segment: number; readonly step: number }
  /** A graph of its job has a flaw: whatever it says, it can have no effect. */
  | { readonly kind: "flawed" }
  /** The claimant serves nothing that gives its roots. */
  | { readonly kind: "unavailable" }
  /** It serves too little, but what these ask for on L1 leads on. */
  | {
      readonly kind: "wanted";
      readonly wants: readonly Want[];
      /** So many more will be wanted behind them, at the open fee each. */
      readonly more: number;
    };

/** Everything that decides a challenger's next moves against one claim: read from L1, plus what checking found. */
export type Game = {
  /** Of the newest L1 block. */
  readonly nowSeconds: bigint;
  readonly l1Block: bigint;
  readonly status: number;
  /** Last L1 seconds for challenges and for questions of the own account. */
  readonly challengeableUntil: bigint;
  readonly askableUntil: bigint;
  readonly closedAt: bigint;
  readonly airgapSeconds: bigint;
  readonly finding: Finding;
  /** Its job is void on L1. */
  readonly isVoid: boolean;
  /** Own challenges, oldest first. */
  readonly challenges: readonly ChallengeView[];
  /**
   * Demands on the claim that wait for an answer: key, last L1 second for it, and whether what was found wants it. Others are
   * none of the challenger's business until they are late: a claimant may ask itself, and answer when it likes.
   */
  readonly pending: readonly { readonly key: Hex; readonly due: bigint; readonly isWanted: boolean }[];
  /** What is wanted and nobody has asked for, as much of it as may be asked for now. */
  readonly unasked: readonly Want[];
  /** The own account has asked something of the claim. */
  readonly wasAsked: boolean;
  /** Demands paid by the own account, once the claim is closed: the fees go to whom they belong. */
  readonly feesOpen: readonly Hex[];
  /** The reward of this claim is the own account's and was not collected. */
  readonly rewardOpen: boolean;
};
