// Small right claims that end sooner, made to keep a challenger from a lie that it has all the time for.
import { setTimeout as sleep } from "node:timers/promises";
import { numberToHex } from "viem";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import type { DataClient } from "../../../verifier/data/client.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { MAX_KEPT } from "../../../verifier/trace/room.ts";
import { until } from "../../support/until.ts";
import { inOrder, NOW, openWatchRig, type WatchRig } from "./watch-rig.ts";

let rig: WatchRig;
beforeAll(async () => {
  rig = await openWatchRig();
});
afterEach(() => rig.stop());
afterAll(() => rig?.close());

/** Right claims that differ in nothing but their names. */
let made = 0;
const small = (): ClaimSubject => ({ ...rig.claims.other, claimHash: numberToHex(++made, { size: 32 }) });

it("a lie whose data come without a pause is found in its window, though small claims that end sooner are made all the time", async () => {
  rig.open();
  const { lie } = rig.claims;
  const end = NOW + 7200n;
  let now = NOW;
  // Three pages, each of which takes two and a half minutes: a sixteenth of the window in all.
  rig.dataOf = ({ claimHash, data }, signal) => {
    if (claimHash !== lie.claimHash) return data;
    const segments: DataClient["segments"] = async (...args) => {
      for (const page of [1, 2, 3]) {
        rig.clockMs += 150_000;
        now += 150n;
        rig.look(lie, { until: end, nowSeconds: now });
        // Its window is an hour, the lie's two.
        if (page === 2 && now <= end) rig.look(small(), { until: now + 3600n, nowSeconds: now });
        await sleep(5);
        signal.throwIfAborted();
      }
      return data.segments(...args);
    };
    return { ...data, segments };
  };
  rig.look(lie, { until: end });
  const isOver = ({ event, claimHash, reason }: ServiceEvent) =>
    claimHash === lie.claimHash && (event === "checked" || (event === "check-broken-off" && reason !== "gave-way"));
  const outcome = await until(() => rig.events.find(isOver));
  const gaveWay = rig.told("check-broken-off", lie).length;
  expect(outcome, `gave way ${gaveWay} times until ${now - NOW} s`).toMatchObject({ finding: "wrong" });
  expect(gaveWay).toBeGreaterThan(0);
});

it("a long check keeps what it has computed, though five small claims in a row each end sooner than the one before", async () => {
  rig.open();
  rig.computeMs = 1000;
  const { long } = rig.claims;
  let waves = 0;
  let nested: ClaimSubject[] = [];
  const next = (): void => {
    nested.push(small());
    rig.look(nested.at(-1)!, { until: NOW + 50n - BigInt(nested.length) });
  };
  rig.onEvent = ({ event, claimHash, segment }) => {
    if (event !== "segment-checked") return;
    if (claimHash === long.claimHash && segment === 4 && waves < 4) {
      waves += 1;
      nested = [];
      next();
    } else if (segment === 0 && claimHash === nested.at(-1)?.claimHash && nested.length <= MAX_KEPT) next();
  };
  rig.look(long);
  await rig.found(long);
  expect(rig.segmentsOf(long)).toEqual(inOrder);
});
