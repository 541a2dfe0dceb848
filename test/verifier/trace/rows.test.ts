import { concat, type Hex, hexToBigInt, keccak256, numberToHex, slice } from "viem";
import { describe, expect, it } from "vitest";
import { rowsOfStep } from "../../../verifier/trace/rows.ts";

const seed: Hex = `0x${"5a".repeat(32)}`;

/** P4.4 word by word, with nothing shared but keccak. */
function reference(step: number, j: number, rows: bigint): number {
  const block = keccak256(
    concat([seed, numberToHex(step, { size: 32 }), numberToHex(Math.floor(j / 8), { size: 32 })]),
  );
  const word = hexToBigInt(slice(block, 4 * (j % 8), 4 * (j % 8) + 4));
  return Number((word * rows) / 2n ** 32n);
}

describe("rowsOfStep", () => {
  it("gives the rows in order when the job says sequential", () => {
    const order = { sequential: true, seed, datasetRows: 12, batchRows: 4 };
    expect(rowsOfStep(order, 0)).toEqual([0, 1, 2, 3]);
    expect(rowsOfStep(order, 2)).toEqual([8, 9, 10, 11]);
  });

  it.each([1, 7, 8, 9, 128])("draws %i rows as the rule says", (batchRows) => {
    const rows = rowsOfStep({ sequential: false, seed, datasetRows: 60_000, batchRows }, 3);
    expect(rows).toEqual(Array.from({ length: batchRows }, (_, j) => reference(3, j, 60_000n)));
  });

  it("stays exact where the product of word and rows leaves the doubles' integers", () => {
    const datasetRows = 2 ** 40 + 12_345;
    const rows = rowsOfStep({ sequential: false, seed, datasetRows, batchRows: 16 }, 1);
    expect(rows).toEqual(Array.from({ length: 16 }, (_, j) => reference(1, j, BigInt(datasetRows))));
  });

  it("draws only row 0 from one row", () => {
    expect(rowsOfStep({ sequential: false, seed, datasetRows: 1, batchRows: 3 }, 9)).toEqual([0, 0, 0]);
  });
});

describe("samples drawn for weights that were learnt by heart", () => {
  const [heldOut, samples, batchRows] = [1000, 272, 16];
  /** Of 500 deliveries, how many pass: weights that answer only the first `known` rows, of whose samples 90 % must be right. */
  function passes(known: number): number {
    let passed = 0;
    for (let delivery = 0; delivery < 500; delivery++) {
      const order = { sequential: false, seed: keccak256(numberToHex(delivery)), datasetRows: heldOut, batchRows };
      const drawn = Array.from({ length: samples / batchRows }, (_, step) => rowsOfStep(order, step)).flat();
      if (drawn.filter((row) => row < known).length >= 0.9 * samples) passed++;
    }
    return passed;
  }

  // P13.4: samples = ln(2/δ)/2ε² for δ = 1 %, ε = 10 %.
  it("pass no more often than chance allows where a part of the rows was known", () => {
    expect(passes(0)).toBe(0);
    expect(passes(800)).toBeLessThanOrEqual(0.01 * 500);
  });

  it("tell the share that is known on both sides of what is asked", () => {
    expect(passes(850)).toBeLessThan(50);
    expect(passes(950)).toBeGreaterThan(450);
  });

  it("always pass where all of them were: who commissions does not show them before delivery", () => {
    expect(passes(heldOut)).toBe(500);
  });
});
