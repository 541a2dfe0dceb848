import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createPublicClient, type Hex, http } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import { DataUnavailableError } from "../../../verifier/data/client.ts";
import type { Watched } from "../../../verifier/dispute/look-at.ts";
import { openWatch } from "../../../verifier/dispute/watch.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { requireRoom, roomAt, roomToCheck } from "../../../verifier/trace/room.ts";
import { smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";
import { inOrder, NOW, openWatchRig, SEGMENTS, SILENT, type WatchRig } from "./watch-rig.ts";

test("an event about a failed check is without the endpoint's credentials", async () => {
  const l1 = createPublicClient({ transport: http("http://127.0.0.1:1/v3/APIKEY", { retryCount: 0 }) });
  const graph = async () => {
    throw new DataUnavailableError("graph", "not served");
  };
  const events: object[] = [];
  const watch = openWatch({
    libraryFor: () => ({ graph }),
    published: () => l1.getBlockNumber(),
    events: (event: object) => void events.push(event),
    checkers: 1,
    secret: "0x5ec7e7",
    shelf: { clear: () => {} },
  } as never);
  const spec = { task: { id: "0x02", flags: 0, graph: { root: "0x03" } } };
  const window = { until: 9n, usefulUntil: 9n, nowSeconds: 1n };
  watch.look({ claimHash: "0x01", claim: { id: "0x02" } } as never, spec as never, window);
  await until(() => events[0]);
  await watch.stop();
  const error = "http://127.0.0.1:1/… does not answer";
  expect(events).toEqual([{ event: "check-failed", claimHash: "0x01", error }]);
});

let rig: WatchRig;
beforeAll(async () => {
  rig = await openWatchRig();
});
afterEach(() => rig.stop());
afterAll(() => rig?.close());

describe("a check that is under way", () => {
  it("is given up once its claim is decided, and looked at anew if a fork of L1 opens it again", async () => {
    rig.open();
    const { long } = rig.claims;
    rig.once(2, long, () => rig.watch!.forget(long.claimHash as Hex));
    rig.look(long);
    const { reason, segmentsChecked } = await until(() => rig.told("check-broken-off", long)[0]);
    expect({ reason, segmentsChecked }).toEqual({ reason: "decided", segmentsChecked: 2 });
    expect(rig.told("checked", long)).toEqual([]);
    await until(() => (rig.look(long).finding.kind === "right" ? true : undefined));
    expect(rig.segmentsOf(long)).toEqual([0, 1, ...inOrder]);
  });

  it("that this machine cannot hold is not begun, is said, and keeps nobody from the others", async () => {
    const { long, other } = rig.claims;
    rig.open(1, { kind: "all" }, undefined, ({ id }) => {
      if (id === long.inputs.task.id)
        requireRoom(
          { memoryBytes: 2n, heapBytes: 0n, diskBytes: 0n },
          { memoryBytes: 1n, heapBytes: 0n, diskBytes: 0n },
        );
    });
    rig.look(long, { until: NOW + 10n });
    rig.look(other);
    await rig.found(other);
    expect(rig.told("check-failed", long)[0]!.error).toMatch(/may take 2 bytes of memory, 1 may be used/);
    expect(rig.segmentsOf(long)).toEqual([]);
  });

  it.each([
    [1, "all", { kind: "all" } as const],
    [2, "all", { kind: "all" } as const],
    [1, "a sample", { kind: "sample", share: 0.5 } as const],
  ])(
    "of more segments than a machine could hold is not begun, and ends nothing else (%i at once: %s)",
    async (checkers, _, policy) => {
      rig.open(checkers, policy, undefined, (task, graph) => requireRoom(roomToCheck(task, graph), roomAt(rig.folder)));
      const { other } = rig.claims;
      const small = smallTask();
      const many = { ...small, task: { ...small.task, steps: 2 ** 32 - 1, segmentSteps: 1 } };
      const absurd: ClaimSubject = {
        claimHash: `0x${"ab".repeat(32)}`,
        claim: { ...other.claim, id: many.task.id },
        inputs: many,
        data: SILENT,
      };
      rig.look(absurd, { until: NOW + 10n });
      rig.look(other);
      expect((await rig.found(other)).finding).toBe("right");
      expect(rig.told("check-failed", absurd)[0]!.error).toMatch(/bytes of (memory|heap)/);
      // Its claimant is asked on L1, as one that serves nothing: silence loses it.
      expect(rig.look(absurd).finding.kind).toBe("unavailable");
    },
  );

  it("that only waits is never begun once its claim is decided", async () => {
    rig.open();
    const { long, other } = rig.claims;
    rig.look(long, { until: NOW + 10n });
    rig.look(other);
    rig.watch!.forget(other.claimHash);
    await rig.found(long);
    await rig.watch!.stop();
    expect(rig.events.filter(({ claimHash }) => claimHash === other.claimHash)).toEqual([]);
  });

  it.each([
    ["in the last second", 0n, 0n, "right"],
    ["a second later", 1n, 0n, "unknown"],
    ["a second later, for who has challenged", 1n, 1n, "right"],
  ])("ends with its window: %s", async (_, late, useful, finding) => {
    rig.open();
    const { long } = rig.claims;
    const window = { until: NOW, usefulUntil: NOW + useful };
    rig.once(2, long, () => rig.look(long, { ...window, nowSeconds: NOW + late }));
    rig.look(long, window);
    const isOver = ({ event }: ServiceEvent) => event === "checked" || event === "check-broken-off";
    expect((await until(() => rig.events.find(isOver))).finding ?? "unknown").toBe(finding);
    expect(rig.segmentsOf(long).length).toBe(finding === "right" ? SEGMENTS : 2);
    // Nothing is begun again, but where the window is longer than it was.
    rig.look(long, { until: NOW + 2n, nowSeconds: NOW + late });
    await until(() => (rig.look(long, { until: NOW + 2n }).finding.kind === "right" ? true : undefined));
  });

  it("is compared with an own run only when nothing is left to be checked", async () => {
    rig.open();
    const { long, other } = rig.claims;
    rig.look(long);
    rig.look(other, { until: NOW + 61n });
    const compared = await until(() => rig.told("compared", long)[0]);
    expect(compared.honestWordsDiffering).toBe(0);
    expect(rig.events.indexOf(rig.told("checked", other)[0]!)).toBeLessThan(rig.events.indexOf(compared));
  });

  it("of a claim of which nothing is served keeps its own run over a question on L1, whose answer may leave no time for another", async () => {
    let computed = 0;
    rig.open(1, { kind: "all" }, () => {
      computed += 1;
    });
    const { darkLie, other } = rig.claims;
    rig.look(darkLie);
    expect(await rig.found(darkLie)).toMatchObject({ finding: "wanted", wants: [{ path: "segment" }] });
    expect(computed).toBe(SEGMENTS);
    rig.look(other);
    await rig.found(other);

    rig.published = { ...rig.published, leaf: rig.darkLeaf };
    const foundAfter = (before?: Watched) =>
      until(() => {
        const seen = rig.look(darkLie);
        return seen === before || seen.finding.kind === "unknown" ? undefined : seen;
      });
    /** What is computed by another look. */
    const lookAgain = async (): Promise<number> => {
      const [before, seen] = [computed, await foundAfter()];
      rig.watch!.again(darkLie.claimHash, seen);
      expect((await foundAfter(seen)).finding).toEqual({ kind: "closed", segment: 1 });
      return computed - before;
    };
    // Up to the segment that differs; then no more.
    for (const more of [1, 0, 0]) expect(await lookAgain()).toBe(more);
    rig.watch!.forget(darkLie.claimHash);
    expect(readdirSync(join(rig.folder, "shelf"))).toEqual([]);
    const before = computed;
    await foundAfter();
    expect(computed - before).toBe(SEGMENTS + 1);
  });
});
