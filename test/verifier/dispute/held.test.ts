// Claims that nothing is done about at the moment, kept so that a check under way has no place, or no time.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { numberToHex } from "viem";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import { MAX_KEPT } from "../../../verifier/trace/room.ts";
import { until } from "../../support/until.ts";
import { inOrder, NOW, openWatchRig, SILENT, type WatchRig } from "./watch-rig.ts";

let rig: WatchRig;
beforeAll(async () => {
  rig = await openWatchRig();
});
afterEach(() => rig.stop());
afterAll(() => rig?.close());

let made = 0;
const copyOf = (claim: ClaimSubject): ClaimSubject => ({ ...claim, claimHash: numberToHex(++made, { size: 32 }) });
/** What a look ends in, once its turn is over. */
const finding = (claim: ClaimSubject) =>
  until(() => {
    const { kind } = rig.look(claim).finding;
    return kind === "unknown" ? undefined : kind;
  });
const kept = () => readdirSync(join(rig.folder, "shelf")).length;

/** The long claim is checked, and gives way to a small one behind each of its segments, the first few times. */
async function checkedInterrupted(window: { until: bigint }): Promise<void> {
  const { long, other } = rig.claims;
  let waves = 0;
  const before = rig.onEvent;
  rig.onEvent = (event) => {
    before(event);
    const isIt = event.event === "segment-checked" && event.claimHash === long.claimHash;
    if (isIt && event.segment !== inOrder.at(-1) && waves++ < 10) rig.look(copyOf(other), { until: NOW + 50n });
  };
  rig.look(long, window);
  await rig.found(long);
  expect(rig.segmentsOf(long)).toEqual(inOrder);
}

it("a check that gives way keeps what it has computed, though of four claims more was computed about which L1 is asked", async () => {
  rig.open();
  rig.computeMs = 1000;
  rig.published = { ...rig.published, leaf: rig.darkLeaf };
  for (let i = 0; i < MAX_KEPT; i++) {
    const asked = copyOf(rig.claims.darkLie);
    expect(await finding(asked)).toBe("closed");
  }
  await checkedInterrupted({ until: NOW + 60n });
});

it("a check that gives way keeps what it has computed, though more was of four claims that cannot be checked in time", async () => {
  rig.open();
  rig.computeMs = 1000;
  const late: ClaimSubject[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const next = (): void => {
    late.push(copyOf(rig.claims.long));
    rig.look(late.at(-1)!, { until: NOW + 40n - BigInt(late.length) });
  };
  let checked: Promise<void> | undefined;
  rig.onEvent = ({ event, claimHash, segment }) => {
    if (event !== "segment-checked" || segment !== 2 || claimHash !== late.at(-1)?.claimHash) return;
    if (late.length < MAX_KEPT) next();
    else if (checked === undefined) {
      // In their last second: any work that is left is too much, as their pace is known.
      for (const one of late) rig.look(one, { until: NOW, usefulUntil: NOW + 1000n });
      checked = checkedInterrupted({ until: NOW + 1000n });
      resolve();
    }
  };
  next();
  await promise;
  await checked;
});

it("an own run has no place any more once nothing can be asked about its claim, which may stay open for ever", async () => {
  rig.open();
  rig.published = { ...rig.published, leaf: rig.darkLeaf };
  const { darkLie } = rig.claims;
  expect(await finding(darkLie)).toBe("closed");
  expect(kept()).toBe(1);
  rig.look(darkLie, { nowSeconds: NOW + 61n });
  expect(kept()).toBe(0);
});

it("of a claim about which L1 is asked no state is kept that no other look goes on from", async () => {
  rig.open();
  rig.published = { ...rig.published, leaf: rig.darkLeaf };
  const { darkLie, other } = rig.claims;
  let isServed = true;
  rig.dataOf = ({ claimHash, data }) => (claimHash !== darkLie.claimHash ? data : isServed ? rig.lieData : SILENT);
  rig.once(1, darkLie, () => {
    isServed = false;
    rig.look(copyOf(other), { until: NOW + 10n });
  });
  expect(await finding(darkLie)).toBe("closed");
  expect(rig.told("check-broken-off", darkLie)).toHaveLength(1);
  expect(kept()).toBe(1);
});

it("one that waits, as long as before, gives way at once to a check of which more is left to compute than that would leave time for", async () => {
  rig.open();
  const { hidden, long, other } = rig.claims;
  let asked = 0;
  rig.dataOf = ({ claimHash, data }, signal) => {
    if (claimHash !== hidden.claimHash) return data;
    const segments = (): Promise<never> => {
      asked += 1;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    return { ...data, segments };
  };
  rig.once(1, long, () => rig.look(hidden, { until: NOW + 5n }));
  rig.look(long, { until: NOW + 1001n });
  await until(() => asked === 1 || undefined);
  rig.clockMs += 499.99;
  rig.look(other, { until: NOW + 1n });
  await until(() => asked === 2 || undefined);
  // What its claimant asks itself on L1 makes it end later. Of the other's last second any computing is more than 20 µs.
  rig.look(hidden, { until: NOW + 5000n });
  rig.look(long, { until: NOW + 1001n, nowSeconds: NOW + 1000n });
  expect((await rig.found(long)).finding).toBe("right");
  expect(rig.told("check-broken-off", hidden)).toHaveLength(2);
});
