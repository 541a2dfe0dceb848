import type { Hex } from "viem";
import { TASK_KIND } from "../../common/task.ts";
import type { Demand } from "./demand.ts";

/** Which demands an executor serves; an empty list allows everything. */
export type Taste = {
  readonly kinds: readonly (keyof typeof TASK_KIND)[];
  /** Salts of the jobs. */
  readonly salts: readonly Hex[];
  /** Trainings of jobs with these salts are left to others until a claim of theirs was overturned. */
  readonly afterOverturn: readonly Hex[];
};

export const takesBy =
  ({ kinds, salts, afterOverturn }: Taste) =>
  ({ task, job }: Demand, overturned: boolean): boolean => {
    if (kinds.length > 0 && !kinds.some((kind) => TASK_KIND[kind] === task.kind)) return false;
    if (salts.length > 0 && !salts.includes(job.salt)) return false;
    return task.kind !== TASK_KIND.train || !afterOverturn.includes(job.salt) || overturned;
  };
