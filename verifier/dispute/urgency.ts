/** When something can still be done about a claim. */
export type Urgent = {
  readonly isOpen: boolean;
  /** Last L1 second for a challenge of one's own; what is asked of the claimant extends it. */
  readonly until: bigint;
  /** Others may build on it already. */
  readonly isSoft: boolean;
};

/**
 * Claims in the order to look at them: those that can be challenged, the nearest end first, of equals the soft ones; then
 * open ones whose window is over; then closed ones, of which only money is left to collect. Else the order given. Pure.
 */
export const byUrgency = <T extends Urgent>(claims: readonly T[], nowSeconds: bigint): T[] =>
  claims.toSorted((a, b) => {
    const [first, second] = [rankOf(a, nowSeconds), rankOf(b, nowSeconds)];
    if (first !== second) return first - second;
    if (first === CHALLENGEABLE && a.until !== b.until) return a.until < b.until ? -1 : 1;
    return Number(b.isSoft) - Number(a.isSoft);
  });

const CHALLENGEABLE = 0;

const rankOf = ({ isOpen, until }: Urgent, nowSeconds: bigint): number =>
  isOpen ? (nowSeconds <= until ? CHALLENGEABLE : 1) : 2;
