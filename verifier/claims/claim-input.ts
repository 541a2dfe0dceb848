import { type Address, bytesToHex, encodeAbiParameters, type Hex } from "viem";
import { type Failure, NO_FAILURE, type ResultClaim, type SegmentLeaf } from "../../common/claim.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Job } from "../../common/job.ts";
import { treeProof } from "../../common/merkle.ts";
import { TASK_KIND, type Task, taskHash } from "../../common/task.ts";
import { leafFields } from "../check/evidence.ts";
import type { Graph } from "../graph/graph.ts";
import { encodeGraph } from "../model/encoding.ts";
import { headOf } from "../trace/run.ts";
import { segmentLeafOf, trajectoryRoot } from "../trace/trajectory.ts";
import { headerProofParameter, nodeProofParameter } from "../witness/abi.ts";
import { headerProof, nodeProof } from "../witness/proofs.ts";
import type { ComputedRun } from "./runs.ts";

/** Claimed, with everything L1 checks at once (`IResultClaims.ClaimInput`). */
export type PreparedClaim = {
  readonly claim: ResultClaim;
  readonly input: {
    readonly job: Job;
    readonly kind: number;
    readonly inputRoot: Hex;
    readonly rows: number;
    readonly resultRoot: Hex;
    readonly trajectoryRoot: Hex;
    readonly consumed: readonly Hex[];
    readonly output: Hex;
    readonly lastSegment: SegmentLeaf;
    readonly lastSegmentProof: readonly Hex[];
    readonly outputProof: Hex;
    readonly salt: Hex;
    readonly dataUrl: string;
    readonly failure: Failure;
  };
};

export type ClaimTerms = {
  readonly job: Job;
  readonly claimant: Address;
  readonly seed: Hex;
  readonly consumed: Hex | undefined;
  readonly salt: Hex;
  readonly dataUrl: string;
};

export function prepareClaim({ inputs, result }: ComputedRun, terms: ClaimTerms): PreparedClaim {
  const { task, graph } = inputs;
  const { resultRoot, output } = headOf(task, result);
  const records = result.segments.map(({ record }) => record);
  const consumed = terms.consumed === undefined ? [] : [terms.consumed];
  const failure = result.failure ?? NO_FAILURE;
  const claim: ResultClaim = {
    id: task.id,
    claimant: terms.claimant,
    taskHash: taskHash(task),
    seed: terms.seed,
    resultRoot,
    trajectoryRoot: trajectoryRoot(records),
    consumed,
    output: bytesToHex(output),
    salt: terms.salt,
    failure,
  };
  const leaves = records.map(segmentLeafOf);
  return {
    claim,
    input: {
      job: terms.job,
      ...taskParameters(task),
      resultRoot,
      trajectoryRoot: claim.trajectoryRoot,
      consumed,
      output: claim.output,
      lastSegment: leafFields(records.at(-1)!),
      lastSegmentProof: treeProof(leaves, leaves.length - 1),
      outputProof: outputProof(task, graph, result),
      salt: terms.salt,
      dataUrl: terms.dataUrl,
      failure,
    },
  };
}

/** What L1 derives the task from, besides the job. */
export const taskParameters = (task: Task) => ({
  kind: task.kind,
  inputRoot: inputRootOf(task),
  rows: task.kind === TASK_KIND.evaluate ? Number(task.datasetRows) : 0,
});

function inputRootOf({ kind, startRoot, datasetRoot }: Task): Hex {
  if (kind === TASK_KIND.train) return ZERO_HASH;
  return kind === TASK_KIND.commission ? startRoot : datasetRoot;
}

/** evaluate, commission: that the counter is the last tensor of the result; of a failure its node; else empty. */
function outputProof(task: Task, graph: Graph, { segments, failure }: ComputedRun["result"]): Hex {
  const { stateRoots } = segments.at(-1)!;
  if (failure !== undefined) {
    const encoded = encodeGraph(graph);
    return encodeAbiParameters(
      [headerProofParameter, nodeProofParameter],
      [headerProof(encoded), nodeProof(encoded, failure.node)],
    );
  }
  if (task.kind === TASK_KIND.train || task.kind === TASK_KIND.infer) return "0x";
  return encodeAbiParameters(
    [headerProofParameter, { type: "bytes32[]" }],
    [headerProof(encodeGraph(graph)), treeProof(stateRoots, stateRoots.length - 1)],
  );
}
