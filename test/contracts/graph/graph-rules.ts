// GraphRules, the contract that says which leaves of a graph are false and what proving a node costs, run by itself.
import type { Hex } from "viem";
import type { EncodedGraph } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { TASK_KIND, type Task } from "../../../common/task.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, Graph, OpName } from "../../../verifier/graph/graph.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import type { DType, Shape } from "../../../verifier/tensor/tensor.ts";
import { createGasMeter, RevertedError } from "../../support/gas-meter.ts";

/** A training with a graph of any size. */
export const anyTask: Task = {
  id: ZERO_HASH,
  kind: TASK_KIND.train,
  modelId: ZERO_HASH,
  graph: { root: ZERO_HASH, flops: 0n, bytes_: 2n ** 64n - 1n },
  datasetRoot: ZERO_HASH,
  datasetRows: 8n,
  startRoot: ZERO_HASH,
  steps: 1,
  segmentSteps: 1,
  batchRows: 4,
  profile: 0,
  flags: 0,
  priceWei: 0n,
  deadline: 0n,
  windowSeconds: 60,
};

export async function openGraphRules() {
  const { call } = await createGasMeter(readArtifacts()("l1/verifiers/GraphRules"));
  return {
    call,
    /** True: L1 finds nothing wrong with the leaf. */
    async keeps(of: Task, { header }: EncodedGraph, index: number, bytes: Hex, flops: bigint, bytes_: bigint) {
      try {
        await call("checkLeaf", [of, header, BigInt(index), bytes, flops, bytes_]);
        return true;
      } catch (error) {
        if (error instanceof RevertedError) return false;
        throw error;
      }
    },
  };
}

export type GraphRules = Awaited<ReturnType<typeof openGraphRules>>;

/** A graph of one node. */
export function graphOf(op: OpName, operands: readonly (readonly [DType, Shape])[], attributes: Attributes): Graph {
  const draft = newDraft();
  const ids = operands.map(([dtype, shape], i) => stateInput(draft, `x${i}`, { dtype, shape }));
  return finish(draft, { kind: "infer", stateOutputs: [emit(draft, op, ids, attributes, "tested")] });
}
