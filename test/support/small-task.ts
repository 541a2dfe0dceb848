import { type Hex, numberToHex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { JOB_FLAG, type Job, PROFILE } from "../../common/job.ts";
import { NO_PROPERTY } from "../../common/property.ts";
import { isSeedless, trainTask } from "../../common/task.ts";
import type { Optimizer } from "../../verifier/autodiff/optimizer.ts";
import { encodeGraph } from "../../verifier/model/encoding.ts";
import { type ModelGraphs, mlpGraphs } from "../../verifier/model/mlp.ts";
import { graphRef } from "../../verifier/model/root.ts";
import { drawStart } from "../../verifier/numerics/start-draw.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { byteSizeOf, bytesOf, type Tensor } from "../../verifier/tensor/tensor.ts";
import { type Dataset, datasetBytes, datasetOf, datasetRoot } from "../../verifier/trace/dataset.ts";
import type { TaskInputs } from "../../verifier/trace/inputs.ts";
import { startList } from "../../verifier/trace/start.ts";
import { rootOfList } from "../../verifier/trace/step.ts";
import { seededRandom } from "./random.ts";

export type SmallTask = TaskInputs & { readonly job: Job; readonly graphs: ModelGraphs };

/** Divides the default 50 rows. */
const EVALUATE_BATCH_ROWS = 10;

export type SmallSpec = {
  readonly sizes?: readonly number[];
  readonly rows?: number;
  readonly batchRows?: number;
  readonly steps?: number;
  readonly segmentSteps?: number;
  readonly tolerant?: boolean;
  readonly stepRoots?: boolean;
  readonly flags?: number;
  readonly optimizer?: Optimizer;
  /** Weights start where the seed draws them. */
  readonly drawn?: boolean;
  readonly windowSeconds?: number;
  /** Jobs that differ in nothing else have ids of their own. */
  readonly salt?: number;
  readonly deadline?: bigint;
};

/** A classifier small enough to train, check and dispute in milliseconds; real in every part. */
export function smallTask(spec: SmallSpec = {}): SmallTask {
  const { sizes = [12, 8, 4], rows = 50, batchRows = 8 } = spec;
  const optimizer = spec.optimizer ?? { kind: "momentum", learningRate: 0.1, momentum: 0.9 };
  const graphs = mlpGraphs({
    sizes,
    batchRows,
    evaluateBatchRows: EVALUATE_BATCH_ROWS,
    optimizer,
    seed: 1,
    drawn: spec.drawn === true,
  });
  return taskOfGraphs(graphs, smallDataset(rows, sizes[0]!, sizes.at(-1)!), spec);
}

/** A task to train any network: `batchRows` is what its graphs take. */
export function taskOfGraphs(
  graphs: ModelGraphs,
  dataset: Dataset,
  spec: Omit<SmallSpec, "sizes" | "rows" | "optimizer">,
): SmallTask {
  const { batchRows = 8, steps = 10, segmentSteps = 4 } = spec;
  const { graph } = graphs.train;
  const isDrawn = graph.stateInputs.some(({ rule }) => rule !== undefined);
  const given = graphs.train.state.map(({ start }) => start);
  const stepRoots = spec.stepRoots === true || spec.tolerant === true;
  const job: Job = {
    chainId: 42n,
    requester: "0x00000000000000000000000000000000000000aa",
    salt: numberToHex(spec.salt ?? 0, { size: 32 }),
    trainGraph: graphRef(encodeGraph(graphs.train.graph)),
    inferGraph: graphRef(encodeGraph(graphs.infer)),
    evaluateGraph: graphRef(encodeGraph(graphs.evaluate)),
    datasetRoot: datasetRoot(dataset),
    datasetRows: BigInt(dataset.rows),
    datasetBytes: BigInt(datasetBytes(dataset)),
    startRoot: rootOfList(
      startList(
        graph,
        given.map((tensor) => tensorRoot(bytesOf(tensor))),
      ),
    ),
    stateBytes: BigInt(given.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0)),
    steps,
    segmentSteps,
    batchRows,
    evaluateBatchRows: EVALUATE_BATCH_ROWS,
    profile: spec.tolerant === true ? PROFILE.tolerant : PROFILE.strict,
    flags: (stepRoots ? JOB_FLAG.stepRoots : 0) | (isDrawn ? JOB_FLAG.drawnStart : 0) | (spec.flags ?? 0),
    priceWeiPerGflop: 1n,
    deadline: spec.deadline ?? 2n ** 40n,
    windowSeconds: spec.windowSeconds ?? 60,
    property: NO_PROPERTY,
  };
  const task = trainTask(job);
  const seed: Hex = isSeedless(task) ? ZERO_HASH : `0x${"5e".repeat(32)}`;
  const start = given.map((tensor, i) => {
    const { rule } = graph.stateInputs[i]!;
    if (rule === undefined) return tensor;
    const data = new Float32Array(tensor.data.length);
    drawStart(data, seed, i, rule);
    return { ...tensor, data };
  });
  return { job, task, seed, graph, graphs, dataset, start };
}

function smallDataset(rows: number, inputs: number, classes: number): Dataset {
  const random = seededRandom(7);
  const bytes = (length: number, below: number) => Uint8Array.from({ length }, () => random.below(below));
  const x: Tensor = { dtype: "uint8", shape: [rows, inputs], data: bytes(rows * inputs, 256) };
  const labels: Tensor = { dtype: "uint8", shape: [rows], data: bytes(rows, classes) };
  return datasetOf([x, labels]);
}
