// What an executor does for a commission (docs/protocol.md P13), at each border of its clocks.
import { zeroAddress } from "viem";
import { describe, expect, it } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { nextExecutorActions } from "../../../verifier/claims/next-actions.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { CommissionView, Delivery, ExecutorView, LiveClaim } from "../../../verifier/claims/view.ts";
import { executorClocks } from "../../support/executor-clocks.ts";
import { smallCommission } from "../../support/small-commission.ts";

const me = "0x00000000000000000000000000000000000000e1";
const other = "0x00000000000000000000000000000000000000e2";
const nothing: Delivery = {
  claimant: zeroAddress,
  l1Block: 0n,
  count: 0,
  claimed: false,
  seedFixedAt: 0n,
  commitment: ZERO_HASH,
  seed: ZERO_HASH,
};
const delivered: Delivery = { ...nothing, claimant: me, l1Block: 100n, count: 1, commitment: `0x${"57".repeat(32)}` };
const drawn: Delivery = { ...delivered, seedFixedAt: 1020n, seed: `0x${"5e".repeat(32)}` };
const live: LiveClaim = {
  claimHash: ZERO_HASH,
  claimant: me,
  status: CLAIM_STATUS.open,
  finalizable: false,
  consumedLost: false,
  isVoid: false,
};
const ready = { state: "ready", claimHash: ZERO_HASH, committedAtBlock: undefined } as const;

const base: ExecutorView = {
  me,
  task: { ...smallCommission(0).task, deadline: 5000n },
  nowSeconds: 1030n,
  l1Block: 170n,
  clocks: executorClocks,
  live: undefined,
  // Somebody reserved the id of a commission, which means nothing.
  reservation: {
    reserver: other,
    firstBlock: 90n,
    reservedAt: 1000n,
    seedFixedAt: 1001n,
    seed: ZERO_HASH,
    openToAll: true,
  },
  commission: { delivery: nothing, deliverer: zeroAddress, tries: 0, opened: false },
  overturnedAt: 0n,
  deadline: 5000n,
  consumed: undefined,
  ground: "sound",
  work: { state: "none" },
};
const of = (delivery: Delivery, change: Partial<CommissionView> = {}) => {
  const isMine = delivery.claimant === me;
  return {
    commission: { delivery, deliverer: zeroAddress, tries: isMine ? 1 : 0, opened: isMine, ...change },
  } as const;
};
const kinds = (change: Partial<ExecutorView>) => nextExecutorActions({ ...base, ...change }).map(({ kind }) => kind);

describe("an executor with a commission", () => {
  it.each<[string, Partial<ExecutorView>, string[]]>([
    ["has weights first", { ground: "none" }, ["prepare"]],
    ["waits until it has", { ground: "busy" }, []],
    ["puts nothing at stake for weights that are not good", { ground: "unsound" }, []],
    ["delivers them", {}, ["deliver"]],
    ["delivers where others have failed", of({ ...nothing, count: 31 }), ["deliver"]],
    ["but not where no bond would be enough", of({ ...nothing, count: 32 }), ["decline"]],
    ["delivers where it is named", of(nothing, { deliverer: me }), ["deliver"]],
    ["but not where another is", of(nothing, { deliverer: other }), ["decline"]],
    ["has lost what it delivered with its folder", of(delivered, { opened: false }), ["decline"]],
    ["waits for the seed block", { ...of(delivered), l1Block: 164n }, []],
    ["has the samples drawn in the block after it", { ...of(delivered), l1Block: 165n }, ["draw"]],
    ["has them drawn while L1 remembers", { ...of(delivered), l1Block: 164n + 8191n }, ["draw"]],
    ["gives up once L1 forgot", { ...of(delivered), l1Block: 164n + 8192n }, ["decline"]],
    ["counts what was drawn, also after a restart", { ...of(drawn), ground: "none" }, ["run"]],
    ["waits for its count", { ...of(drawn), work: { state: "running" } }, []],
    ["claims nothing that is not enough", { ...of(drawn), work: { state: "failed" } }, []],
    ["claims", { ...of(drawn), work: ready }, ["claim"]],
    ["claims at the last second", { ...of(drawn), work: ready, nowSeconds: 1140n }, ["claim"]],
    ["does not try the same weights again", { ...of(drawn), work: ready, nowSeconds: 1141n }, ["decline"]],
    ["nor when its bond was forfeited", of({ ...nothing, count: 1 }, { tries: 1 }), ["decline"]],
    ["nor when its claim was overturned", of({ ...drawn, claimed: true }), ["decline"]],
    ["delivers behind another's that was", of({ ...drawn, claimed: true, claimant: other }), ["deliver"]],
    ["leaves another's delivery alone", of({ ...drawn, claimant: other }), []],
    ["until it lapses", { ...of({ ...drawn, claimant: other }), nowSeconds: 1140n }, []],
    ["and delivers then", { ...of({ ...drawn, claimant: other }), nowSeconds: 1141n }, ["deliver"]],
    ["leaves what is claimed", { ...of(nothing), live }, []],
    ["finalizes", { ...of(nothing), live: { ...live, finalizable: true } }, ["finalize"]],
    ["waits for the airgap behind an overturn", { overturnedAt: 1025n }, []],
    ["delivers behind it", { overturnedAt: 1024n }, ["deliver"]],
    ["does nothing after the deadline", { nowSeconds: 5001n }, []],
    ["delivers nothing that could not be claimed in time", { nowSeconds: 4990n }, ["decline"]],
  ])("%s", (_, change, expected) => {
    expect(kinds(change)).toEqual(expected);
  });
});
