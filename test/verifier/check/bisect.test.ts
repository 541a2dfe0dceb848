import { describe, expect, it } from "vitest";
import { bisect, type Difference } from "../../../verifier/check/bisect.ts";

/** Asks until there is an answer, and counts the questions. */
function play(truth: readonly boolean[]) {
  const known: Difference[] = truth.map(() => undefined);
  for (let asked = 0; asked <= truth.length; asked++) {
    const next = bisect(known);
    if (next.kind !== "ask") return { ...next, asked };
    expect(known[next.index]).toBeUndefined();
    known[next.index] = truth[next.index];
  }
  throw new Error("asked more often than there are items");
}
const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => i >= first);

describe("bisect", () => {
  it.each([1, 2, 3, 7, 64])("finds the first of %i that differs, wherever it is, in few questions", (count) => {
    for (let first = 0; first < count; first++) {
      const { asked, ...found } = play(from(first, count));
      expect(found).toEqual({ kind: "found", index: first });
      expect(asked).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(count)));
    }
  });

  it("finds one that differs alone", () => {
    expect(play([false, false, true, false, false])).toMatchObject({ kind: "found", index: 2 });
  });

  it("ends a difference, not the first, where several begin", () => {
    const truth = [false, true, false, false, true, true];
    const { index } = play(truth) as { index: number };
    expect(truth[index] && !truth[index - 1]).toBe(true);
  });

  it("says when nothing differs", () => {
    expect(play([false, false, false])).toEqual({ kind: "equal", asked: 3 });
  });
});
