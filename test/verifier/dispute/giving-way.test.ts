// A check under way, while something more urgent comes.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { MAX_KEPT } from "../../../verifier/trace/room.ts";
import { until } from "../../support/until.ts";
import { inOrder, NOW, openWatchRig, SEGMENTS, type WatchRig } from "./watch-rig.ts";

let rig: WatchRig;
beforeAll(async () => {
  rig = await openWatchRig();
});
afterEach(() => rig.stop());
afterAll(() => rig?.close());

describe("a check that is under way", () => {
  it.each([
    [1, "one after the other", { kind: "all" } as const],
    [1, "a sample of all", { kind: "sample", share: 1 } as const],
    [2, "two at once", { kind: "all" } as const],
  ])("gives way to a more urgent one and goes on where it stood (%i at once: %s)", async (checkers, _, policy) => {
    rig.open(checkers, policy);
    const { long, lie } = rig.claims;
    rig.once(2, long, () => rig.look(lie, { until: NOW + 59n }));
    rig.look(long);
    expect(await rig.found(lie)).toMatchObject({ finding: "wrong", step: 3 });
    expect(rig.told("checked", long)).toEqual([]);
    expect((await rig.found(long)).finding).toBe("right");
    // Each of them once.
    expect(rig.segmentsOf(long).sort()).toEqual(inOrder);
    expect(rig.told("check-broken-off", long).map(({ reason }) => reason)).toEqual(["gave-way"]);
  });

  it("gives way to a lie that ends sooner, however often it gave way to right claims before", async () => {
    rig.open();
    const { long, other, lie } = rig.claims;
    rig.onEvent = (event) => {
      if (event.event !== "segment-checked" || event.claimHash !== long.claimHash) return;
      if (rig.segmentsOf(long).length <= MAX_KEPT) {
        rig.watch!.forget(other.claimHash);
        rig.look(other, { until: NOW + 10n });
      } else if (rig.segmentsOf(long).length < SEGMENTS) rig.look(lie, { until: NOW + 20n });
    };
    rig.look(long);
    expect(await rig.found(lie)).toMatchObject({ finding: "wrong", step: 3 });
    expect(rig.told("checked", long)).toEqual([]);
    expect((await rig.found(long)).finding).toBe("right");
    expect(rig.segmentsOf(long)).toEqual(inOrder);
    // Nothing stays behind.
    await until(() => readdirSync(join(rig.folder, "shelf")).length === 0 || undefined);
  });

  it("gives way to a lie that ends sooner, however often its own run gave way beside a claim of which nothing is served", async () => {
    const { dark, other, lie } = rig.claims;
    let computed = 0;
    rig.open(1, { kind: "all" }, () => {
      computed += 1;
      if (computed <= MAX_KEPT) {
        rig.watch!.forget(other.claimHash);
        rig.look(other, { until: NOW + 10n });
      } else rig.look(lie, { until: NOW + 20n });
    });
    rig.look(dark);
    expect(await rig.found(lie)).toMatchObject({ finding: "wrong", step: 3 });
    expect(rig.told("checked", dark)).toEqual([]);
    expect((await rig.found(dark)).finding).toBe("right");
    expect(computed).toBe(SEGMENTS);
  });

  it("of which no state could stay begins anew after the others, and is done", async () => {
    rig.open(1, { kind: "all" }, undefined, undefined, 1);
    const { long, hidden, lie } = rig.claims;
    let step = 0;
    rig.onEvent = () => {
      if (step === 0 && rig.segmentsOf(long).length === 2) {
        step = 1;
        rig.look(hidden, { until: NOW + 40n });
      } else if (step === 1 && rig.segmentsOf(hidden).length === 3) {
        step = 2;
        rig.look(lie, { until: NOW + 20n });
      }
    };
    rig.look(long);
    expect((await rig.found(long)).finding).toBe("right");
    // The more urgent one has the one place.
    expect(rig.segmentsOf(hidden)).toEqual(inOrder);
    expect(rig.segmentsOf(long)).toEqual([0, 1, ...inOrder]);
    expect(rig.events.filter(({ event }) => event === "checked").map(({ claimHash }) => claimHash)).toEqual(
      [lie, hidden, long].map(({ claimHash }) => claimHash),
    );
  });

  it("goes on where it stood though its claimant serves no state in between", async () => {
    rig.open();
    const { hidden, lie } = rig.claims;
    rig.once(4, hidden, () => rig.look(lie, { until: NOW + 59n }));
    rig.look(hidden);
    await rig.found(lie);
    expect(rig.told("checked", hidden)).toEqual([]);
    expect((await rig.found(hidden)).finding).toBe("right");
    expect(rig.segmentsOf(hidden)).toEqual(inOrder);
  });

  it("goes on with an own run where it stood, of a claim of which nothing is served", async () => {
    let computed = 0;
    const { dark, lie } = rig.claims;
    rig.open(1, { kind: "all" }, () => {
      computed += 1;
      if (computed === 3) rig.look(lie, { until: NOW + 59n });
    });
    rig.look(dark);
    await rig.found(lie);
    expect(rig.told("checked", dark)).toEqual([]);
    expect((await rig.found(dark)).finding).toBe("right");
    expect(computed).toBe(SEGMENTS);
    expect(rig.told("check-broken-off", dark)).toHaveLength(1);
  });

  it.each([
    ["no sooner", 60n],
    ["later", 61n],
  ])("gives way to none that ends %s", async (_, end) => {
    rig.open();
    const { long, other } = rig.claims;
    rig.once(2, long, () => rig.look(other, { until: NOW + end }));
    rig.look(long);
    await rig.found(other);
    expect(rig.told("check-broken-off", long)).toEqual([]);
    expect(rig.told("checked", long)).toHaveLength(1);
  });

  it("that cannot end in time gives way to a lie that is in reach, though that ends later", async () => {
    rig.open();
    const { long, lie } = rig.claims;
    // In its last second, and five segments are left: by any machine's pace too many once a second is too few.
    rig.once(1, long, () => {
      rig.look(lie, { until: NOW + 500n });
      rig.look(long, { until: NOW });
    });
    rig.look(long, { until: NOW });
    await rig.found(lie);
    expect(rig.told("checked", long)).toEqual([]);
    await rig.found(long);
    expect(rig.segmentsOf(long)).toEqual(inOrder);
  });
});
