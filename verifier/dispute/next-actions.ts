import type { Hex } from "viem";
import type { Want } from "../check/want.ts";
import { CLAIM_STATUS } from "../claims/status.ts";
import { CHALLENGE_STATUS, type ChallengeView, type Game, NO_STEP } from "./game.ts";

export type ChallengerAction =
  | { readonly kind: "challenge"; readonly segment: number; readonly step: number }
  | { readonly kind: "point"; readonly challengeId: Hex; readonly step: number }
  | { readonly kind: "prove"; readonly challengeId: Hex }
  | { readonly kind: "timeout"; readonly key: Hex }
  | { readonly kind: "demand"; readonly want: Want }
  /** The challenge's clock waits for an answer that was asked for. */
  | { readonly kind: "waitFor"; readonly challengeId: Hex; readonly key: Hex }
  /** Its time is over: the bond comes back, and finality need not wait for it. */
  | { readonly kind: "lapse"; readonly challengeId: Hex }
  | { readonly kind: "refund"; readonly challengeId: Hex }
  | { readonly kind: "collectFee"; readonly key: Hex }
  | { readonly kind: "collect" }
  /** Shows L1 the flaw in the job's graph. */
  | { readonly kind: "void" }
  /** Ends a claim of a void job. */
  | { readonly kind: "sink" };

/** What a challenger does next against a claim; nothing if it must wait or all is well. Pure. */
export function nextActions(game: Game): readonly ChallengerAction[] {
  if (game.status === CLAIM_STATUS.open) return whileOpen(game);
  return whenClosed(game);
}

function whileOpen(game: Game): readonly ChallengerAction[] {
  if (game.isVoid) return [{ kind: "sink" }];
  const late = game.pending.find(({ due }) => game.nowSeconds > due);
  if (late !== undefined) return [{ kind: "timeout", key: late.key }];
  const { finding } = game;
  const live = game.challenges.filter(({ status }) => status === CHALLENGE_STATUS.live);
  const over = live.filter(({ moveBy }) => game.nowSeconds > moveBy);
  if (over.length > 0) return over.map(({ challengeId }) => ({ kind: "lapse", challengeId }));
  switch (finding.kind) {
    case "closed":
      if (live.some(({ segment }) => segment === finding.segment)) return [];
      return challenge(game, finding.segment, NO_STEP);
    case "wrong": {
      const mine = live.find(
        ({ segment, step }) => segment === finding.segment && (step === finding.step || step === NO_STEP),
      );
      if (mine !== undefined) return pursue(game, mine, finding.step);
      return wasLost(game, finding) ? [] : challenge(game, finding.segment, finding.step);
    }
    case "flawed":
      return [{ kind: "void" }];
    case "unavailable":
      // No question leads on, but silence loses the claim.
      return game.wasAsked ? [] : ask(game, live);
    case "wanted":
      return ask(game, live);
    default:
      return [];
  }
}

/** L1 did not call it wrong: the same proof would lose another bond. */
const wasLost = ({ challenges }: Game, found: Pick<ChallengeView, "segment" | "step">): boolean =>
  challenges.some(
    ({ status, segment, step }) => status === CHALLENGE_STATUS.lost && segment === found.segment && step === found.step,
  );

/**
 * Asks for what is wanted and waits for all answers, whoever asked for it. After an answer there is time to ask and to challenge
 * (P7.3); a live challenge waits for the last of them.
 */
function ask(game: Game, live: readonly ChallengeView[]): readonly ChallengerAction[] {
  const last = game.pending.filter(({ isWanted }) => isWanted).at(-1);
  const waits = last === undefined ? [] : live.filter(({ waiting }) => !waiting);
  return [
    ...(game.nowSeconds > game.askableUntil ? [] : game.unasked.map((want) => ({ kind: "demand", want }) as const)),
    ...waits.map(({ challengeId }) => ({ kind: "waitFor", challengeId, key: last!.key }) as const),
  ];
}

/** Challenges start only within the window, while a question waits, or for a while after its answer. */
const challenge = (game: Game, segment: number, step: number): readonly ChallengerAction[] =>
  game.nowSeconds > game.challengeableUntil ? [] : [{ kind: "challenge", segment, step }];

function pursue(game: Game, { challengeId, step, waiting, l1Block }: ChallengeView, wrongStep: number) {
  if (waiting) return [];
  if (step === NO_STEP) return [{ kind: "point", challengeId, step: wrongStep } as const];
  // A proof must come in a later block; trying it earlier would only be refused.
  return game.l1Block > l1Block ? [{ kind: "prove", challengeId } as const] : [];
}

/** What lies on L1 once a claim is decided, from the end of the airgap on if it was overturned. */
function whenClosed(game: Game): readonly ChallengerAction[] {
  const overturned = game.status === CLAIM_STATUS.overturned;
  if (overturned && game.nowSeconds <= game.closedAt + game.airgapSeconds) return [];
  const back = game.challenges.filter(
    ({ status }) => status === CHALLENGE_STATUS.live || status === CHALLENGE_STATUS.won,
  );
  return [
    ...back.map(({ challengeId }) => ({ kind: "refund", challengeId }) as const),
    ...game.feesOpen.map((key) => ({ kind: "collectFee", key }) as const),
    ...(overturned && game.rewardOpen ? [{ kind: "collect" } as const] : []),
  ];
}
