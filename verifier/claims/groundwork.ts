import type { Hex } from "viem";
import type { Job } from "../../common/job.ts";
import type { Task } from "../../common/task.ts";
import { DeclinedError } from "../trace/canonical.ts";
import { openLane } from "./lane.ts";
import type { Ground } from "./view.ts";

/** Whether a training is ready to be run: found out before a bond is put at stake for it. Forgotten at a restart. */
export type Groundwork = {
  readonly groundOf: (id: Hex) => Ground;
  readonly begin: (task: Task, job: Job) => void;
  /** A run of it failed: nothing is put at stake for it any more. */
  readonly giveUp: (id: Hex) => void;
};

export type GroundworkModules = {
  /** Fetches, keeps and tries what the task names. */
  readonly prepare: (task: Task, job: Job) => Promise<void>;
  /** Told once for each id. */
  readonly onFailure: (task: Task, error: unknown) => void;
};

/** What could not be had is asked for again after `retryMs`, then after twice as long, up to this many doublings. */
const MAX_DOUBLINGS = 7;

export function openGroundwork(
  { retryMs }: { readonly retryMs: number },
  { prepare, onFailure }: GroundworkModules,
): Groundwork {
  const grounds = new Map<Hex, Ground>();
  const lost = new Set<Hex>();
  const tries = new Map<Hex, number>();
  // One at a time: who floods L2 with jobs takes the memory of one.
  const lane = openLane();

  async function work(task: Task, job: Job): Promise<void> {
    const { id } = task;
    try {
      await lane(() => prepare(task, job));
      grounds.set(id, "sound");
    } catch (error) {
      grounds.set(id, "unsound");
      const before = tries.get(id) ?? 0;
      tries.set(id, before + 1);
      if (before === 0) onFailure(task, error);
      if (error instanceof DeclinedError) return; // nothing of it will change
      setTimeout(() => grounds.delete(id), retryMs * 2 ** Math.min(before, MAX_DOUBLINGS)).unref();
    }
  }

  return {
    groundOf: (id) => (lost.has(id) ? "unsound" : (grounds.get(id) ?? "none")),
    begin: (task, job) => {
      if (grounds.has(task.id)) return;
      grounds.set(task.id, "busy");
      work(task, job);
    },
    giveUp: (id) => {
      lost.add(id);
    },
  };
}
