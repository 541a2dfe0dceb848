// Bounds of the fields of jobs.
export const MAX_U32 = 0xffff_ffff;
export const MAX_U64 = 2n ** 64n - 1n;
/** Bounds of P4.2, written out: these vectors must not follow the code. */
export const MAX_WINDOW_SECONDS = 30 * 86_400;
export const MAX_DEADLINE = 1n << 40n;
export const PRICE_END = 1n << 128n;
export const MAX_SEGMENTS = 2 ** 20;
export const GIGA = 10n ** 9n;

export const MAX_STEPS = 64 * MAX_SEGMENTS;

/** The greatest rate that a training of all steps at all FLOPs can have. */
export const HIGHEST_RATE = ((PRICE_END - 1n) * GIGA) / (BigInt(MAX_STEPS) * MAX_U64);
