import { largerOf, smallerOf } from "../../common/bigint.ts";

/** When something can still be done about a claim. */
export type Urgent = {
  readonly isOpen: boolean;
  /** Last L1 second for a challenge of one's own; what is asked of the claimant extends it. */
  readonly until: bigint;
  /** Others may build on it already. */
  readonly isSoft: boolean;
  /** Seconds that looks waited for what it takes and came to nothing, since one did. */
  readonly vainSeconds: number;
  /** Seconds of checking that are left at least, as far as it is known; else 0. */
  readonly workSeconds: number;
};

/** In L1 seconds, of one claim. */
export type Clocked = {
  readonly windowEnd: bigint;
  /** As L1 says it: further off while a question waits. */
  readonly challengeableUntil: bigint;
  readonly nowSeconds: bigint;
  /** What is left for a challenge after an answer. */
  readonly challengerSeconds: bigint;
};

/**
 * Until when a claim can be challenged for sure. While a question waits L1 says a later time, but its claimant, who may have asked
 * itself, ends that by an answer when it likes: then no more than CHALLENGER_SECONDS are left (P7.3). Pure.
 */
export const sureUntil = ({ windowEnd, challengeableUntil, nowSeconds, challengerSeconds }: Clocked): bigint =>
  smallerOf(challengeableUntil, largerOf(windowEnd, nowSeconds + challengerSeconds));

/**
 * Claims in the order to look at them: those that can be challenged, of these those that can still be checked to their end (if
 * any order lets all be in time, that of their ends does; where none does, a long claim that is lost anyway must not take a
 * short one along), of these the nearest end first; one counts as ending later by twice what was waited for it in vain, so that
 * claimants who let a challenger wait do not take the turn of who ends soon, nor make it forget a lie for what ends in days. Of
 * equals the soft ones. Then open ones whose window is over; then closed ones, of which only money is left to collect. Else the
 * order given. Pure.
 */
export const byUrgency = <T extends Urgent>(claims: readonly T[], nowSeconds: bigint): T[] =>
  claims.toSorted((a, b) => {
    const [first, second] = [rankOf(a, nowSeconds), rankOf(b, nowSeconds)];
    if (first !== second) return first - second;
    const [one, other] = [endOf(a), endOf(b)];
    if (first <= BEYOND_REACH && one !== other) return one < other ? -1 : 1;
    return Number(b.isSoft) - Number(a.isSoft);
  });

/** Whether it can still be challenged, but not be checked to its end before. */
export const isBeyondReach = (claim: Urgent, nowSeconds: bigint): boolean => rankOf(claim, nowSeconds) === BEYOND_REACH;

const endOf = ({ until, vainSeconds }: Urgent): bigint => until + 2n * BigInt(Math.floor(vainSeconds));

const [IN_REACH, BEYOND_REACH, WINDOW_OVER, CLOSED] = [0, 1, 2, 3];

function rankOf({ isOpen, until, workSeconds }: Urgent, nowSeconds: bigint): number {
  if (!isOpen) return CLOSED;
  if (nowSeconds > until) return WINDOW_OVER;
  return workSeconds <= Number(until - nowSeconds) ? IN_REACH : BEYOND_REACH;
}
