import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { trainTask } from "../../../common/task.ts";
import { openWorkbench } from "../../../verifier/claims/workbench.ts";
import { DeclinedError } from "../../../verifier/trace/canonical.ts";
import { testJob } from "../../l2-node/execution/rig.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RETRY_MS = 2000;
const spec = { task: trainTask(testJob(`0x${"11".repeat(20)}`)), seed: ZERO_HASH, consumed: undefined };

/** Tries of a run that fails each time, as a loop that asks four times a second starts them, within so many seconds. */
async function triesWithin(seconds: number, error: Error): Promise<number[]> {
  const tries: number[] = [];
  const begin = Date.now();
  const compute = async () => {
    tries.push((Date.now() - begin) / 1000);
    throw error;
  };
  const bench = openWorkbench(
    { claimant: "0x", dataUrl: "", salt: () => "0x", retryMs: RETRY_MS },
    { runs: { compute } as never, onFailure: () => {} },
  );
  while (Date.now() < begin + 1000 * seconds) {
    if (bench.workOf(spec).state === "none") bench.start(spec, {} as never);
    await vi.advanceTimersByTimeAsync(250);
  }
  return tries;
}

it("tries a run that fails again, each time after twice as long, and at last every two minutes", async () => {
  const tries = await triesWithin(600, new Error("nobody serves its rows"));
  const pauses = tries.slice(1).map((at, i) => Math.floor(at - tries[i]!));
  expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 128, 128]);
});

it("tries no run again that would fail the same way", async () => {
  expect(await triesWithin(600, new DeclinedError("its labels are out of range"))).toHaveLength(1);
});
