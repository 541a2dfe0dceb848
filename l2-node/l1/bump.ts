/** By how much a fee must grow for L1's nodes to take a transaction in a pending one's place. */
export type Bump = readonly [numerator: bigint, denominator: bigint];
/** They ask for a tenth more. */
export const EIGHTH_MORE: Bump = [9n, 8n];
/** Or for twice as much, where the transaction carries blobs. */
export const TWICE: Bump = [2n, 1n];

/** An L1 that is stuck must not cost a fortune once it goes on. */
const MOST = 64n;

/** A fee that outbids those of all attempts before, up to 64 times what L1 suggests. */
export function bumped(wei: bigint, [numerator, denominator]: Bump, attempt: number): bigint {
  let grown = wei;
  // Rounded up each time: what rounds down once is a wei short of what is asked for.
  for (let i = 0; i < attempt && grown < MOST * wei; i++) grown = (grown * numerator + denominator - 1n) / denominator;
  return grown < MOST * wei ? grown : MOST * wei;
}
