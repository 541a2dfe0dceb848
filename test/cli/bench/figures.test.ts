import { describe, expect, it } from "vitest";
import { compared, median, paired } from "../../../cli/bench/figures.ts";

describe("figures", () => {
  it("take the middle of an odd count and the mean of the two middles of an even one", () => {
    expect(median([3])).toBe(3);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 2, 1, 4])).toBe(3);
  });

  it("give value over reference", () => {
    expect(compared(142, 200, "gas")).toEqual({ value: 142, unit: "gas", reference: 200, ratio: 0.71 });
  });

  it("of rounds give the median of the rounds' ratios: a round slowed as a whole moves nothing", () => {
    const rounds = [
      { value: 9, reference: 10 },
      { value: 0.9, reference: 1 },
      { value: 90, reference: 100 },
    ];
    expect(paired(rounds, "steps/s")).toEqual({ value: 9, unit: "steps/s", reference: 10, ratio: 0.9 });
    expect(paired([...rounds, { value: 1, reference: 100 }, { value: 1, reference: 100 }], "x").ratio).toBe(0.9);
  });
});
