import { concatHex, type Hex, numberToHex, padHex } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { testAddress } from "../../support/transactions.ts";
import { turnsDuring } from "../../support/turns.ts";
import { makeRig, type Rig } from "./rig.ts";

let rig: Rig;
beforeAll(() => {
  rig = makeRig();
  rig.deliver();
});
afterAll(() => rig.execution.close());

const CALLS = 24;
const push2 = (value: number): Hex => concatHex(["0x61", numberToHex(value, { size: 2 })]);
/** Straight-line code: that many calls with `size` bytes of memory. */
const calls = (to: Hex, size: number, count: number): Hex =>
  concatHex(
    Array.from(
      { length: count },
      (): Hex => concatHex(["0x5f5f", push2(size), "0x5f73", padHex(to, { size: 20 }), "0x5afa50"]),
    ),
  );
const turnsOf = async (data: Hex) => {
  const { result, turns } = await turnsDuring(() => rig.execution.call({ from: testAddress(0), data }, "latest"));
  expect(result.status).toBe("success");
  return turns;
};

describe("straight-line calls of precompiles", () => {
  test("let the node breathe between them if they are dear", async () => {
    // A pairing of nothing: 45,000 gas.
    const more = (await turnsOf(calls("0x08", 0, CALLS))) - (await turnsOf(calls("0x08", 0, 1)));
    expect(more).toBeGreaterThanOrEqual(CALLS - 1);
    // Undecodable data for DNN: 2,600 gas and 16 for each of 2,000 words.
    const long = (await turnsOf(calls(DNN_ADDRESS, 64_000, CALLS))) - (await turnsOf(calls(DNN_ADDRESS, 64_000, 1)));
    expect(long).toBeGreaterThanOrEqual(CALLS / 2 - 1);
  });

  test("do not waste time on it if they are cheap", async () => {
    expect(await turnsOf(calls("0x04", 32, CALLS))).toBeLessThan(CALLS / 2);
  });
});
