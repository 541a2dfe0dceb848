import { bytesOfHex } from "../../common/bytes.ts";
import type { Job } from "../../common/job.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import { DeclinedError } from "../trace/canonical.ts";
import type { PreparedClaim } from "./claim-input.ts";

/** Right answers, as an evaluation's counter says (P5.10). */
export const correctOf = (output: Uint8Array): number =>
  new DataView(output.buffer, output.byteOffset, 4).getFloat32(0, true);

/** Throws `DeclinedError` where L1 would refuse the claim: the weights have not what was commissioned. */
export function requireTally(task: Task, { property }: Job, { input }: PreparedClaim): void {
  if (task.kind !== TASK_KIND.commission) return;
  const correct = correctOf(bytesOfHex(input.output));
  if (correct < property.minCorrect)
    throw new DeclinedError(
      `its weights gave ${correct} of the ${property.samples} samples drawn, ${property.minCorrect} are asked for`,
    );
}
