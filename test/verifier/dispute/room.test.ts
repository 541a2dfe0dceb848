import { expect, test } from "vitest";
import { roomAtPlainFee } from "../../../verifier/dispute/room.ts";

const DAY = 86_400n;
const NOW = 1_000_000n;

/** Asks one after the other as Demands does (P7.2), and counts those whose fee is not doubled. */
function counted(tailDue: bigint | undefined, answerSeconds: bigint, regenerationSeconds: bigint): number {
  const wanted = answerSeconds / 128n + regenerationSeconds;
  const spacing = wanted === 0n ? 1n : wanted < answerSeconds ? wanted : answerSeconds;
  let [tail, count] = [tailDue, 0];
  for (;;) {
    const alone = NOW + answerSeconds;
    const due: bigint = tail !== undefined && tail + spacing > alone ? tail + spacing : alone;
    if ((due - NOW) / answerSeconds - 1n > 0n) return count;
    [tail, count] = [due, count + 1];
  }
}

test.each([
  ["an empty queue", undefined, DAY, 0n],
  ["segments that take an hour", undefined, DAY, 3600n],
  ["segments that take longer than an answer may", undefined, DAY, 10n * DAY],
  ["the devnet's clocks", undefined, 15n, 0n],
  ["an answer time of a second", undefined, 1n, 0n],
  ["one that is due soon", NOW + 10n, DAY, 3600n],
  ["a second before the fee doubles", NOW + 2n * DAY - 675n - 1n, DAY, 0n],
  ["the second in which it doubles", NOW + 2n * DAY - 675n, DAY, 0n],
  ["a queue that somebody has filled", NOW + 9n * DAY, DAY, 0n],
])("%s", (_, tailDue, answerSeconds, regenerationSeconds) => {
  const room = roomAtPlainFee({ nowSeconds: NOW, tailDue, answerSeconds, regenerationSeconds });
  expect(room).toBe(counted(tailDue, answerSeconds, regenerationSeconds));
});
