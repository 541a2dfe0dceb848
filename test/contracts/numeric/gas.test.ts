import { expect, test } from "vitest";
import { expectSnapshot } from "../../support/gas-snapshot.ts";
import { measureNumericGas } from "../../support/numeric-gas.ts";

test("gas of the numeric libraries is the recorded one", async () => {
  const figures = await measureNumericGas();
  expect(figures["exact-dot-per-mac"]).toBeLessThanOrEqual(140);
  expect(figures["strict-dot-per-fma"]).toBeLessThanOrEqual(650);
  expectSnapshot("gas-numeric", figures);
});
