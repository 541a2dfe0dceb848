import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openGate } from "../../../l2-node/rpc/gate.ts";

/** Work that ends when told to. */
function task() {
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const state = { started: false };
  return {
    state,
    end,
    work: async () => {
      state.started = true;
      await ended;
    },
  };
}
const settle = () => sleep(0);

describe("the gate for calls", () => {
  it("runs so many at once, the next as one ends, even by failing, in order of arrival", async () => {
    const gate = openGate({ maxRunning: 2, maxWaiting: 10, maxWaitMs: 60_000 });
    const tasks = Array.from({ length: 4 }, task);
    const started = () => tasks.map(({ state }) => state.started);
    const [, ...rest] = tasks.map(({ work }, i) =>
      gate(i === 0 ? () => work().then(() => Promise.reject(new Error("failed"))) : work).catch(() => "failed"),
    );
    await settle();
    expect(started()).toEqual([true, true, false, false]);
    tasks[0]!.end();
    await settle();
    expect(started()).toEqual([true, true, true, false]);
    tasks[1]!.end();
    await settle();
    expect(started()).toEqual([true, true, true, true]);
    for (const { end } of tasks) end();
    expect(await Promise.all(rest)).toEqual([undefined, undefined, undefined]);
    expect(await gate(async () => "free again")).toBe("free again");
  });

  it("refuses at once when too many wait", async () => {
    const gate = openGate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: 60_000 });
    const [running, waiting] = [task(), task()];
    const both = [gate(running.work), gate(waiting.work)];
    await expect(gate(async () => 1)).rejects.toMatchObject({ code: -32005 });
    running.end();
    waiting.end();
    await Promise.all(both);
  });

  it("turns away who waited too long, and goes on with the one after", async () => {
    const gate = openGate({ maxRunning: 1, maxWaiting: 5, maxWaitMs: 20 });
    const [running, late] = [task(), task()];
    const first = gate(running.work);
    const refused = expect(gate(late.work)).rejects.toMatchObject({ code: -32005 });
    await sleep(30);
    const inTime = gate(async () => "ran");
    running.end();
    await refused;
    expect([await inTime, late.state.started]).toEqual(["ran", false]);
    await first;
  });
});
