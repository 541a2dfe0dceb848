import type { GraphRef } from "../../common/job.ts";

/** A core's, measured with large and with small tensors (docs/performance.md); both count. */
const [COMMITTED_BYTES_PER_SECOND, FLOPS_PER_SECOND] = [250_000_000n, 20_000_000_000n];
const MILLI = 1000n;

/**
 * What a claimant takes to compute steps again with all of their values committed, in milliseconds: what L1 asks of it when a
 * segment is to be opened (docs/protocol.md P7.1), within ANSWER_SECONDS.
 */
export const openingMilliseconds = ({ flops, bytes_ }: GraphRef, steps: number): bigint =>
  BigInt(steps) * ((MILLI * bytes_) / COMMITTED_BYTES_PER_SECOND + (MILLI * flops) / FLOPS_PER_SECOND);
