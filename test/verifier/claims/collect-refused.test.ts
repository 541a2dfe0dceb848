// Anybody may make the calls that collect: one that L1 refuses holds up no other, and is tried again while it is owed.
import type { Hex } from "viem";
import { expect, test } from "vitest";
import { NO_FAILURE } from "../../../common/claim.ts";
import { TASK_KIND } from "../../../common/task.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { startExecutor } from "../../../verifier/executor.ts";
import { RefusedError } from "../../../verifier/sender.ts";
import { until } from "../../support/until.ts";

const me: Hex = `0x${"11".repeat(20)}`;
const hash: Hex = `0x${"22".repeat(32)}`;
const id: Hex = `0x${"33".repeat(32)}`;
const KEYS: readonly Hex[] = ["0x0a", "0x0b"];

/** L1 with one final commission: its delivery's bond, two fees and a challenger's bond are to be collected. */
class L1 {
  released = false;
  readonly fees = new Set<unknown>(KEYS);
  readonly sent: string[] = [];
  readonly events: { readonly event: string }[] = [];
  rounds = 0;
  /** Called before a call is taken; may throw. */
  before: (functionName: string, argument: unknown) => void = () => {};
  readonly #client = {
    getContractEvents: async ({ eventName }: { eventName: string }) =>
      eventName === "Judged" ? [{}] : KEYS.map((key) => ({ args: { key } })),
    readContract: async ({ functionName, args }: { functionName: string; args: readonly unknown[] }) => {
      if (functionName === "deliveryOf") return { claimed: !this.released, claimant: me, bondWei: 1n };
      if (functionName === "demandOf") return { collected: !this.fees.has(args[0]), answeredAt: 5n };
      return 0n;
    },
    getBlock: async ({ blockNumber = 20n } = {}) => ({ number: blockNumber, hash: "0x0a", timestamp: 110n }),
  };
  readonly #sender = {
    address: me,
    send: async ({ functionName, args: [argument] }: { functionName: string; args: readonly unknown[] }) => {
      this.before(functionName, argument);
      if (functionName === "release") this.released = true;
      this.fees.delete(argument);
      this.sent.push(`${functionName} ${argument}`);
      return { gasUsed: 1n, blockNumber: 10n, blockHash: "0x0a" };
    },
  };
  start() {
    const task = { id, kind: TASK_KIND.commission };
    const claim = { claimant: me, consumed: [], failure: NO_FAILURE, seed: hash, id };
    const logged = { claimHash: hash, task, claim, dataUrl: "", l1Block: 1n };
    const read = async () => {
      this.rounds++;
      return new Map([[hash, logged]]);
    };
    const contracts = { resultClaims: me, disputes: me, demands: me, deliveries: me };
    return startExecutor({ pollMs: 5, dataUrl: "", maxBondWei: 0n, clocks: {} as never, takes: () => false }, {
      l1: { client: this.#client, contracts, fromBlock: 0n },
      sender: this.#sender,
      demands: async () => [],
      log: { read },
      reader: {
        // L1 has finalized the claim's end, and the blocks in which anything is collected.
        finalizedAt: async () => 500n,
        record: async () => ({ status: CLAIM_STATUS.final, closedAt: 100n }),
        head: async () => ({ number: 20n, timestamp: 120n }),
      },
      answers: async () => {},
      events: (event: never) => void this.events.push(event),
    } as never);
  }
  async someRounds(): Promise<void> {
    const at = this.rounds;
    await until(() => (this.rounds > at + 3 ? true : undefined));
  }
  told = (name: string): number => this.events.filter(({ event }) => event === name).length;
}

const refuse = (functionName: string, errorName: string): never => {
  throw new RefusedError(functionName, errorName, [], undefined);
};

test("fees and bonds are collected though strangers released the delivery, and collected a fee, first", async () => {
  const l1 = new L1();
  l1.before = (functionName, argument) => {
    if (functionName === "release") {
      l1.released = true;
      refuse(functionName, "NotClaimed");
    }
    if (argument === KEYS[0]) {
      l1.fees.delete(argument);
      refuse(functionName, "AlreadyCollected");
    }
  };
  const { stop } = l1.start();
  await l1.someRounds();
  await stop();
  expect(l1.sent).toEqual([`collect ${KEYS[1]}`, `collect ${hash}`]);
  expect(l1.told("refused")).toBe(2);
});

test.each(["release", "collect"])(
  "a %s that is refused while it is owed is tried until it is taken",
  async (refused) => {
    const l1 = new L1();
    let tries = 0;
    const argument = refused === "release" ? id : hash;
    l1.before = (functionName, given) => {
      if (functionName !== refused || given !== argument) return;
      tries++;
      refuse(functionName, "ClaimNotClosed");
    };
    const { stop } = l1.start();
    await l1.someRounds();
    expect(tries).toBeGreaterThan(2);
    expect(l1.sent).toHaveLength(3);
    l1.before = () => {};
    await l1.someRounds();
    await stop();
    // What went through at once was not paid for again.
    const bonds = `collect ${hash}`;
    expect(l1.sent.toSorted()).toEqual([bonds, ...KEYS.map((key) => `collect ${key}`), `release ${id}`].toSorted());
    expect(l1.sent.at(-1)).toBe(refused === "release" ? `release ${id}` : bonds);
    expect(l1.told("refused")).toBe(1);
  },
);

test("an endpoint that fails is no refusal: the round ends, and the next one collects", async () => {
  const l1 = new L1();
  let tries = 0;
  l1.before = () => {
    if (++tries === 1) throw new Error("does not answer");
  };
  const { stop } = l1.start();
  await l1.someRounds();
  await stop();
  expect(l1.sent).toHaveLength(4);
  expect(l1.told("refused")).toBe(0);
});
