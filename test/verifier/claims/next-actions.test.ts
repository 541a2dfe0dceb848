import { type Hex, zeroAddress } from "viem";
import { describe, expect, it } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { inferTask } from "../../../common/task.ts";
import { nextExecutorActions } from "../../../verifier/claims/next-actions.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { ExecutorView, LiveClaim, Reservation } from "../../../verifier/claims/view.ts";
import { executorClocks } from "../../support/executor-clocks.ts";
import { smallTask } from "../../support/small-task.ts";

const me = "0x00000000000000000000000000000000000000e1";
const other = "0x00000000000000000000000000000000000000e2";
const SEED: Hex = `0x${"5e".repeat(32)}`;
const CLAIM: Hex = `0x${"c1".repeat(32)}`;
const seeded = smallTask({ deadline: 10_000n }).task;
/** Segments of 4 steps, each of which takes so long to be computed again with all of its values committed. */
const committing = (milliseconds: bigint, flags: number) => ({
  ...seeded,
  flags,
  graph: { ...seeded.graph, bytes_: 250_000n * milliseconds },
});
const seedless = smallTask({ deadline: 10_000n, flags: JOB_FLAG.sequentialRows, rows: 80 }).task;
const infer = inferTask(smallTask({ deadline: 10_000n }).job, SEED);

const unreserved: Reservation = {
  reserver: zeroAddress,
  firstBlock: 0n,
  reservedAt: 0n,
  seedFixedAt: 0n,
  seed: ZERO_HASH,
  openToAll: false,
};
const reserved: Reservation = { ...unreserved, reserver: me, firstBlock: 100n, reservedAt: 1000n };
const fixed: Reservation = { ...reserved, seedFixedAt: 1020n, seed: SEED };
const live: LiveClaim = {
  claimHash: CLAIM,
  claimant: me,
  status: CLAIM_STATUS.open,
  finalizable: false,
  consumedLost: false,
  isVoid: false,
};

const base: ExecutorView = {
  me,
  task: seeded,
  nowSeconds: 1030n,
  l1Block: 170n,
  clocks: executorClocks,
  live: undefined,
  reservation: unreserved,
  commission: undefined,
  overturnedAt: 0n,
  deadline: 10_000n,
  consumed: undefined,
  ground: "sound",
  work: { state: "none" },
};
const kinds = (change: Partial<ExecutorView>) => nextExecutorActions({ ...base, ...change }).map(({ kind }) => kind);

