// A claimant that shows its graph on L1 alone, beside padding that has sums: L1 does not look at what a proof has of padding (P0.4).
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { about, type DarkStage, FLAT, lies, openDarkStage, ULP } from "../../support/dark-stage.ts";
import { smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

// The one lie: sums where the siblings of a leaf that is answered with are padding.
vi.mock("../../../verifier/witness/proofs.ts", async (original) => {
  const proofs = await original<typeof import("../../../verifier/witness/proofs.ts")>();
  const { graphLeaves } = await import("../../../verifier/model/root.ts");
  const leafProof: typeof proofs.leafProof = (graph, leaf) => {
    const last = graphLeaves(graph).length - 1;
    const proof = proofs.leafProof(graph, leaf);
    const siblings = proof.siblings.map((sibling, height) => {
      const at = leaf >> height;
      return at % 2 === 0 && at >= last >> height ? { ...sibling, flops: 1n } : sibling;
    });
    return { ...proof, siblings };
  };
  return { ...proofs, leafProof };
});

describe.runIf(process.env.ANH_LONG === "1")("beside sums in padding", () => {
  let opened: DarkStage;
  beforeAll(async () => {
    opened = await openDarkStage([]);
  });
  afterAll(async () => {
    await opened?.stage.stopAll();
    await opened?.close();
  });

  const { graph } = smallTask(FLAT);
  const early = valueAt(graph, graph.nodes.find(({ op }) => op === "Gemm")!.output).name;

  it("a training of which nobody has the graph loses by a lie, whatever stands in the padding beside its leaves", async () => {
    const { stage, dark, urls } = opened;
    const task = stage.job({ ...FLAT, stepRoots: true, steps: 2 });
    await dark("liar", task, lies([{ step: 1, name: early, amount: ULP }]));
    const events = stage.watch({ dataUrls: [urls.constants] });
    const proved = await until(() => about(events, task, "proved")[0]);
    expect(proved).toMatchObject({ wrong: "element", step: 1, op: "Gemm", element: 3 });
  });
});
