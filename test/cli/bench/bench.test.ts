import { expect, it } from "vitest";
import { bench } from "../../../cli/commands/bench.ts";

it("refuses a suite that does not exist, and names those that do", async () => {
  await expect(bench("speed", { json: true })).rejects.toMatchObject({
    code: "usage",
    actual: "speed",
    hint: "suites: check, commit, execute, gas, gpu, memory, opening, precision, rpc, seal, sync, tolerance, train",
  });
  await expect(bench("toString", { json: true })).rejects.toMatchObject({ code: "usage" });
});
