// Runs that fail (docs/protocol.md P15) on a real L1: an honest executor says so and is believed; whoever says so of a run that does
// not, or denies it of one that does, loses its bond.
import { type Abi, type Hex, parseEventLogs } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import type { Role } from "../../../cli/stack/accounts.ts";
import type { Failure } from "../../../common/claim.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { disputesAbi } from "../../../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { defaultPrices } from "../../../deploy/prices.ts";
import { evidenceOf } from "../../../verifier/check/evidence.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { CHALLENGE_STATUS } from "../../../verifier/dispute/game.ts";
import { buildProof } from "../../../verifier/dispute/prove.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { totalRuntime } from "../../../verifier/runtime/total.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { rowOrderOf } from "../../../verifier/trace/inputs.ts";
import { batchOf } from "../../../verifier/trace/run.ts";
import { stepTraceOf } from "../../../verifier/trace/step.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import type { FailedClaim } from "../../support/failed-claim.ts";
import { type Hook, hookedSteps } from "../../support/hooked-steps.ts";
import { blockAfter, callAs, claimFailure } from "../../support/liars-claim.ts";
import { failureOf, overflowing, overflowingAtOnce } from "../../support/overflow.ts";
import { openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { type SmallSpec, type SmallTask, smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

let stage: ServiceStage;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  stage = await openServiceStage();
});
afterEach(async () => {
  await stage.stopAll();
  for (const close of closing.splice(0)) await close();
});
afterAll(() => stage?.close());

/** Without a seed nobody need reserve. */
const SPEC: SmallSpec = { rows: 100, flags: JOB_FLAG.sequentialRows, stepRoots: true };
const runtime = totalRuntime(onnxRuntime({ threads: 1 }));
const honest = async ({ graph }: SmallTask): Promise<Steps> => stepsOf(await runtime.open(graph));

const call = (role: Role, address: Hex, abi: Abi, functionName: string, args: readonly unknown[], value = 0n) =>
  callAs(role, stage.l1, address, abi, functionName, args, value);
const claims = (functionName: string, args: readonly unknown[], value = 0n) =>
  call("liar", stage.l1.chain.contracts.resultClaims, resultClaimsAbi as Abi, functionName, args, value);
const recordOf = (hash: Hex) =>
  stage.l1.client.readContract({
    address: stage.l1.chain.contracts.resultClaims,
    abi: resultClaimsAbi,
    functionName: "claimOf",
    args: [hash],
  });

/** What its claimant serves is what it says: nothing but the proof can be against it. */
async function claimFalsely(task: SmallTask, steps: Steps, failure: Failure): Promise<FailedClaim> {
  await stage.upload(task);
  const claim = await claimFailure(stage.l1, task, steps, failure);
  closing.push(claim.stop);
  return claim;
}

describe.each([
  ["its first step", async () => overflowingAtOnce({ ...SPEC, salt: 1001 })],
  [
    "its last step",
    async () => {
      const { steps } = await failureOf(overflowing(SPEC));
      return overflowing({ ...SPEC, steps, salt: 1002 });
    },
  ],
  ["a step between, without step roots", async () => overflowing({ ...SPEC, stepRoots: false, salt: 1003 })],
])("a training that fails in %s", (_, make) => {
  it("is claimed to, found right, and final", async () => {
    const task = await make();
    const { steps, node, element } = await failureOf(task);
    await stage.upload(task);
    const executor = await stage.execute("executor", task, honestSteps(1));
    const { claimHash, failed } = await seen(executor.events, "claimed");
    expect(failed).toEqual({ step: steps - 1, node, element });
    const events = stage.watch();
    expect(await seen(events, "checked")).toMatchObject({ claimHash, finding: "right" });
    expect(await recordOf(claimHash as Hex)).toMatchObject({ steps, failure: { steps, node, element } });
    await stage.l1.warp(61);
    await seen(executor.events, "finalized");
    expect((await recordOf(claimHash as Hex)).status).toBe(CLAIM_STATUS.final);
  });
});

test("what is asked of such a claim on L1 is answered, the step that fails too", async () => {
  const task = overflowing({ ...SPEC, stepRoots: false, salt: 1005 });
  const { steps } = await failureOf(task);
  await stage.upload(task);
  const executor = await stage.execute("executor", task, honestSteps(1));
  const { claimHash } = await seen(executor.events, "claimed");
  const [segment, step] = [Math.floor((steps - 1) / 2), (steps - 1) % 2];
  const ask = (functionName: string, args: readonly unknown[], value: bigint) =>
    call("liar", stage.l1.chain.contracts.demands, demandsAbi as Abi, functionName, [claimHash, ...args], value);
  const answered = (name: string) =>
    until(() => executor.events.find(({ event, functionName }) => event === "answered" && functionName === name));
  await ask("demandTraces", [segment], defaultPrices.openFeeWei);
  await answered("openSegment");
  await ask("demandStep", [segment, step, 0], defaultPrices.openFeeWei + 8n * defaultPrices.chunkFeeWei);
  await answered("openStep");
});

