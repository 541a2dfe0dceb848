// What may be asked for at all (docs/protocol.md P4.2). test/contracts/results/vectors.test.ts holds L1 to the same verdicts.
import { readFileSync } from "node:fs";
import { padHex } from "viem";
import { describe, expect, test } from "vitest";
import { BadJobError, checkJob } from "../../common/job.ts";
import { commissionTask, evaluateTask, inferTask, type Task, trainTask } from "../../common/task.ts";
import { readVectors } from "../vectors/claims/claims.ts";

const { verdicts } = readVectors(readFileSync(new URL("../vectors/claims/claims.json", import.meta.url), "utf8"));
type Verdict = (typeof verdicts)[number];
const INPUT_ROOT = padHex("0x1234");

function derive({ job, kind, rows }: Verdict): Task {
  if (kind === 1) return trainTask(job);
  if (kind === 4) return commissionTask(job, INPUT_ROOT);
  return kind === 2 ? inferTask(job, INPUT_ROOT) : evaluateTask(job, INPUT_ROOT, rows);
}

/** The field that the error names, in the way nodes tell contracts. */
function refused(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (!(error instanceof BadJobError)) throw error;
    return /^job\.(\w+) is /.exec(error.message)?.[1];
  }
  return "";
}

describe("jobs around each bound", () => {
  test.each(verdicts)("$what: '$field'", (verdict) => {
    expect(refused(() => derive(verdict))).toBe(verdict.field);
  });

  test("each bound has jobs on both sides", () => {
    const fields = new Set(verdicts.map(({ field }) => field));
    expect([...fields].sort()).toEqual(
      [
        "",
        "batchRows",
        "deadline",
        "evaluateBatchRows",
        "evaluateGraph",
        "flags",
        "gpu",
        "graph",
        "heldOutRows",
        "kind",
        "minCorrect",
        "priceWei",
        "priceWeiPerGflop",
        "profile",
        "property",
        "propertyPriceWei",
        "rows",
        "samples",
        "segmentSteps",
        "segments",
        "sequentialRows",
        "stepRoots",
        "steps",
        "trainGraph",
        "validator",
        "windowSeconds",
      ].sort(),
    );
  });

  test("a job by itself is refused for its window, whatever is made of it", () => {
    const endless = verdicts.find(({ what }) => what === "window of 136 years");
    expect(refused(() => checkJob(endless!.job))).toBe("windowSeconds");
  });
});
