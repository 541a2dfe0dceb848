import type { Hex } from "viem";
import { expect, it } from "vitest";
import { firstDiffering } from "../../../verifier/check/shown.ts";
import { WantedError } from "../../../verifier/check/want.ts";

const hash = (byte: string): Hex => `0x${byte.repeat(32)}`;
const OWN = [1, 2, 3, 4, 5].map((i) => hash(`0${i}`));
const want = (segment: number) => ({ path: "segment", segment }) as const;

/** Shows what is asked for until there is an answer. */
function play(differing: readonly number[], from: number, shown: Set<number> = new Set()) {
  for (;;) {
    try {
      return firstDiffering(
        OWN,
        from,
        (index) => (shown.has(index) ? (differing.includes(index) ? hash("ff") : OWN[index]) : undefined),
        want,
      );
    } catch (error) {
      const [wanted] = error instanceof WantedError ? error.wants : [];
      if (wanted?.path !== "segment") throw error;
      expect(shown).not.toContain(wanted.segment);
      shown.add(wanted.segment);
    }
  }
}

it("finds what differs behind a difference that was right", () => {
  expect(play([1, 3], 2, new Set([0, 1]))).toBe(3);
  expect(play([3], 2, new Set([1]))).toBe(3);
  expect(play([4], 4)).toBe(4);
});

it("asks for what halving passed over when the rest is equal, at the end too", () => {
  const shown = new Set([2]);
  expect(() => play([], 3, shown)).toThrow("another root");
  expect(shown.size).toBe(5);
  const atEnd = new Set([4]);
  expect(() => play([], 5, atEnd)).toThrow("another root");
  expect(atEnd.size).toBe(5);
});
