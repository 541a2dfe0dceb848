// Claims that a run fails (docs/protocol.md P15): true ones are right, and each lie about one is proven wrong by itself.
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Failure } from "../../../common/claim.ts";
import { withCheckModules } from "../../../verifier/check/bench.ts";
import { type ClaimFinding, checkClaim } from "../../../verifier/check/claim.ts";
import { compareReplay } from "../../../verifier/check/replay.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { hasLeaf } from "../../../verifier/model/leaf.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { totalRuntime } from "../../../verifier/runtime/total.ts";
import { sizeOf } from "../../../verifier/tensor/tensor.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { type FailedClaim, failedClaim } from "../../support/failed-claim.ts";
import { type Hook, hookedSteps } from "../../support/hooked-steps.ts";
import { failureOf, overflowing, overflowingAtOnce } from "../../support/overflow.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";

const runtime = totalRuntime(onnxRuntime({ threads: 1 }));
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
let later: Failure;
beforeAll(async () => {
  later = await failureOf(overflowing());
});

const honest = async ({ graph }: SmallTask): Promise<Steps> => stepsOf(await runtime.open(graph));
async function claimed(task: SmallTask, steps: Steps, failure: Failure): Promise<FailedClaim> {
  const claim = await failedClaim(task, steps, failure);
  closing.push(claim.stop);
  return claim;
}

/** As the challenger does; what is closed is opened as its claimant would have to. */
async function checked(claim: FailedClaim): Promise<ClaimFinding> {
  return withCheckModules(runtime, claim.subject.inputs, async (modules) => {
    const first = await checkClaim(claim.subject, modules, async () => undefined);
    if (first.kind !== "closed") return first;
    return checkClaim(claim.subject, modules, claim.traces.stepHashes);
  });
}
const found = async (claim: FailedClaim) => {
  const finding = await checked(claim);
  return finding.kind === "wrong" ? { step: finding.wrong.step, ...finding.wrong.violation } : finding.kind;
};

const specs = [
  ["with step roots", { stepRoots: true }],
  ["without", {}],
] as const;
const nodeNamed = ({ graph }: SmallTask, name: string) =>
  graph.nodes.findIndex(({ output }) => valueAt(graph, output).name === name);
const opOf = ({ graph }: SmallTask, op: string) => graph.nodes.findIndex((node) => node.op === op);

describe.each(specs)("a true failure, %s", (_, spec) => {
  it("of a later step is right", async () => {
    expect(later.steps).toBeGreaterThan(1);
    const task = overflowing(spec);
    const claim = await claimed(task, await honest(task), later);
    expect(claim.claim).toMatchObject({ output: "0x", failure: later });
    expect(await found(claim)).toBe("right");
    await withCheckModules(runtime, claim.subject.inputs, async (modules) => {
      expect(await compareReplay(claim.subject, modules)).toBeUndefined();
    });
  });

  it("of the last step is right", async () => {
    const task = overflowing({ ...spec, steps: later.steps });
    expect(await failureOf(task)).toEqual(later);
    expect(await found(await claimed(task, await honest(task), later))).toBe("right");
  });

  it("of the first step is right", async () => {
    const task = overflowingAtOnce(spec);
    const failure = await failureOf(task);
    expect(failure.steps).toBe(1);
    expect(await found(await claimed(task, await honest(task), failure))).toBe("right");
  });

  it("is as true of another element of that node, and of no other node", async () => {
    const task = overflowingAtOnce(spec);
    const failure = await failureOf(task);
    const { shape } = valueAt(task.graph, task.graph.nodes[failure.node]!.output);
    const last = { ...failure, element: BigInt(sizeOf(shape) - 1) };
    expect(await found(await claimed(task, await honest(task), last))).toBe("right");
  });
});

describe.each(specs)("a failure that is none, %s", (_, spec) => {
  it("is denied by a right result, whatever node it is said of", async () => {
    const task = smallTask({ ...spec, steps: 3, segmentSteps: 2 });
    const steps = await honest(task);
    for (const node of ["mul_20", "gemm_21", "exp_30", "next_bias1"].map((name) => nodeNamed(task, name))) {
      const { output } = task.graph.nodes[node]!;
      const failure = { steps: 2, node, element: 0n };
      const claim = await claimed(task, steps, failure);
      expect(await found(claim), valueAt(task.graph, output).name).toMatchObject({ kind: "failure", step: 1, node });
      if (output !== task.graph.nodes[opOf(task, "Exp")]!.output) continue;
      await withCheckModules(runtime, claim.subject.inputs, async (modules) => {
        expect(await compareReplay(claim.subject, modules)).toMatchObject({ step: 1, notFailed: true });
      });
    }
  });

  it("is found where its operands were bent in a node before", async () => {
    const task = smallTask({ ...spec, steps: 3, segmentSteps: 2 });
    const exp = opOf(task, "Exp");
    const bend: Hook = ({ step, node }, output) => {
      if (step === 1 && node === exp - 1) output.data[0] = 1000;
    };
    const claim = await claimed(task, hookedSteps(task.graph, bend), { steps: 2, node: exp, element: 0n });
    expect(await found(claim)).toMatchObject({ kind: "element", step: 1, node: exp - 1, element: 0 });
  });

  it("is found where its operands were bent steps before", async () => {
    const task = smallTask({ ...spec, steps: 3, segmentSteps: 2 });
    const weights = nodeNamed(task, "next_weight0");
    const bend: Hook = ({ step, node }, output) => {
      if (step === 0 && node === weights) output.data.fill(3e38 as never);
    };
    const steps = hookedSteps(task.graph, bend);
    const gemm = opOf(task, "Gemm");
    const claim = await claimed(task, steps, { steps: 2, node: gemm, element: 0n });
    expect(await found(claim)).toMatchObject({ kind: "element", step: 0, node: weights });
  });

  it("is found where it comes behind the true one, in its step and in a later one", async () => {
    const task = overflowing(spec);
    const tamed: Hook = (_, output) => {
      if (output.dtype !== "float32") return;
      for (let i = 0; i < output.data.length; i++) if (!Number.isFinite(output.data[i])) output.data[i] = 1e30;
    };
    const { steps } = later;
    for (const lie of [
      { steps, node: task.graph.nodes.length - 1, element: 0n },
      { steps: steps + 1, node: later.node, element: later.element },
    ]) {
      const finding = await found(await claimed(task, hookedSteps(task.graph, tamed), lie));
      expect(finding).toMatchObject({ kind: "element", node: later.node });
    }
  });

  it("is found where what comes with it or behind it is not zero", async () => {
    const task = overflowingAtOnce(spec);
    const failure = await failureOf(task);
    const last = task.graph.nodes.length - 1;
    // Without step roots a claim says nothing but where the step ends.
    for (const lie of "stepRoots" in spec ? [failure.node, last] : [last]) {
      const steps = hookedSteps(task.graph, ({ node }, output) => {
        if (node >= failure.node && hasLeaf(task.graph.nodes[node]!)) output.data.fill(0 as never);
        if (node === lie) output.data[1] = 1;
      });
      // Committed to as an ordinary run: nobody puts zeros in their place.
      const computed = { ...task, task: { ...task.task, steps: failure.steps } };
      const claim = await failedClaim(task, steps, failure, undefined, computed);
      closing.push(claim.stop);
      expect(await found(claim)).toMatchObject({ kind: "zero", node: lie, element: 1 });
    }
  });
});
