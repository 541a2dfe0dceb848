import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { onDemand } from "../../../verifier/claims/on-demand.ts";

function counted(idleMs: number, fails = 0) {
  const seen = { opened: 0, closed: 0 };
  const thing = onDemand(async () => {
    seen.opened++;
    if (seen.opened <= fails) throw new Error("not yet");
    return {
      close: async () => {
        seen.closed++;
      },
    };
  }, idleMs);
  return { seen, thing };
}

describe("on demand", () => {
  it("opens nothing that nobody uses", async () => {
    const { seen, thing } = counted(0);
    await thing.close();
    expect(seen).toEqual({ opened: 0, closed: 0 });
  });

  it("opens once for users at the same time, and stays open under the slowest", async () => {
    const { seen, thing } = counted(0);
    await Promise.all([
      thing.use(() => sleep(30)),
      thing.use(async () => {
        await sleep(20);
        expect(seen).toEqual({ opened: 1, closed: 0 });
      }),
      thing.use(async () => {}),
    ]);
    await sleep(20);
    expect(seen).toEqual({ opened: 1, closed: 1 });
  });

  it("opens again after it was idle, or after it could not be opened", async () => {
    const { seen, thing } = counted(0, 1);
    await expect(thing.use(async () => {})).rejects.toThrow("not yet");
    await thing.use(async () => {});
    await sleep(20);
    await thing.use(async () => {});
    await thing.close();
    expect(seen).toEqual({ opened: 3, closed: 2 });
  });

  it("closes once, also when it is closed while it waits to", async () => {
    const { seen, thing } = counted(5);
    await thing.use(async () => {});
    await thing.close();
    await sleep(20);
    expect(seen).toEqual({ opened: 1, closed: 1 });
  });
});
