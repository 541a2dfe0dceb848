import type { Hex } from "viem";
import { describe, expect, it } from "vitest";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { CHALLENGE_STATUS, type ChallengeView, type Game, NO_STEP } from "../../../verifier/dispute/game.ts";
import { type ChallengerAction, nextActions } from "../../../verifier/dispute/next-actions.ts";

const KEY: Hex = `0x${"4e".repeat(32)}`;
const ID: Hex = `0x${"1d".repeat(32)}`;

const game: Game = {
  nowSeconds: 1000n,
  l1Block: 50n,
  status: CLAIM_STATUS.open,
  challengeableUntil: 1000n,
  askableUntil: 1000n,
  closedAt: 0n,
  airgapSeconds: 5n,
  finding: { kind: "unknown" },
  challenges: [],
  pending: [],
  unasked: [],
  wasAsked: false,
  feesOpen: [],
  rewardOpen: false,
  isVoid: false,
};
const live: ChallengeView = {
  challengeId: ID,
  status: CHALLENGE_STATUS.live,
  segment: 2,
  step: 7,
  l1Block: 49n,
  waiting: false,
  moveBy: 1001n,
};
const wrong = { kind: "wrong", segment: 2, step: 7 } as const;
const closed = { kind: "closed", segment: 2 } as const;
const unavailable = { kind: "unavailable" } as const;
const challenge = { kind: "challenge", segment: 2, step: 7 } as const;
const prove = { kind: "prove", challengeId: ID } as const;
const demand = { kind: "demand", want: { path: "segment", segment: 0 } } as const;
const chunks = { path: "chunks", segment: 2, step: 7, place: 4, index: 0, firstChunk: 0, chunkCount: 1 } as const;
const wantsChunks = { kind: "wanted", wants: [chunks], more: 0 } as const;
const step = { path: "step", segment: 2, step: 7, page: 0 } as const;
const wantsStep = { kind: "wanted", wants: [step], more: 0 } as const;
const input = { path: "input", of: "dataset", index: 0, firstChunk: 0, chunkCount: 1 } as const;
const wantsInput = { kind: "wanted", wants: [input], more: 0 } as const;
const hold = { ...live, step: NO_STEP };
const asked = [{ key: KEY, due: 2000n, isWanted: true }];
const foreign = [{ key: KEY, due: 2000n, isWanted: false }];
const first = demand.want;
const refund = { kind: "refund", challengeId: ID } as const;

const overturned = { status: CLAIM_STATUS.overturned, closedAt: 990n } as const;
const flawed = { finding: { kind: "flawed" }, nowSeconds: 1001n } as const;
const won = { ...live, status: CHALLENGE_STATUS.won };