test("who denies a failure that is true loses the bond, and the claim stands", async () => {
  const task = overflowingAtOnce({ ...SPEC, salt: 1004 });
  const failure = await failureOf(task);
  const claim = await claimFalsely(task, await honest(task), failure);
  const { disputes } = stage.l1.chain.contracts;
  const dispute = (functionName: string, args: readonly unknown[], value = 0n) =>
    call("challenger", disputes, disputesAbi as Abi, functionName, args, value);
  const { logs, blockNumber } = await dispute("challenge", [claim.hash, 0, 0], defaultPrices.challengeBondWei);
  const [made] = parseEventLogs({ abi: disputesAbi, logs, eventName: "Challenged" });
  const challengeId = made!.args.challengeId;
  await blockAfter(stage.l1, blockNumber);
  const roots = await claim.traces.roots(0);
  const records = await claim.subject.data.segments(claim.hash, 1);
  const gatherer = openGatherer(task.dataset);
  const batch = batchOf(task.graph, await gatherer.feeds(rowOrderOf(task), 0, 1), 0, 1);
  await gatherer.close();
  const values = evaluate(task.graph, task.start, batch);
  const violation = { kind: "failure", node: failure.node, element: Number(failure.element), right: 1 } as const;
  const proof = await buildProof(
    claim.subject,
    {
      segment: 0,
      wrong: {
        step: 0,
        violation,
        roots,
        values,
        trace: stepTraceOf(roots),
        previousTrace: undefined,
      },
      evidence: evidenceOf(records, await claim.traces.stepHashes(0), 0, 0),
      read: async () => {
        throw new Error("all of it is at hand");
      },
    },
    undefined,
  );
  await dispute("prove", [challengeId, proof.kind, task.task, proof.witness]);
  const challenge = await stage.l1.client.readContract({
    address: disputes,
    abi: disputesAbi,
    functionName: "challengeOf",
    args: [challengeId],
  });
  expect(challenge.status).toBe(CHALLENGE_STATUS.lost);
  expect((await recordOf(claim.hash)).status).toBe(CLAIM_STATUS.open);
  await stage.l1.warp(61);
  await claims("finalize", [claim.hash]);
  expect((await recordOf(claim.hash)).status).toBe(CLAIM_STATUS.final);
});

describe("a failure that is none is proven wrong:", () => {
  const small = (salt: number) => smallTask({ ...SPEC, steps: 3, segmentSteps: 2, salt });
  const opOf = ({ graph }: SmallTask, op: string) => graph.nodes.findIndex((node) => node.op === op);
  const tamed: Hook = (_, output) => {
    if (output.dtype !== "float32") return;
    for (let i = 0; i < output.data.length; i++) if (!Number.isFinite(output.data[i])) output.data[i] = 1e30;
  };

  it.each<[string, () => Promise<{ task: SmallTask; steps: Steps; failure: Failure; found: object }>]>([
    [
      "of an element that can be computed",
      async () => {
        const task = small(1010);
        const node = opOf(task, "Gemm");
        const found = { wrong: "failure", step: 1, element: 5 };
        return { task, steps: await honest(task), failure: { steps: 2, node, element: 5n }, found };
      },
    ],
    [
      "out of operands that were bent in a node before",
      async () => {
        const task = small(1011);
        const exp = opOf(task, "Exp");
        const bend: Hook = ({ step, node }, output) => {
          if (step === 1 && node === exp - 1) output.data[0] = 1000;
        };
        const found = { wrong: "element", step: 1, element: 0 };
        const failure = { steps: 2, node: exp, element: 0n };
        return { task, steps: hookedSteps(task.graph, bend), failure, found };
      },
    ],
    [
      "at a node behind the one that fails",
      async () => {
        const task = overflowing({ ...SPEC, salt: 1012 });
        const { steps } = await failureOf(task);
        const failure = { steps, node: task.graph.nodes.length - 1, element: 0n };
        return { task, steps: hookedSteps(task.graph, tamed), failure, found: { wrong: "element", step: steps - 1 } };
      },
    ],
    [
      "in a step behind the one that fails",
      async () => {
        const task = overflowing({ ...SPEC, salt: 1013 });
        const { steps, node, element } = await failureOf(task);
        const failure = { steps: steps + 1, node, element };
        return { task, steps: hookedSteps(task.graph, tamed), failure, found: { wrong: "element", step: steps - 1 } };
      },
    ],
  ])("%s", async (_, make) => {
    const { task, steps, failure, found } = await make();
    const claim = await claimFalsely(task, steps, failure);
    const events = stage.watch();
    const about = await until(() =>
      events.find(({ event, claimHash }) => event === "proved" && claimHash === claim.hash),
    );
    expect(about).toMatchObject(found);
    expect((await recordOf(claim.hash)).status).toBe(CLAIM_STATUS.overturned);
  });
});
