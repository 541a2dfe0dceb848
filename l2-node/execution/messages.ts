import type { Hex } from "viem";
import type { ClaimedMessage, Message, OverturnedMessage } from "../../common/message.ts";
import { TASK_KIND } from "../../common/task.ts";
import { addBalance } from "./account.ts";
import { payFinal, refundOver } from "./escrow.ts";
import { pushExpiry } from "./expiries.ts";
import { release } from "./parking.ts";
import type { WorldState } from "./state.ts";
import {
  claimSlot,
  liveSlot,
  lostSlot,
  openedSlot,
  overturnedSlot,
  read,
  resultSlot,
  voidedSlot,
  write,
} from "./system.ts";
import { jobOfModel } from "./tasks.ts";
import { oldestTask, type TaskList, unlistTask } from "./unfinished.ts";
import { graphOfModel } from "./voids.ts";

/** What consuming messages tells the block runner. */
export interface Standing {
  readonly id: Hex;
  readonly claimHash: Hex;
  readonly standing: "soft" | "final";
}

export interface MessageContext {
  readonly state: WorldState;
  readonly timestamp: bigint;
  /** Claims overturned, suspended or paused at H. */
  readonly withoutSoftEffect: ReadonlySet<Hex>;
  readonly standings: Standing[];
  /** Soft claims whose effect was decided by `withoutSoftEffect`. */
  readonly judged: { claim: Hex; effective: boolean }[];
}

/** Effect of one inbox message on the state (P1.4, P6.6). Gas deposits and settlements are the ledger's. */
export function consume(context: MessageContext, message: Message): void {
  switch (message.kind) {
    case 2:
      addBalance(context.state, message.to, message.amountWei);
      break;
    case 3:
      claimed(context, message);
      break;
    case 4:
      overturned(context, message);
      break;
    case 5:
      final(context, message);
      break;
    case 8:
      addBalance(context.state, message.from, message.mintWei);
      break;
    case 9:
      voided(context, message);
  }
}

function claimed(context: MessageContext, message: ClaimedMessage): void {
  const { state } = context;
  const { id, claimHash, claimant, resultRoot, output, failedSteps } = message;
  write(state, claimSlot(claimHash), { id, claimant, resultRoot, output, failedSteps });
  write(state, liveSlot(id), claimHash);
  if (!message.soft) return;
  const effective = hasSoftEffect(context, message);
  context.judged.push({ claim: claimHash, effective });
  if (!effective) return;
  write(state, resultSlot(id), { claimHash, isFinal: false, resultRoot, output, failedSteps });
  context.standings.push({ id, claimHash, standing: "soft" });
  release(state, id);
}

/** P6.6. What depends on times is in the set; the rest on the messages before this one. */
function hasSoftEffect({ state, withoutSoftEffect }: MessageContext, message: ClaimedMessage): boolean {
  if (withoutSoftEffect.has(message.claimHash) || read(state, overturnedSlot(message.id))) return false;
  return message.consumed.every((claimHash) => {
    const claim = read(state, claimSlot(claimHash));
    return claim !== undefined && read(state, resultSlot(claim.id))?.claimHash === claimHash;
  });
}

function overturned({ state, timestamp }: MessageContext, { id, lostSeconds }: OverturnedMessage): void {
  write(state, overturnedSlot(id), true);
  write(state, liveSlot(id), undefined);
  write(state, lostSlot(id), lostSeconds);
  refundOver(state, id, timestamp);
}

/**
 * What nobody can claim any more gives its money back, and whoever waits for it goes on, to be told so (P14.4). The claim of a
 * training was overturned by the message before; those of inferences will be by later ones.
 */
function voided({ state, timestamp }: MessageContext, { modelId, graph }: { modelId: Hex; graph: number }): void {
  write(state, voidedSlot(modelId, graph), true);
  refundOver(state, modelId, timestamp);
  const job = jobOfModel(state, modelId);
  if (job === undefined) return; // nobody can have asked for anything
  const isModelVoid = graph === graphOfModel(job) && !read(state, resultSlot(modelId))?.isFinal;
  if (isModelVoid || graph === TASK_KIND.infer) end(state, { kind: TASK_KIND.infer, modelId }, timestamp);
  if (isModelVoid || graph === TASK_KIND.evaluate) end(state, { kind: TASK_KIND.evaluate, modelId }, timestamp);
}

/** Anybody can have opened any number of them: they end with what expires, in blocks that have gas for it (P12.5). */
function end(state: WorldState, list: TaskList, timestamp: bigint): void {
  if (oldestTask(state, list) === undefined) return;
  const kind = list.kind === TASK_KIND.infer ? "inferences" : "evaluations";
  pushExpiry(state, { at: timestamp - 1n, kind, word: list.modelId });
}

/** Ends the oldest of a list of tasks that are void, or whose model failed, which nothing is added to any more; returns whether there are others. */
export function endOldest(state: WorldState, list: TaskList, timestamp: bigint): boolean {
  const id = oldestTask(state, list);
  if (id === undefined) return false;
  unlistTask(state, id, list);
  refundOver(state, id, timestamp);
  release(state, id);
  return oldestTask(state, list) !== undefined;
}

function final({ state, standings, timestamp }: MessageContext, { id, claimHash }: { id: Hex; claimHash: Hex }): void {
  const claim = read(state, claimSlot(claimHash));
  if (claim === undefined) return; // L1 finalizes only what it has queued as claimed
  const { resultRoot, output, failedSteps } = claim;
  write(state, resultSlot(id), { claimHash, isFinal: true, resultRoot, output, failedSteps });
  write(state, liveSlot(id), undefined);
  standings.push({ id, claimHash, standing: "final" });
  const opened = read(state, openedSlot(id));
  if (opened !== undefined) unlistTask(state, id, opened);
  payFinal(state, id);
  release(state, id);
  if (failedSteps === 0) return;
  // Of a model that will never be made nothing can be asked (P15.4).
  end(state, { kind: TASK_KIND.infer, modelId: id }, timestamp);
  end(state, { kind: TASK_KIND.evaluate, modelId: id }, timestamp);
}
