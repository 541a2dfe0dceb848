// A step that is larger than a slice is judged as if it were not, with no more than a slice of its values at once.
import { afterAll, describe, expect, it } from "vitest";
import { withCheckModules } from "../../../verifier/check/bench.ts";
import { type ClaimFinding, type ClaimSubject, checkClaim } from "../../../verifier/check/claim.ts";
import { groupsOf } from "../../../verifier/check/large-step.ts";
import { buildProof, type WrongSegmentStep } from "../../../verifier/dispute/prove.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { hasLeaf } from "../../../verifier/model/leaf.ts";
import type { LieAmount } from "../../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { referenceRuntime } from "../../../verifier/runtime/reference.ts";
import type { Runtime } from "../../../verifier/runtime/runtime.ts";
import { SLICE_BYTES, slicesOf } from "../../../verifier/runtime/slices.ts";
import { byteSizeOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { legalSteps } from "../../support/legal-steps.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { serveClaim } from "../../support/served-claim.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";

const SMALL_SLICE = 1024;
const STEP = 2;
const strict = smallTask({ stepRoots: true, steps: 4, segmentSteps: 4 });
const tolerant = smallTask({ tolerant: true, steps: 4, segmentSteps: 4 });
const { graph } = strict;
const runtime = onnxRuntime({ threads: 1 });

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function claimOf(task: SmallTask, steps: Steps): Promise<ClaimSubject> {
  const { subject, stop } = await serveClaim(task, steps);
  stops.push(stop);
  return subject;
}

const bytesOfAll = (tensors: readonly Tensor[]) => tensors.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0);

/** Tells the most bytes that one call computes, or is fed where it computes nodes by themselves. */
function measured(): { readonly runtime: Runtime; readonly most: () => number } {
  let most = 0;
  const open: Runtime["open"] = async (opened) => {
    const session = await runtime.open(opened);
    const computed = new Set(opened.nodes.map(({ output }) => output));
    return {
      ...session,
      values: async (state, batch, ids) => {
        const tensors = await session.values(state, batch, ids);
        const given = opened.kind === "train" ? [] : batch;
        const found = tensors.filter((_, i) => computed.has(ids[i]!));
        most = Math.max(most, bytesOfAll(given), opened.kind === "train" ? bytesOfAll(found) : 0);
        return tensors;
      },
    };
  };
  return { runtime: { name: "measured", open }, most: () => most };
}

async function checked(subject: ClaimSubject, sliceBytes: number): Promise<ClaimFinding & { readonly most: number }> {
  const { runtime: telling, most } = measured();
  const finding = await withCheckModules(
    telling,
    subject.inputs,
    (modules) => checkClaim(subject, modules, async () => undefined),
    sliceBytes,
  );
  return { ...finding, most: most() };
}

/** A node may be larger than a slice by itself. */
const LARGEST_NODE = Math.max(
  ...graph.nodes.map(({ inputs, output }) =>
    [...new Set([...inputs, output])].reduce((sum, id) => sum + byteSizeOf(valueAt(graph, id)), 0),
  ),
);

describe("a step that is larger than a slice", () => {
  it("is one here, by far", () => {
    expect(slicesOf(graph, SMALL_SLICE).length).toBeGreaterThan(4);
    expect(groupsOf(graph, SMALL_SLICE).flat()).toEqual([...graph.nodes.keys()]);
    expect(groupsOf(graph, SMALL_SLICE).length).toBeGreaterThan(4);
    expect(groupsOf(graph, SLICE_BYTES)).toHaveLength(1);
  });

  it.each([
    ["strict", strict],
    ["tolerant", tolerant],
  ])("is found right in %s, in slices", async (_, task) => {
    const subject = await claimOf(task, stepsOf(await runtime.open(graph)));
    const [whole, sliced] = [await checked(subject, SLICE_BYTES), await checked(subject, SMALL_SLICE)];
    expect(sliced).toEqual({ ...whole, most: sliced.most });
    expect(sliced.kind).toBe("right");
    expect(sliced.most).toBeLessThanOrEqual(Math.max(SMALL_SLICE, LARGEST_NODE));
    expect(whole.most).toBeGreaterThan(4 * sliced.most);
  });

  it("is found right where another machine computed it within the tolerance, group by group", async () => {
    const subject = await claimOf(tolerant, legalSteps(graph, 1));
    const sliced = await checked(subject, SMALL_SLICE);
    expect(sliced.kind).toBe("right");
    expect(sliced.most).toBeLessThanOrEqual(Math.max(SMALL_SLICE, LARGEST_NODE));
  });

  const provable = [...graph.nodes.keys()].filter((node) => hasLeaf(graph.nodes[node]!));
  const outputs = graph.nodes.map(({ output }) => valueAt(graph, output).name);
  const last = outputs.indexOf("next_weight0");
  it.each([
    ["strict", "the first", provable[0]!],
    ["strict", "a middle", provable[Math.floor(provable.length / 2)]!],
    ["strict", "an optimizer's", last],
    ["tolerant", "the first", provable[0]!],
    ["tolerant", "an optimizer's", last],
  ] as const)("is proven wrong in %s as a whole one would be: a lie at %s node", async (profile, _, node) => {
    const task = profile === "strict" ? strict : tolerant;
    const amount: LieAmount = profile === "strict" ? { unit: "ulp", count: 1 } : { unit: "tol", factor: 2 };
    const subject = await claimOf(
      task,
      await lyingSteps(graph, referenceRuntime, { step: STEP, node, element: 1, amount }),
    );
    const [whole, sliced] = [await checked(subject, SLICE_BYTES), await checked(subject, SMALL_SLICE)];
    expect(whole).toMatchObject({ kind: "wrong", wrong: { step: STEP, violation: { kind: "element", node } } });
    expect(sliced).toMatchObject({ kind: "wrong", wrong: { step: STEP, violation: { kind: "element", node } } });
    expect(sliced.most).toBeLessThanOrEqual(Math.max(SMALL_SLICE, LARGEST_NODE));
    const proof = (found: unknown) => buildProof(subject, found as WrongSegmentStep, undefined);
    expect(await proof(sliced)).toEqual(await proof(whole));
  });
});
