import { AnhError } from "../../common/errors.ts";
import { softmaxCrossEntropy } from "../autodiff/loss.ts";
import { type BatchSpec, trainStep } from "../autodiff/train-step.ts";
import { batchInput, type Draft, stateInput } from "../graph/draft.ts";
import { finish } from "../graph/finish.ts";
import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { mul, shapeOf } from "../ops/build.ts";
import type { Profile } from "../ops/judge.ts";
import { total } from "../ops/sums.ts";
import { newDraft } from "../ops/table.ts";
import { byteSizeOf, describe } from "../tensor/tensor.ts";
import { leafGas, unprovableNodes } from "./check.ts";
import { nodeCost } from "./cost.ts";
import { checkBatch, checkInputs, checkRow } from "./onnx/fits.ts";
import { type ImportedModel, type ImportOptions, importOnnx } from "./onnx/import.ts";
import { graphInPrecision, type Precision } from "./precision.ts";

/** Why something of a model cannot be run, or not be proven, and what to do about it. */
export type Problem = { readonly node: string; readonly what: string; readonly hint: string };

export type Leaf = { readonly node: string; readonly op: string; readonly gas: number };

/** One graph that a job would name: what a step of it costs, and what its nodes' leaves do. */
export type GraphReport = {
  readonly rows: number;
  readonly nodes: number;
  readonly ops: Readonly<Record<string, number>>;
  /** Per step (P5.6). */
  readonly flops: bigint;
  readonly bytes: bigint;
  /** The leaf that takes the most L1 gas to prove, estimated. */
  readonly worstLeaf: Readonly<Record<Profile, Leaf>>;
  /** Nodes that L1 could not judge, by profile. A graph with such nodes is no job of that profile. */
  readonly unprovable: Readonly<Record<Profile, readonly Problem[]>>;
};

export type ModelReport = {
  readonly opset: number;
  readonly precision: Precision;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly parameters: { readonly tensors: number; readonly values: number; readonly bytes: number };
  /** Nodes that cannot be run at all; while there are any, nothing more is known. */
  readonly unsupported: readonly (Problem & { readonly op: string; readonly opset: number })[];
  readonly inference: GraphReport | null;
  /** A step with Adam; the loss is softmax cross-entropy over [rows, classes], else the sum of the outputs' squares. */
  readonly training: GraphReport | null;
  /** Why there is no training step, and what to do about it where that is known. */
  readonly untrainable: string | null;
};

/** What can be said of a foreign model before anything is paid. Throws `ModelFileError` for what is no model at all. */
export function reportModel(
  bytes: Uint8Array,
  { precision = "fp32", ...options }: ImportOptions & { readonly precision?: Precision },
): ModelReport {
  const model = importOnnx(bytes, options);
  const unsupported = model.refusals().map(({ node, op, opset, error }) => ({ ...problemOf(error, node), op, opset }));
  const runs = unsupported.length === 0;
  const inference = runs ? inferenceGraph(importOnnx(bytes, { ...options, batchRows: 1 })) : null;
  const training =
    inference === null
      ? null
      : (misfit(model, options.batchRows, inference) ?? trainingGraph(model, options.batchRows));
  const trainable = training instanceof AnhError ? null : training;
  return {
    opset: model.opset,
    precision,
    inputs: model.inputs.map(({ name, type }) => `${name} ${describe(type)}`),
    outputs: model.outputs,
    parameters: {
      tensors: model.parameters.length,
      values: model.parameters.reduce((sum, { start }) => sum + start.data.length, 0),
      bytes: model.parameters.reduce((sum, { start }) => sum + byteSizeOf(start), 0),
    },
    unsupported,
    inference: inference === null ? null : reportGraph(graphInPrecision(inference, precision), 1),
    training: trainable === null ? null : reportGraph(graphInPrecision(trainable, precision), options.batchRows),
    untrainable: training instanceof AnhError ? [training.message, training.hint].filter(Boolean).join(": ") : null,
  };
}

const problemOf = (error: AnhError, node: string): Problem => ({
  node,
  what: String(error.actual),
  hint: error.hint ?? "",
});

function inferenceGraph(model: ImportedModel): Graph {
  const draft = newDraft();
  const parameters = model.parameters.map(({ name, start }) => stateInput(draft, name, start));
  const inputs = model.inputs.map(({ name, type }) => batchInput(draft, name, type));
  return finish(draft, { kind: "infer", stateOutputs: model.forward(draft, parameters, inputs) });
}

/** Why no contract could ask this network, if there is a reason. */
function misfit(model: ImportedModel, rows: number, inference: Graph): AnhError | undefined {
  const found = attempted(() => {
    checkInputs(model.inputs);
    for (const input of model.inputs) checkBatch(input, rows);
    const question = valueAt(inference, inference.batchInputs[0]!);
    const { dtype, shape } = valueAt(inference, inference.stateOutputs[0]!);
    // Where every position is scored, a job may answer with the last one's alone.
    const answer = { dtype, shape: shape.length > 2 ? [shape[0]!, ...shape.slice(2)] : shape };
    checkRow({ name: question.name, type: question }, model.outputs[0]!, answer);
  });
  return found instanceof AnhError ? found : undefined;
}

function attempted<T>(attempt: () => T): T | AnhError {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof AnhError) return error;
    throw error;
  }
}

/** One step as a requester would train it, or why there is none. */
function trainingGraph(model: ImportedModel, rows: number): Graph | AnhError {
  if (model.parameters.length === 0) return new AnhError("untrainable", "the model has no parameters");
  const labels: BatchSpec = { name: "anh.labels", type: { dtype: "int32", shape: [rows] } };
  const loss = (draft: Draft, parameters: readonly ValueId[], batch: readonly ValueId[]): ValueId => {
    const [output] = model.forward(draft, parameters, batch.slice(0, -1)) as [ValueId];
    const shape = shapeOf(draft, output);
    return shape.length === 2 && shape[0] === rows && shape[1]! > 1
      ? softmaxCrossEntropy(draft, output, batch.at(-1)!)
      : total(draft, mul(draft, output, output));
  };
  return attempted(
    () =>
      trainStep(
        { parameters: model.parameters, batch: [...model.inputs, labels], loss },
        { kind: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      ).graph,
  );
}

const ofEach = <T>(of: (profile: Profile) => T): Record<Profile, T> => ({
  strict: of("strict"),
  tolerant: of("tolerant"),
  "tolerant-gpu": of("tolerant-gpu"),
});

function reportGraph(graph: Graph, rows: number): GraphReport {
  const costs = graph.nodes.map((node) => nodeCost(graph, node));
  const ops: Record<string, number> = {};
  for (const op of graph.nodes.map((node) => node.op).sort()) ops[op] = (ops[op] ?? 0) + 1;
  const worst = (profile: Profile): Leaf =>
    graph.nodes
      .map((node) => ({ node: valueAt(graph, node.output).name, op: node.op, gas: leafGas(graph, node, profile) }))
      .reduce((a, b) => (b.gas > a.gas ? b : a), { node: "none", op: "none", gas: 0 });
  const unprovable = (profile: Profile): Problem[] =>
    unprovableNodes(graph, profile).map((error) => problemOf(error, error.node));
  return {
    rows,
    nodes: graph.nodes.length,
    ops,
    flops: costs.reduce((sum, { flops }) => sum + flops, 0n),
    bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0n),
    worstLeaf: ofEach(worst),
    unprovable: ofEach(unprovable),
  };
}
