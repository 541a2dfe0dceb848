/** Due times of a claim's questions (P7.2), in L1 seconds. */
export type DueQueue = {
  readonly nowSeconds: bigint;
  /** Of the question asked last, while any waits. */
  readonly tailDue: bigint | undefined;
  readonly answerSeconds: bigint;
  /** What computing a segment of the claim again takes. */
  readonly regenerationSeconds: bigint;
};

const SPACING_DIVISOR = 128n;

/** How many more questions cost the plain open fee: it doubles with every answer time that they queue up. */
export function roomAtPlainFee({ nowSeconds, tailDue, answerSeconds, regenerationSeconds }: DueQueue): number {
  const wanted = answerSeconds / SPACING_DIVISOR + regenerationSeconds;
  const spacing = wanted < 1n ? 1n : wanted < answerSeconds ? wanted : answerSeconds;
  const alone = nowSeconds + answerSeconds;
  const behind = tailDue === undefined ? alone : tailDue + spacing;
  const left = alone + answerSeconds - 1n - (behind > alone ? behind : alone);
  return left < 0n ? 0 : Number(left / spacing) + 1;
}
