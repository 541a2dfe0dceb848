// The challenger's loop over an L1 that is played: whose questions it waits for, and when it asks again.
import { type Abi, encodeAbiParameters, encodeEventTopics, type Hex } from "viem";
import { expect, test } from "vitest";
import { NO_FAILURE } from "../../../common/claim.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { type ChallengerModules, startChallenger } from "../../../verifier/challenger.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { until } from "../../support/until.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const ME: Hex = `0x${"11".repeat(20)}`;
const CLAIM = word("22");
const OWN_KEY = word("aa");
const FOREIGN_KEY = word("99");
const PLAIN_FEE_WEI = 2n * 10n ** 15n;

/** The log of a question of the challenger's own. */
const askedLog = () => ({
  address: ME,
  topics: encodeEventTopics({
    abi: demandsAbi as Abi,
    eventName: "Asked",
    args: { claimHash: CLAIM, key: OWN_KEY, asker: ME },
  }),
  data: encodeAbiParameters(
    [{ type: "uint8" }, { type: "uint32" }, { type: "uint32" }, { type: "uint32" }, { type: "uint64" }],
    [1, 0, 0, 0, 900n],
  ),
});

/** An L1 with one open claim about which `segments` are wanted. */
function stage(segments: readonly number[], more = 0) {
  const state = {
    rounds: 0,
    again: 0,
    openFeeWei: PLAIN_FEE_WEI,
    pending: [] as Hex[],
    sent: [] as number[],
    onSent: () => {},
  };
  const logged = {
    claimHash: CLAIM,
    task: { id: word("33"), kind: 1, flags: 0 },
    claim: { claimant: `0x${"44".repeat(20)}`, consumed: [], failure: NO_FAILURE, seed: CLAIM, id: word("33") },
    dataUrl: "",
    l1Block: 1n,
  };
  const wants = segments.map((segment) => ({ path: "segment", segment }) as const);
  const events: { readonly event: string }[] = [];
  const contracts = { resultClaims: ME, disputes: ME, demands: ME, deliveries: ME };
  const modules = {
    l1: {
      client: { getTransaction: async () => ({ value: state.openFeeWei }), readContract: async () => 0n },
      contracts,
      fromBlock: 0n,
    },
    sender: {
      address: ME,
      sendWithBond: async ({ args }: { readonly args: readonly unknown[] }) => {
        state.sent.push(Number(args[1]));
        state.pending.push(OWN_KEY);
        state.onSent();
        return { gasUsed: 1n, blockNumber: 10n, transactionHash: CLAIM, logs: [askedLog()] };
      },
    },
    log: {
      read: async () => {
        state.rounds++;
        return new Map([[CLAIM, logged]]);
      },
    },
    claims: {
      finalizedAt: async () => 50n,
      record: async () => ({ status: CLAIM_STATUS.open, closedAt: 0n, regenerationSeconds: 0 }),
      head: async () => ({ number: 20n, timestamp: 120n }),
    },
    disputes: {
      until: async () => ({ challengeable: 1000n, askable: 1000n }),
      challenges: async () => [],
      wasAsked: async () => true,
      isVoid: async () => false,
      openedSteps: async () => undefined,
      pending: async () => state.pending.map((key) => ({ key, due: 900n })),
      rewardWei: async () => 5n * 10n ** 17n,
      askedWei: async () => 0n,
      fees: async () => ({ openFeeWei: state.openFeeWei, chunkFeeWei: 1n, pageFeeWei: 8n }),
    },
    watch: {
      look: () => ({ finding: { kind: "wanted", wants, more } }),
      again: () => {
        state.again++;
      },
      forget: () => {},
      stop: async () => {},
    },
    events: (event: { readonly event: string }) => events.push(event),
  } as unknown as ChallengerModules;
  const options = {
    pollMs: 5,
    airgapSeconds: 10n,
    answerSeconds: 900n,
    challengerSeconds: 900n,
    maxBondWei: 10n ** 18n,
  };
  const { stop } = startChallenger(options, modules);
  const rounds = async (count: number) => {
    const end = state.rounds + count;
    await until(() => (state.rounds >= end ? true : undefined));
  };
  return { state, events, rounds, stop };
}

test("asks what it lacks, and looks at the answer, while a question of the claimant's own waits", async () => {
  const { state, rounds, stop } = stage([0]);
  state.pending.push(FOREIGN_KEY);
  await rounds(4);
  expect(state.sent).toEqual([0]);
  expect(state.again).toBe(0);
  state.pending = [FOREIGN_KEY];
  await rounds(4);
  expect(state.again).toBeGreaterThan(0);
  await stop();
});

test("gives up what has become too dear, and asks for it once the queue is shorter", async () => {
  const { state, events, rounds, stop } = stage([0, 1], 100);
  // Whoever made the claim sees the first question and lengthens the queue with its own: the fee doubles twice.
  state.onSent = () => {
    if (state.sent.length === 1) state.openFeeWei = 4n * PLAIN_FEE_WEI;
  };
  await rounds(6);
  const before = [...state.sent];
  state.openFeeWei = PLAIN_FEE_WEI;
  await rounds(6);
  await stop();
  expect([before, state.sent]).toEqual([[0], [0, 1]]);
  expect(events.filter(({ event }) => event === "demand-declined")).toHaveLength(1);
});
