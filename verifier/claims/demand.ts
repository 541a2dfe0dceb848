import type { Job } from "../../common/job.ts";
import type { Task } from "../../common/task.ts";

/** A result that transactions on L2 wait for or have paid for. */
export type Demand = { readonly job: Job; readonly task: Task };

/** Where demands come from: a node's `anh_getDemands`. */
export type DemandSource = () => Promise<readonly Demand[]>;
