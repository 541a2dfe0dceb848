import type { Hex } from "viem";
import type { Task } from "../../common/task.ts";
import type { StateReader } from "./state.ts";
import { type ResultRecord, read, resultSlot } from "./system.ts";

/** What has failed for good, and in which of its steps (P15.4). */
export type FailedRun = { readonly id: Hex; readonly step: number };

/** Why a task has no result and never will: its own run has failed, or that which makes its model. */
export function failureOf(state: StateReader, { id, modelId }: Pick<Task, "id" | "modelId">): FailedRun | undefined {
  for (const failed of [id, modelId]) {
    const result = read(state, resultSlot(failed));
    if (result !== undefined && result.failedSteps > 0) return { id: failed, step: result.failedSteps - 1 };
  }
  return undefined;
}

/** What a final claim earns: the price, or that of the steps before the one that failed, rounded down (P15.4). */
export const earnedWei = ({ priceWei, steps }: Task, { failedSteps }: ResultRecord): bigint =>
  failedSteps === 0 ? priceWei : (priceWei * BigInt(failedSteps - 1)) / BigInt(steps);
