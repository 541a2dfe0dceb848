// A fork of L1 that takes what was collected for a claim, and not the claim's end.
import type { Hex } from "viem";
import { expect, test } from "vitest";
import { NO_FAILURE } from "../../../common/claim.ts";
import { startChallenger } from "../../../verifier/challenger.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { startExecutor } from "../../../verifier/executor.ts";
import { until } from "../../support/until.ts";

const me: Hex = `0x${"11".repeat(20)}`;
const other: Hex = `0x${"44".repeat(20)}`;
const hash: Hex = `0x${"22".repeat(32)}`;
const CLOSED_AT = 100n;

/** L1 with one closed claim, at block 20 and second 120, of which something is collected in block 10. */
class L1 {
  collected = false;
  sends = 0;
  rounds = 0;
  block10: Hex = "0x0a";
  finalizedAt = 50n;
  readonly client = {
    getContractEvents: async ({ eventName }: { eventName: string }) => (eventName === "Judged" ? [{}] : []),
    readContract: async () => 0n,
    getBlock: async ({ blockNumber = 20n } = {}) => ({ number: blockNumber, hash: this.block10, timestamp: 110n }),
  };
  readonly sender = (address: Hex) => ({
    address,
    send: async () => {
      if (this.collected) throw new Error("nothing to collect");
      this.collected = true;
      this.sends++;
      return { gasUsed: 1n, blockNumber: 10n, blockHash: this.block10 };
    },
  });
  readonly reader = (status: number) => ({
    finalizedAt: async () => this.finalizedAt,
    record: async () => ({ status, closedAt: CLOSED_AT, regenerationSeconds: 0 }),
    head: async () => ({ number: 20n, timestamp: 120n }),
  });
  fork(): void {
    this.collected = false;
    this.block10 = "0x0b";
  }
  log(claimant: Hex) {
    const task = { id: `0x${"33".repeat(32)}`, kind: 1 };
    const claim = { claimant, consumed: [], failure: NO_FAILURE, seed: hash, id: task.id };
    const logged = { claimHash: hash, task, claim, dataUrl: "", l1Block: 1n };
    return {
      read: async () => {
        this.rounds++;
        return new Map([[hash, logged]]);
      },
    };
  }
  readonly contracts = { resultClaims: me, disputes: me, demands: me };
  async someRounds(): Promise<void> {
    const at = this.rounds;
    await until(() => (this.rounds > at + 3 ? true : undefined));
  }
}

async function expectCollectedAgain(l1: L1, stop: () => Promise<void>): Promise<void> {
  await until(() => (l1.sends === 1 ? true : undefined));
  await l1.someRounds();
  expect(l1.sends).toBe(1);
  // The claim's end is final before what was collected for it is.
  l1.finalizedAt = CLOSED_AT + 5n;
  await l1.someRounds();
  l1.fork();
  await until(() => (l1.sends === 2 ? true : undefined));
  await l1.someRounds();
  // And once L1 has finalized that, nobody looks any more.
  l1.finalizedAt = 200n;
  await l1.someRounds();
  l1.fork();
  await l1.someRounds();
  await stop();
  expect(l1.sends).toBe(2);
}

test("an executor collects its fees again", async () => {
  const l1 = new L1();
  const { stop } = startExecutor({ pollMs: 5, dataUrl: "", maxBondWei: 0n, clocks: {} as never, takes: () => false }, {
    l1: { client: l1.client, contracts: l1.contracts, fromBlock: 0n },
    sender: l1.sender(me),
    demands: async () => [],
    log: l1.log(me),
    reader: l1.reader(CLAIM_STATUS.final),
    answers: async () => {},
    events: () => {},
  } as never);
  await expectCollectedAgain(l1, stop);
});

test("a challenger collects its reward again", async () => {
  const l1 = new L1();
  const { stop } = startChallenger(
    { pollMs: 5, airgapSeconds: 10n, answerSeconds: 900n, challengerSeconds: 900n, maxBondWei: 0n } as never,
    {
      l1: { client: l1.client, contracts: l1.contracts, fromBlock: 0n },
      sender: l1.sender(me),
      log: l1.log(other),
      claims: l1.reader(CLAIM_STATUS.overturned),
      disputes: {
        challenges: async () => [],
        feesOpen: async () => [],
        rewardOpen: async () => !l1.collected,
        rewardWei: async () => 0n,
        askedWei: async () => 0n,
      },
      watch: { forget: () => {}, stop: async () => {} },
      events: () => {},
    } as never,
  );
  await expectCollectedAgain(l1, stop);
});
