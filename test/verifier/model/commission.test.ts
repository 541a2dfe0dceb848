// A commission as its requester thinks of it (docs/protocol.md P13.1).
import { describe, expect, it } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { BadJobError, trainId } from "../../../common/job.ts";
import { commissionTask, modelTask, trainTask } from "../../../common/task.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { graphRef } from "../../../verifier/model/root.ts";
import { datasetRoot } from "../../../verifier/trace/dataset.ts";
import { roomFor } from "../../../verifier/trace/room.ts";
import { smallCommission } from "../../support/small-commission.ts";

const asked = smallCommission(0);
const { property } = asked.job;

describe("a job for weights", () => {
  it("names the held-out rows, and of the recipe all that a training needs", () => {
    const { job, heldOut, dataset, graphs } = asked;
    expect(job).toMatchObject({
      profile: 2,
      trainGraph: graphRef(encodeGraph(graphs.train.graph)),
      datasetRoot: datasetRoot(dataset),
      steps: 40,
      property: { heldOutRoot: datasetRoot(heldOut), heldOutRows: 50n, heldOutBytes: 50n * 13n },
    });
  });

  it("need not say how to train", () => {
    const { job } = smallCommission(0, { recipe: false });
    expect(job).toMatchObject({ steps: 0, batchRows: 0, datasetRows: 0n, startRoot: ZERO_HASH });
    expect(job.trainGraph.root).toBe(ZERO_HASH);
    expect(job.stateBytes).toBe(4n * (12n * 8n + 8n + 8n * 4n + 4n));
    expect(trainId(job)).not.toBe(trainId(asked.job));
  });

  it.each([
    ["samples", { samples: 42 }],
    ["minCorrect", { minCorrect: 41 }],
  ])("is refused by name: %s", (field, change) => {
    const build = () => smallCommission(0, { property: { ...property, ...change } });
    expect(build).toThrow(BadJobError);
    expect(build).toThrow(`job.${field} is`);
  });
});

describe("its task", () => {
  it("counts in one order whatever is delivered, at the property's price", () => {
    const startRoot = `0x${"57".repeat(32)}` as const;
    const task = commissionTask(asked.job, startRoot);
    expect(task).toMatchObject({ kind: 4, profile: 0, startRoot, steps: 10, segmentSteps: 4, batchRows: 4 });
    expect(task).toMatchObject({ datasetRows: 50n, priceWei: property.priceWei, id: trainId(asked.job) });
    expect(modelTask(asked.job)).toEqual({ ...task, startRoot: ZERO_HASH });
    expect(() => trainTask(asked.job)).toThrow("job.kind is a commission");
  });

  it("takes room for the held-out rows, not for those of the recipe", () => {
    const more = { ...asked.job, datasetRows: 10n ** 12n, datasetBytes: 10n ** 15n };
    expect(roomFor(asked.task, more)).toEqual(roomFor(asked.task, asked.job));
    const held = { ...asked.job, property: { ...property, heldOutBytes: 10n ** 15n } };
    expect(roomFor(asked.task, held).memoryBytes).toBeGreaterThan(10n ** 15n);
  });
});
