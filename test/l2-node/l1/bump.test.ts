import { describe, expect, it } from "vitest";
import { type Bump, bumped, EIGHTH_MORE, grows, MOST_URGENT, TWICE } from "../../../l2-node/l1/bump.ts";

const GWEI = 1_000_000_000n;

describe("a fee for the next attempt", () => {
  it.each<[string, Bump, bigint, bigint]>([
    ["a tenth", EIGHTH_MORE, 11n, 10n],
    ["as much again, with blobs", TWICE, 2n, 1n],
  ])("is at least %s above the one before, until 64 times the first", (_, bump, more, of) => {
    expect(bumped(GWEI, bump, 0)).toBe(GWEI);
    let last = GWEI;
    let attempts = 0;
    while (last < 64n * GWEI) {
      const next = bumped(GWEI, bump, ++attempts);
      if (next < 64n * GWEI) expect(next * of).toBeGreaterThanOrEqual(last * more);
      expect(next).toBeGreaterThan(last);
      last = next;
    }
    expect(bumped(GWEI, bump, attempts + 1)).toBe(64n * GWEI);
    expect(bumped(GWEI, bump, 1000)).toBe(64n * GWEI);
    expect([grows(bump, attempts - 1), grows(bump, attempts)]).toEqual([true, false]);
    expect(bumped(GWEI, bump, 1000, MOST_URGENT)).toBe(4096n * GWEI);
  });

  it("grows from next to nothing too", () => {
    expect(bumped(1n, EIGHTH_MORE, 1)).toBe(2n);
    expect(bumped(0n, TWICE, 9)).toBe(0n);
  });
});
