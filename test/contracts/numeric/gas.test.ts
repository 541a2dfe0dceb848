import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { measureNumericGas } from "../../support/numeric-gas.ts";

const path = new URL("../../snapshots/gas-numeric.json", import.meta.url);

// UPDATE_GAS=1 writes the figures anew.
test("gas of the numeric libraries is the recorded one", async () => {
  const figures = await measureNumericGas();
  if (process.env.UPDATE_GAS) writeFileSync(path, `${JSON.stringify(figures, null, 2)}\n`);
  expect(figures).toEqual(JSON.parse(readFileSync(path, "utf8")));
  expect(figures["exact-dot-per-mac"]).toBeLessThanOrEqual(200);
  expect(figures["strict-dot-per-fma"]).toBeLessThanOrEqual(650);
});
