import type { Hex } from "viem";
import { z } from "zod";
import { AnhError } from "../../common/errors.ts";
import { decodeJob, type Job } from "../../common/job.ts";
import {
  commissionTask,
  decodeTask,
  evaluateTask,
  inferTask,
  TASK_KIND,
  type Task,
  trainTask,
} from "../../common/task.ts";
import { shownUrl } from "../../common/trouble.ts";
import type { Demand, DemandSource } from "./demand.ts";

/** A node that does not answer `anh_getDemands`, or answers something else. */
export class DemandSourceError extends AnhError {}

const hash = z.custom<Hex>((text) => typeof text === "string" && /^0x[0-9a-f]{64}$/.test(text), "32 bytes in hex");
const bytes = z.custom<Hex>((text) => typeof text === "string" && /^0x([0-9a-f]{2})*$/.test(text), "bytes in hex");
const demandsBody = z.object({ result: z.array(z.object({ id: hash, jobBytes: bytes, taskBytes: bytes })) });

/** Demands as a node tells them. The task is derived here from the job, and must give the id. */
export function openDemandSource(nodeUrl: string, timeoutMs: number): DemandSource {
  return async () => {
    const response = await fetch(nodeUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "anh_getDemands", params: [] }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause) => {
      throw new DemandSourceError("node-unavailable", `no L2 node answers at ${shownUrl(nodeUrl)}`, { cause });
    });
    const parsed = demandsBody.safeParse(await response.json().catch(() => undefined));
    if (!parsed.success)
      throw new DemandSourceError("demands", `${shownUrl(nodeUrl)} does not answer anh_getDemands with demands`, {
        expected: "a list of {id, jobBytes, taskBytes}",
        actual: parsed.error.issues[0]?.message,
      });
    return parsed.data.result.map(({ id, jobBytes, taskBytes }) =>
      demandOf(id, decodeJob(jobBytes), decodeTask(taskBytes)),
    );
  };
}

function demandOf(id: Hex, job: Job, task: Task): Demand {
  const derived = taskOf(job, task);
  if (derived.id !== id)
    throw new DemandSourceError("demand-id", "a demanded job does not give its id", {
      expected: id,
      actual: derived.id,
    });
  return { job, task: derived };
}

function taskOf(
  job: Job,
  { kind, datasetRoot, datasetRows, startRoot }: Pick<Task, "kind" | "datasetRoot" | "datasetRows" | "startRoot">,
): Task {
  switch (kind) {
    case TASK_KIND.train:
      return trainTask(job);
    case TASK_KIND.infer:
      return inferTask(job, datasetRoot);
    case TASK_KIND.evaluate:
      return evaluateTask(job, datasetRoot, Number(datasetRows));
    case TASK_KIND.commission:
      return commissionTask(job, startRoot);
    default:
      throw new DemandSourceError("task-kind", `kind ${kind} is no task`, { expected: "1 … 4", actual: kind });
  }
}
