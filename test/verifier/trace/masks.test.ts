import { encodeAbiParameters, keccak256, slice } from "viem";
import { afterAll, describe, expect, test } from "vitest";
import { philox } from "../../../verifier/numerics/philox.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { fillMask } from "../../../verifier/trace/masks.ts";
import { MASK_SEED } from "../../support/masks.ts";

const HALF = 2 ** 31;
const mask = (length: number, step: number, feed: number, keep: number): Uint8Array => {
  const drawn = new Uint8Array(length);
  fillMask(drawn, MASK_SEED, step, feed, keep);
  return drawn;
};

/** P4.6, element by element. */
function element(step: number, feed: number, keep: number, e: number): number {
  const types = [{ type: "bytes32" }, { type: "uint256" }, { type: "uint256" }] as const;
  const stream = keccak256(encodeAbiParameters(types, [MASK_SEED, BigInt(step), BigInt(feed)]));
  const word = (i: number) => Number(BigInt(slice(stream, 4 * i, 4 * i + 4)));
  const block = Uint32Array.of(e >> 2, 0, word(2), word(3));
  philox(block, word(0), word(1));
  return Number(block[e & 3]! < keep);
}

describe("a mask", () => {
  test("each element is what the rule says, whatever the length", () => {
    for (const length of [0, 1, 4, 5, 37]) {
      expect(Array.from(mask(length, 70_000, 3, HALF))).toEqual(
        Array.from({ length }, (_, e) => element(70_000, 3, HALF, e)),
      );
    }
  });
  test("steps and feeds draw others", () => {
    const drawn = [mask(64, 0, 2, HALF), mask(64, 1, 2, HALF), mask(64, 0, 3, HALF)].map((bools) => bools.join(""));
    expect(new Set(drawn).size).toBe(3);
  });
  test.each([
    [1, 0],
    [0.1 * 2 ** 32, 0.1],
    [0.9 * 2 ** 32, 0.9],
    [2 ** 32 - 1, 1],
  ])("keeps %f of 2³²", (keep, share) => {
    const drawn = mask(40_000, 5, 2, Math.floor(keep));
    expect(drawn.reduce((sum, bool) => sum + bool, 0) / drawn.length).toBeCloseTo(share, 2);
  });
});

const gatherer = openGatherer(datasetOf([{ dtype: "uint8", shape: [3, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }]));
afterAll(() => gatherer.close());

test("the gathering thread puts masks behind the rows, step after step", async () => {
  const masks = [
    { elements: 5, keep: HALF },
    { elements: 3, keep: HALF },
  ];
  const order = { sequential: true, seed: MASK_SEED, datasetRows: 3, batchRows: 1, masks };
  const [rows, first, second] = await gatherer.feeds(order, 1, 2);
  expect(Array.from(rows!)).toEqual([3, 4, 5, 6]);
  expect(Array.from(first!)).toEqual([...mask(5, 1, 1, HALF), ...mask(5, 2, 1, HALF)]);
  expect(Array.from(second!)).toEqual([...mask(3, 1, 2, HALF), ...mask(3, 2, 2, HALF)]);
});
