import { type Address, zeroAddress } from "viem";
import { expect, it } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { takenBy } from "../../../verifier/claims/reserved.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { ExecutorView } from "../../../verifier/claims/view.ts";
import { executorClocks } from "../../support/executor-clocks.ts";
import { smallTask } from "../../support/small-task.ts";

const me: Address = "0x00000000000000000000000000000000000000e1";
const other: Address = "0x00000000000000000000000000000000000000e2";
const third: Address = "0x00000000000000000000000000000000000000e3";

const free: ExecutorView = {
  me,
  task: smallTask({ deadline: 10_000n }).task,
  nowSeconds: 1140n,
  l1Block: 170n,
  clocks: executorClocks,
  live: undefined,
  reservation: {
    reserver: zeroAddress,
    firstBlock: 0n,
    reservedAt: 0n,
    seedFixedAt: 0n,
    seed: ZERO_HASH,
    openToAll: false,
  },
  commission: undefined,
  overturnedAt: 0n,
  deadline: 10_000n,
  consumed: undefined,
  ground: "sound",
  work: { state: "none" },
};
const seedless = smallTask({ deadline: 10_000n, flags: JOB_FLAG.sequentialRows, rows: 80 }).task;
const reservedBy = (reserver: Address) => ({
  ...free.reservation,
  reserver,
  firstBlock: 100n,
  reservedAt: 1000n,
  seedFixedAt: 1020n,
});
const claimedBy = (claimant: Address) => ({
  claimHash: ZERO_HASH,
  claimant,
  status: CLAIM_STATUS.open,
  finalizable: false,
  consumedLost: false,
  isVoid: false,
});
const deliveredBy = (claimant: Address) => ({
  delivery: {
    claimant,
    l1Block: 1n,
    count: 1,
    claimed: false,
    seedFixedAt: 0n,
    commitment: ZERO_HASH,
    seed: ZERO_HASH,
  },
  deliverer: zeroAddress,
  tries: 0,
  opened: false,
});

it.each<[string, Partial<ExecutorView>, Address | undefined]>([
  ["nobody", {}, undefined],
  ["another who reserved it", { reservation: reservedBy(other) }, other],
  ["oneself", { reservation: reservedBy(me) }, undefined],
  ["nobody, once the time for a claim is over", { reservation: reservedBy(other), nowSeconds: 1141n }, undefined],
  ["nobody, once it is open to all", { reservation: { ...reservedBy(other), openToAll: true } }, undefined],
  ["nobody, where no seed is needed", { task: seedless, reservation: reservedBy(other) }, undefined],
  [
    "nobody, where it is a commission",
    { reservation: reservedBy(other), commission: deliveredBy(zeroAddress) },
    undefined,
  ],
  ["another who claimed it", { live: claimedBy(other) }, other],
  ["who claimed it, not who reserved it", { live: claimedBy(other), reservation: reservedBy(third) }, other],
  ["oneself, by a claim", { live: claimedBy(me), reservation: reservedBy(other) }, undefined],
  ["another who delivered for it", { commission: deliveredBy(other) }, other],
  ["oneself, by a delivery", { commission: deliveredBy(me) }, undefined],
  ["nobody, where nothing was delivered", { commission: deliveredBy(zeroAddress) }, undefined],
])("is taken by %s", (_, change, by) => expect(takenBy({ ...free, ...change })).toBe(by));
