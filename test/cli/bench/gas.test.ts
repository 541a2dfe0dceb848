import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gasFigures, type Measured } from "../../../cli/bench/gas.ts";
import { snapshotTests } from "../../../cli/bench/snapshot-tests.ts";
import { ROOT } from "../../../cli/paths.ts";

const recorded = (name: string) => JSON.parse(readFileSync(`${ROOT}test/snapshots/gas-${name}.json`, "utf8"));
const measured: Measured = {
  numeric: recorded("numeric"),
  chain: recorded("chain"),
  results: recorded("results"),
  leaves: recorded("leaves"),
};

describe("gas figures", () => {
  const figures = gasFigures(measured);

  it("name every action of a result's and a batch's life", () => {
    const actions = [
      ..."deposit deposit-eth anchor anchor-per-block anchor-per-transaction".split(" "),
      ..."reserve fix-seed commit claim challenge open-segment open-step point prove finalize".split(" "),
      ..."state-claim settle withdraw-finalize".split(" "),
    ];
    for (const action of actions) expect(figures[`gas-${action}`]?.value, action).toBeGreaterThan(0);
  });

  it("are one per measured transaction, none twice", () => {
    const { numeric: _, ...transactions } = measured;
    const count = Object.values(transactions).reduce((sum, gas) => sum + Object.keys(gas).length, 0);
    expect(Object.keys(figures)).toHaveLength(count + 4); // per MAC, per FMA, per block, per transaction
  });

  it("are kebab-case, and the exact dot has its reference", () => {
    for (const name of Object.keys(figures)) expect(name).toMatch(/^(gas|transactions)(-[a-z0-9]+)+$/);
    expect(figures["gas-per-mac"]).toMatchObject({ value: measured.numeric["exact-dot-per-mac"], reference: 140 });
  });

  it("divide an anchor by what it holds", () => {
    const chain = { "anchor-1-header": 100, "anchor-10-headers": 1000, "anchor-1-header-500-transfers": 5100 };
    const { "gas-anchor-per-block": block, "gas-anchor-per-transaction": transaction } = gasFigures({
      ...measured,
      chain,
    });
    expect([block?.value, transaction?.value]).toEqual([100, 10]);
  });
});

describe("measuring tests", () => {
  it("are found by what they hold, and all exist", () => {
    const [all, gas] = [snapshotTests(), snapshotTests("gas-")];
    expect(gas.length).toBeGreaterThanOrEqual(4);
    expect(all.length).toBeGreaterThan(gas.length);
    for (const file of all) expect(existsSync(ROOT + file), file).toBe(true);
  });
});