describe("an executor with a task that needs a seed", () => {
  it.each<[string, Partial<ExecutorView>, string[]]>([
    ["reserves a free id", {}, ["reserve"]],
    ["has everything at hand first", { ground: "none" }, ["prepare"]],
    ["waits until it has", { ground: "busy" }, []],
    ["puts nothing at stake for what it cannot run", { ground: "unsound" }, []],
    ["runs what it reserved before it was started again", { ground: "none", reservation: fixed }, ["run"]],
    [
      "does not renew a reservation of which no run came",
      { ground: "unsound", reservation: fixed, nowSeconds: 1141n },
      [],
    ],
    ["leaves an id that another reserved", { reservation: { ...fixed, reserver: other } }, []],
    ["waits for the seed block", { reservation: reserved, l1Block: 164n }, []],
    ["fixes the seed in the block after it", { reservation: reserved, l1Block: 165n }, ["fixSeed"]],
    ["fixes it while L1 remembers", { reservation: reserved, l1Block: 164n + 8191n }, ["fixSeed"]],
    ["reserves anew once L1 forgot it", { reservation: reserved, l1Block: 164n + 8192n }, ["reserve"]],
    ["runs", { reservation: fixed }, ["run"]],
    ["waits for its run", { reservation: fixed, work: { state: "running" } }, []],
    ["does not repeat a run that failed", { reservation: fixed, work: { state: "failed" } }, []],
    [
      "claims",
      { reservation: fixed, work: { state: "ready", claimHash: CLAIM, committedAtBlock: undefined } },
      ["claim"],
    ],
    ["keeps its reservation to the last second", { reservation: fixed, nowSeconds: 1140n }, ["run"]],
    ["renews its own when it lapsed", { reservation: fixed, nowSeconds: 1141n }, ["reserve"]],
    ["takes over a lapsed one", { reservation: { ...fixed, reserver: other }, nowSeconds: 1141n }, ["reserve"]],
    [
      "counts from a reservation made after the seed",
      { reservation: { ...fixed, reservedAt: 1100n }, nowSeconds: 1220n },
      ["run"],
    ],
    [
      "runs what is open to all without a reservation",
      { reservation: { ...fixed, reserver: other, openToAll: true }, nowSeconds: 1141n },
      ["run"],
    ],
    [
      "commits to it",
      {
        reservation: { ...fixed, reserver: other, openToAll: true },
        work: { state: "ready", claimHash: CLAIM, committedAtBlock: undefined },
      },
      ["commit"],
    ],
    [
      "claims it in a later block",
      {
        reservation: { ...fixed, reserver: other, openToAll: true },
        work: { state: "ready", claimHash: CLAIM, committedAtBlock: 170n },
      },
      ["claim"],
    ],
    // The seed takes 64 blocks of 250 ms, the run a second at least.
    ["reserves while seed and run end by the deadline", { nowSeconds: 9_983n }, ["reserve"]],
    ["declines what cannot", { nowSeconds: 9_984n }, ["decline"]],
    ["and prepares nothing for it", { nowSeconds: 9_984n, ground: "none" }, ["decline"]],
    [
      "counts only what is left until the seed",
      { nowSeconds: 9_984n, reservation: { ...reserved, reserver: zeroAddress, firstBlock: 110n } },
      ["reserve"],
    ],
    [
      "renews its own up to the deadline when the seed is there",
      { reservation: fixed, nowSeconds: 9_999n },
      ["reserve"],
    ],
    ["goes on with what it reserved", { reservation: { ...fixed, reservedAt: 9_990n }, nowSeconds: 10_000n }, ["run"]],
    ["gives up after the deadline", { nowSeconds: 10_001n }, []],
    ["goes on while it has moved", { nowSeconds: 10_001n, deadline: 10_030n }, ["reserve"]],
    ["gives up behind the moved one", { nowSeconds: 10_031n, deadline: 10_030n }, []],
    ["reserves a window of exactly the chain's shortest", { task: { ...seeded, windowSeconds: 60 } }, ["reserve"]],
    ["declines one that L1 finds too short", { task: { ...seeded, windowSeconds: 59 } }, ["decline"]],
    ["reserves what it can open within the time for answers", { task: committing(7_500n, 0) }, ["reserve"]],
    [
      "declines what it cannot: an opening that comes late costs the bond",
      { task: committing(7_750n, 0) },
      ["decline"],
    ],
    ["looks at one step where each is committed to", { task: committing(30_000n, JOB_FLAG.stepRoots) }, ["reserve"]],
    ["and declines where that is too long", { task: committing(31_000n, JOB_FLAG.stepRoots) }, ["decline"]],
    ["waits through the airgap", { overturnedAt: 1025n }, []],
    ["goes on after it", { overturnedAt: 1024n }, ["reserve"]],
  ])("%s", (_, change, expected) => expect(kinds(change)).toEqual(expected));

  it("runs with the seed that L1 fixed and reads the block that the first reservation named", () => {
    expect(nextExecutorActions({ ...base, reservation: fixed })).toEqual([
      { kind: "run", seed: SEED, consumed: undefined },
    ]);
    expect(nextExecutorActions({ ...base, reservation: reserved })).toEqual([{ kind: "fixSeed", seedBlock: 164n }]);
  });
});

describe("an executor with a task without a seed", () => {
  const ready = (committedAtBlock: bigint | undefined) => ({
    task: seedless,
    work: { state: "ready" as const, claimHash: CLAIM, committedAtBlock },
  });
  it.each<[string, Partial<ExecutorView>, string[]]>([
    ["runs at once", { task: seedless }, ["run"]],
    ["commits", ready(undefined), ["commit"]],
    ["claims from the next block on", ready(170n), ["claim"]],
    ["waits while the commitment's block is ahead of its provider's", ready(171n), []],
    ["claims in the 256th block", { ...ready(170n), l1Block: 425n }, ["claim"]],
    ["commits anew in the 257th", { ...ready(170n), l1Block: 426n }, ["commit"]],
  ])("%s", (_, change, expected) => expect(kinds(change)).toEqual(expected));
});

describe("an executor with an inference", () => {
  it("waits for a claim of the model, then runs on it", () => {
    expect(kinds({ task: infer })).toEqual([]);
    expect(nextExecutorActions({ ...base, task: infer, consumed: CLAIM })).toEqual([
      { kind: "run", seed: ZERO_HASH, consumed: CLAIM },
    ]);
  });
});

describe("an executor with a live claim", () => {
  it.each<[string, Partial<LiveClaim>, string[]]>([
    ["waits while it is open", {}, []],
    ["finalizes it when it can", { finalizable: true }, ["finalize"]],
    ["sinks it with what it consumed", { consumedLost: true }, ["sink"]],
    ["sinks it with its job", { isVoid: true }, ["sink"]],
    ["sinks a void one that nothing kept from being final", { isVoid: true, finalizable: true }, ["sink"]],
    ["is done when it is final", { status: CLAIM_STATUS.final, finalizable: true }, []],
    ["finalizes another's as well: the next claims wait for it", { claimant: other, finalizable: true }, ["finalize"]],
  ])("%s", (_, change, expected) => expect(kinds({ live: { ...live, ...change } })).toEqual(expected));
});