describe("a challenger", () => {
  it.each<[string, Partial<Game>, ChallengerAction[]]>([
    ["does nothing before it has checked", {}, []],
    ["leaves a right claim alone", { finding: { kind: "right" } }, []],
    ["leaves it alone even when its own challenge is live", { finding: { kind: "right" }, challenges: [live] }, []],
    ["challenges a wrong step, in the window's last second too", { finding: wrong }, [challenge]],
    [
      "does not lose another bond for what L1 did not call wrong",
      { finding: wrong, challenges: [{ ...live, status: CHALLENGE_STATUS.lost }] },
      [],
    ],
    [
      "challenges another step than the one that it lost for",
      { finding: wrong, challenges: [{ ...live, status: CHALLENGE_STATUS.lost, step: 6 }] },
      [challenge],
    ],
    ["does not challenge after the window", { finding: wrong, nowSeconds: 1001n }, []],
    ["has a segment opened whose steps are not known", { finding: closed }, [{ ...challenge, step: NO_STEP }]],
    ["has it opened once", { finding: closed, challenges: [{ ...live, step: NO_STEP }] }, []],
    ["waits for the opening", { finding: wrong, challenges: [{ ...live, step: NO_STEP, waiting: true }] }, []],
    [
      "points at the step, after the window too",
      { finding: wrong, nowSeconds: 1001n, challenges: [{ ...live, step: NO_STEP }] },
      [{ kind: "point", challengeId: ID, step: 7 }],
    ],
    ["voids the job whose graph has a flaw, after the window too", flawed, [{ kind: "void" }]],
    ["ends a claim of a void job, whatever it had found", { isVoid: true, finding: wrong }, [{ kind: "sink" }]],
    ["ends it once nothing is open", { ...flawed, isVoid: true, status: CLAIM_STATUS.void, closedAt: 990n }, []],
    [
      "has its bond back from a void job's claim at once",
      { ...flawed, status: CLAIM_STATUS.void, closedAt: 999n, challenges: [live] },
      [refund],
    ],
    ["proves in a later block than the challenge's", { finding: wrong, challenges: [live] }, [prove]],
    ["not in the same", { finding: wrong, challenges: [{ ...live, l1Block: 50n }] }, []],
    ["waits for a step that is being opened", { finding: wrong, challenges: [{ ...live, waiting: true }] }, []],
    [
      "starts anew where its challenge lapsed",
      { finding: wrong, challenges: [{ ...live, status: CHALLENGE_STATUS.lapsed }] },
      [challenge],
    ],
    [
      "challenges beside a challenge of another step",
      { finding: wrong, challenges: [{ ...live, step: 6 }] },
      [challenge],
    ],
    ["asks on L1 for what is served nowhere", { finding: unavailable, unasked: [first] }, [demand]],
    ["asks once", { finding: unavailable, unasked: [first], wasAsked: true }, []],
    ["does not ask after the window", { finding: unavailable, unasked: [first], nowSeconds: 1001n }, []],
    [
      "asks on L1 for the step that leads on",
      { finding: wantsStep, unasked: [step] },
      [{ kind: "demand", want: step }],
    ],
    [
      "asks though the claimant asked itself something else",
      { finding: wantsStep, unasked: [step], pending: foreign, challenges: [live] },
      [{ kind: "demand", want: step }],
    ],
    ["waits for the answer", { finding: wantsStep, pending: asked }, []],
    ["asks for the bytes of a value", { finding: wantsChunks, unasked: [chunks] }, [{ kind: "demand", want: chunks }]],
    [
      "asks for all that is wanted at once",
      { finding: { kind: "wanted", wants: [chunks, input], more: 0 }, unasked: [chunks, input] },
      [
        { kind: "demand", want: chunks },
        { kind: "demand", want: input },
      ],
    ],
    ["and for an input", { finding: wantsInput, unasked: [input] }, [{ kind: "demand", want: input }]],
    [
      "points where it challenged the segment alone",
      { finding: wrong, nowSeconds: 1001n, challenges: [hold] },
      [{ kind: "point", challengeId: ID, step: 7 }],
    ],
    [
      "asks in the last second it may, which an answer puts off",
      { finding: wantsChunks, unasked: [chunks], nowSeconds: 1001n, askableUntil: 1001n },
      [{ kind: "demand", want: chunks }],
    ],
    ["not in the one after", { finding: wantsChunks, unasked: [chunks], nowSeconds: 1001n }, []],
    [
      "challenges after the window if an answer put that off",
      { finding: wrong, nowSeconds: 1001n, challengeableUntil: 1001n },
      [challenge],
    ],
    [
      "lets the clocks of its challenges wait for the last answer",
      { finding: wantsChunks, challenges: [live, { ...live, waiting: true }], pending: asked },
      [{ kind: "waitFor", challengeId: ID, key: KEY }],
    ],
    [
      "lapses what it let run out, in the second after",
      { finding: { kind: "right" }, nowSeconds: 1002n, challenges: [live] },
      [{ kind: "lapse", challengeId: ID }],
    ],
    ["not in its last second", { finding: { kind: "right" }, nowSeconds: 1001n, challenges: [live] }, []],
    ["once", { finding: wantsChunks, challenges: [{ ...live, waiting: true }], pending: asked }, []],
    [
      "calls the timeout in the second after the due one, whatever else there is",
      { finding: wrong, nowSeconds: 1001n, pending: [{ key: KEY, due: 1000n, isWanted: false }] },
      [{ kind: "timeout", key: KEY }],
    ],
    ["leaves a closed claim without a stake of its own", { status: CLAIM_STATUS.final }, []],
    ["takes its bond back from a claim that fell to others", { ...overturned, challenges: [live] }, [refund]],
    ["takes bond and reward", { ...overturned, challenges: [won], rewardOpen: true }, [refund, { kind: "collect" }]],
    ["has the fees moved that it paid", { ...overturned, feesOpen: [KEY] }, [{ kind: "collectFee", key: KEY }]],
    [
      "those of a claim that stands too",
      { status: CLAIM_STATUS.final, feesOpen: [KEY] },
      [{ kind: "collectFee", key: KEY }],
    ],
    ["not while the airgap runs", { ...overturned, closedAt: 995n, challenges: [won], rewardOpen: true }, []],
    ["takes nothing twice", { ...overturned, challenges: [{ ...won, status: CHALLENGE_STATUS.refunded }] }, []],
    ["gets no bond back that it lost", { ...overturned, challenges: [{ ...won, status: CHALLENGE_STATUS.lost }] }, []],
  ])("%s", (_, change, expected) => expect(nextActions({ ...game, ...change })).toEqual(expected));
});
