import { smallerOf } from "../../common/bigint.ts";

/** By how much a fee must grow for L1's nodes to take a transaction in a pending one's place. */
export type Bump = readonly [numerator: bigint, denominator: bigint];
/** They ask for a tenth more. */
export const EIGHTH_MORE: Bump = [9n, 8n];
/** Or for twice as much, where the transaction carries blobs. */
export const TWICE: Bump = [2n, 1n];

/** An L1 that is stuck must not cost a fortune once it goes on. */
export const MOST = 64n;
/** Of what must not wait for a transaction that is pending and has come to `MOST`. */
export const MOST_URGENT = 4096n;

/** A fee that outbids those of all attempts before, up to `most` times what L1 suggests. */
export function bumped(wei: bigint, [numerator, denominator]: Bump, attempt: number, most = MOST): bigint {
  let grown = wei;
  // Rounded up each time: what rounds down once is a wei short of what is asked for.
  for (let i = 0; i < attempt && grown < most * wei; i++) grown = (grown * numerator + denominator - 1n) / denominator;
  return smallerOf(grown, most * wei);
}

/** Whether the next attempt offers more than this one. */
export const grows = (by: Bump, attempt: number, most = MOST): boolean => bumped(WEI, by, attempt, most) < most * WEI;
const WEI = 10n ** 18n;
