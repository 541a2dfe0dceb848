// A check under way, while its claimant lets it wait.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import type { DataClient } from "../../../verifier/data/client.ts";
import type { Window } from "../../../verifier/dispute/watch.ts";
import { until } from "../../support/until.ts";
import { inOrder, NOW, openWatchRig, type WatchRig } from "./watch-rig.ts";

let rig: WatchRig;
beforeAll(async () => {
  rig = await openWatchRig();
});
afterEach(() => rig.stop());
afterAll(() => rig?.close());

describe("a check that is under way", () => {
  type Part = "stepHashes" | "segments";
  type Stall<K extends Part> = {
    readonly part: K;
    readonly isStalled: (...args: Parameters<DataClient[K]>) => boolean;
  };
  const ALL: Stall<"segments"> = { part: "segments", isStalled: () => true };
  const FOURTH: Stall<"stepHashes"> = { part: "stepHashes", isStalled: (_, segment) => segment === 3 };

  /** Their claimants let whoever asks for a part wait until they serve, and are deaf to who goes away. */
  async function withStalled<K extends Part>(
    names: readonly ("long" | "hidden" | "other")[],
    { part, isStalled }: Stall<K>,
    act: (asked: readonly string[], serve: () => void) => Promise<void>,
  ): Promise<void> {
    const before = rig.claims;
    const served = Promise.withResolvers<void>();
    const asked: string[] = [];
    const stalled = (name: (typeof names)[number]): ClaimSubject => {
      const { data } = rig.claims[name];
      const ask = async (...args: Parameters<DataClient[K]>) => {
        if (isStalled(...args)) {
          asked.push(name);
          await served.promise;
        }
        return (data[part] as (...args: Parameters<DataClient[K]>) => unknown)(...args);
      };
      return { ...rig.claims[name], data: { ...data, [part]: ask } };
    };
    rig.claims = { ...rig.claims, ...Object.fromEntries(names.map((name) => [name, stalled(name)])) };
    try {
      await act(asked, served.resolve);
    } finally {
      served.resolve();
      await rig.watch!.stop();
      rig.claims = before;
    }
  }

  /** The long claim is looked at, and its claimant lets it wait. */
  const whileLongWaits = <K extends Part>(
    stall: Stall<K>,
    window: Partial<Window>,
    act: (serve: () => void) => Promise<void>,
  ): Promise<void> =>
    withStalled(["long"], stall, async (asked, serve) => {
      rig.look(rig.claims.long, window);
      await until(() => asked[0]);
      await act(serve);
    });

  it.each([1, 2])(
    "gives way to a lie that ends sooner while it waits for its claimant's data (%i at once)",
    async (checkers) => {
      rig.open(checkers);
      await whileLongWaits(ALL, { until: NOW + 2_592_000n }, async (serve) => {
        const { long, lie } = rig.claims;
        rig.clockMs += 7000;
        rig.look(lie, { until: NOW + 3600n });
        expect(await rig.found(lie)).toMatchObject({ finding: "wrong" });
        expect(rig.told("check-broken-off", long)[0]).toMatchObject({ reason: "gave-way" });
        serve();
        expect((await rig.found(long)).finding).toBe("right");
        // What it was waited for is not waited again.
        expect(rig.waited).toEqual([
          ["long", 0],
          ["lie", 0],
          ["long", 7],
        ]);
      });
    },
  );

  it("that gave way where it waited goes on behind the last segment found right", async () => {
    rig.open();
    await whileLongWaits(FOURTH, {}, async (serve) => {
      const { long, lie } = rig.claims;
      rig.look(lie, { until: NOW + 20n });
      await rig.found(lie);
      serve();
      expect((await rig.found(long)).finding).toBe("right");
      expect(rig.segmentsOf(long)).toEqual(inOrder);
    });
  });

  it("gives way to none that ends later while it waits", async () => {
    rig.open();
    await whileLongWaits(ALL, {}, async (serve) => {
      const { long, other } = rig.claims;
      rig.look(other, { until: NOW + 61n });
      rig.clockMs += 20_000;
      rig.look(other, { until: NOW + 61n });
      serve();
      await rig.found(other);
      expect(rig.told("check-broken-off", long)).toEqual([]);
    });
  });

  it("of silent claimants keeps nobody waiting but for their lead, and they take turns", async () => {
    rig.open();
    await withStalled(["long", "hidden"], ALL, async (asked, serve) => {
      const { long, hidden, lie } = rig.claims;
      const lookAll = () => {
        rig.look(long, { until: NOW + 300n });
        rig.look(hidden, { until: NOW + 300n });
        rig.look(lie, { until: NOW + 390n });
      };
      lookAll();
      await until(() => asked[0]);
      for (const expected of [["long"], ["long", "hidden"]]) {
        expect(asked).toEqual(expected);
        // Each is waited for a minute; twice that is more than their lead.
        rig.clockMs += 61_000;
        lookAll();
        if (expected.length === 1) await until(() => asked[1]);
      }
      expect(await rig.found(lie)).toMatchObject({ finding: "wrong" });
      // Then for twice as long in turn, so that each gets what it takes.
      await until(() => asked[2]);
      rig.clockMs += 61_500;
      lookAll();
      await until(() => asked[3]);
      expect(asked).toEqual(["long", "hidden", "long", "hidden"]);
      serve();
      expect((await rig.found(long)).finding).toBe("right");
      expect((await rig.found(hidden)).finding).toBe("right");
    });
  });

  it("of a claimant that serves slowly is not put behind what can wait: only computing counts as work", async () => {
    rig.open();
    const { lie, other } = rig.claims;
    const { data } = lie;
    const stepHashes: typeof data.stepHashes = async (...args) => {
      await sleep(1500);
      return data.stepHashes(...args);
    };
    rig.claims = { ...rig.claims, lie: { ...lie, data: { ...data, stepHashes } } };
    try {
      rig.look(rig.claims.lie, { until: NOW + 2n });
      rig.look(other, { until: NOW + 5000n });
      expect(await rig.found(lie)).toMatchObject({ finding: "wrong" });
      expect(rig.told("checked", other)).toEqual([]);
    } finally {
      rig.claims = { ...rig.claims, lie };
    }
  });

  it("that is only compared gives way while it waits for the claimed end", async () => {
    rig.open();
    const { long, lie } = rig.claims;
    const served = Promise.withResolvers<void>();
    let isAsked = false;
    rig.onRoots = async (root) => {
      if (root !== long.claim.resultRoot) return;
      isAsked = true;
      await served.promise;
    };
    rig.look(long);
    await until(() => isAsked || undefined);
    rig.look(lie);
    expect(await rig.found(lie)).toMatchObject({ finding: "wrong" });
    served.resolve();
    expect((await until(() => rig.told("compared", long)[0])).honestWordsDiffering).toBe(0);
    rig.onRoots = async () => {};
  });
});
