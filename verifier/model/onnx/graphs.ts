import type { ProfileName } from "../../../common/job.ts";
import type { Optimizer } from "../../autodiff/optimizer.ts";
import { type BatchSpec, type TrainStep, trainStep } from "../../autodiff/train-step.ts";
import { batchInput, type Draft, rename, stateInput, unusedName } from "../../graph/draft.ts";
import { finish } from "../../graph/finish.ts";
import { type Graph, type ValueId, valueAt, ZERO_SOURCE } from "../../graph/graph.ts";
import { add, cast, mul, reshape, scalar, shapeOf, sliceAxis } from "../../ops/build.ts";
import { total } from "../../ops/sums.ts";
import { newDraft } from "../../ops/table.ts";
import { describe, sameShape, type TensorType } from "../../tensor/tensor.ts";
import { unprovableNodes } from "../check.ts";
import { ModelFileError, RefusedModelError, RowsError } from "../errors.ts";
import { headOf, type LossSpec } from "../heads.ts";
import type { JobGraphs } from "../job.ts";
import { inPrecision, type Precision } from "../precision.ts";
import { redrawn } from "../start.ts";
import { checkBatch, checkInputs, checkRow } from "./fits.ts";
import { type ImportedModel, type ImportOptions, importOnnx } from "./import.ts";

/** A foreign network, what it is trained towards, and how. */
export type OnnxTraining = Pick<ImportOptions, "dimensions" | "external" | "frozen"> & {
  readonly file: Uint8Array;
  /** Which of the model's outputs is scored and answered with; by default its first. */
  readonly output?: string;
  /** Of an output [rows, positions, …] a contract is told the last position alone, [1, …]: what follows a text, say. */
  readonly lastPosition?: boolean;
  readonly loss: LossSpec;
  readonly optimizer: Optimizer;
  /** Whole numbers in the dataset become float32 inputs times this, e.g. 1/255 for pixels. */
  readonly scale?: number;
  readonly batchRows: number;
  readonly evaluateBatchRows: number;
  readonly profile: ProfileName;
  readonly precision?: Precision;
  /** The file's matrices say how far apart weights start, and the job's seed where (`redrawn`). */
  readonly drawn?: boolean;
};

/** A tensor of the dataset, by the name of the input that it feeds; the last one is the target. */
export type DatasetColumn = { readonly name: string; readonly type: TensorType };

/** Names of the model's inputs, in the order in which a dataset feeds them. */
export const inputNames = (training: Pick<OnnxTraining, "file" | "external" | "dimensions">): string[] =>
  importOnnx(training.file, { ...training, batchRows: 1 }).inputs.map(({ name }) => name);

/**
 * The graphs of a job that trains a foreign network: a training step (forward, loss, gradients, update), an inference of one
 * row, an evaluation that counts right answers (none for `mse`). Its weights are where the training starts.
 * Throws `RefusedModelError` naming every node that cannot be run, or not be proven in the profile; `RowsError` and
 * `TargetError` for a dataset that does not fit, `ModelFileError` for a file that is no such network.
 */
export function onnxGraphs(training: OnnxTraining, columns: readonly DatasetColumn[]): JobGraphs {
  const model = open(training, training.batchRows);
  const refusals = model.refusals().map(({ error }) => error);
  if (refusals.length > 0) throw new RefusedModelError("nodes that cannot be run", refusals);
  if (model.parameters.length === 0)
    throw new ModelFileError("model", "float32 initializers, which a training changes", "none");
  const expected = model.inputs.map(({ name }) => name);
  const fed = columns.slice(0, -1).map(({ name }) => name);
  if (columns.length === 0 || String(fed) !== String(expected))
    throw new ModelFileError(
      "dataset",
      `tensors ${expected.join(", ")} and a target`,
      columns.map(({ name }) => name).join(", "),
    );
  const graphs: JobGraphs = {
    train: trainGraph(training, model, columns),
    infer: inferGraph(training, columns),
    evaluate: evaluateGraph(training, columns),
  };
  const { train, infer, evaluate } = inPrecision(graphs, training.precision ?? "fp32");
  const unprovable = [train.graph, infer, ...(evaluate === null ? [] : [evaluate])].flatMap((graph) =>
    unprovableNodes(graph, training.profile),
  );
  if (unprovable.length > 0)
    throw new RefusedModelError(`nodes that L1 cannot judge in ${training.profile}`, unprovable);
  return { train, infer, evaluate };
}

const open = ({ file, dimensions, external, frozen }: OnnxTraining, batchRows: number): ImportedModel =>
  importOnnx(file, {
    batchRows,
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(external === undefined ? {} : { external }),
    ...(frozen === undefined ? {} : { frozen }),
  });

/** What the batch of a graph of `rows` rows is made of: the dataset's tensors, row by row. */
const batchOf = (columns: readonly DatasetColumn[], rows: number): BatchSpec[] =>
  columns.map(({ name, type }) => ({ name, type: { dtype: type.dtype, shape: [rows, ...type.shape.slice(1)] } }));

/** The model's inputs out of what the dataset holds. */
function inputsOf(
  draft: Draft,
  { inputs }: ImportedModel,
  given: readonly ValueId[],
  scale: number | undefined,
): ValueId[] {
  return inputs.map(({ name, type }, i) => {
    const held = valueAt(draft, given[i]!);
    const [rows, ...row] = held.shape;
    checkBatch({ name, type }, rows!);
    if (!sameShape(row, type.shape.slice(1))) throw new RowsError(name, `[${type.shape.slice(1)}]`, `[${row}]`);
    const narrowing = held.dtype === "float32" && type.dtype !== "float32";
    if (narrowing || type.dtype === "bool") throw new RowsError(name, type.dtype, held.dtype);
    const converted = cast(draft, given[i]!, type.dtype);
    const scaled = scale !== undefined && held.dtype !== "float32" && type.dtype === "float32";
    return scaled ? mul(draft, converted, scalar(draft, scale)) : converted;
  });
}

function outputOf({ output }: OnnxTraining, model: ImportedModel): string {
  const [first] = model.outputs;
  const name = output ?? first;
  if (name === undefined || !model.outputs.includes(name))
    throw new ModelFileError("model", `an output among ${model.outputs.join(", ") || "none"}`, name ?? "none");
  return name;
}

/** What the loss is taken of: a Softmax or Sigmoid at the end is part of the loss already. */
function scored(training: OnnxTraining, model: ImportedModel): string {
  const output = outputOf(training, model);
  const { holds } = headOf(training.loss);
  return (holds === null ? undefined : model.before(output, holds)) ?? output;
}

function trainGraph(training: OnnxTraining, model: ImportedModel, columns: readonly DatasetColumn[]): TrainStep {
  const head = headOf(training.loss);
  return trainStep(
    {
      parameters: training.drawn ? model.parameters.map(redrawn) : model.parameters,
      batch: batchOf(columns, training.batchRows),
      loss: (draft, parameters, batch) => {
        const inputs = inputsOf(draft, model, batch.slice(0, -1), training.scale);
        const [y] = model.forward(draft, parameters, inputs, [scored(training, model)]) as [ValueId];
        return head.loss(draft, y, batch.at(-1)!);
      },
    },
    training.optimizer,
  );
}

/** One row in the dataset's own form in, the model's output out. */
function inferGraph(training: OnnxTraining, columns: readonly DatasetColumn[]): Graph {
  const model = open(training, 1);
  const inputs = columns.slice(0, -1);
  checkInputs(model.inputs);
  const draft = newDraft();
  const parameters = model.parameters.map(({ name, start }) => stateInput(draft, name, start));
  const given = batchOf(inputs, 1).map(({ name, type }) => batchInput(draft, name, type));
  const output = outputOf(training, model);
  const [whole] = model.forward(draft, parameters, inputsOf(draft, model, given, training.scale), [output]) as [
    ValueId,
  ];
  const y = training.lastPosition === true ? lastOf(draft, whole, output) : whole;
  checkRow(batchOf(inputs, 1)[0]!, output, valueAt(draft, y));
  if (!draft.nodes.some((node) => node.output === y))
    throw new ModelFileError(`output ${output}`, "what some node computes", "an input or a parameter");
  rename(draft, y, unusedName(draft, "y"));
  return finish(draft, { kind: "infer", stateOutputs: [y] });
}

function lastOf(draft: Draft, whole: ValueId, name: string): ValueId {
  const [rows, positions, ...rest] = shapeOf(draft, whole);
  if (positions === undefined || rest.length === 0)
    throw new ModelFileError(`output ${name}`, "rows, positions and more", describe(valueAt(draft, whole)));
  return reshape(draft, sliceAxis(draft, whole, 1, positions - 1, positions), [rows!, ...rest]);
}

/** Counts right answers as `evaluateGraph` of a classifier does. */
function evaluateGraph(training: OnnxTraining, columns: readonly DatasetColumn[]): Graph | null {
  const { hits } = headOf(training.loss);
  if (hits === null) return null;
  const model = open(training, training.evaluateBatchRows);
  const draft = newDraft();
  const parameters = model.parameters.map(({ name, start }) => stateInput(draft, name, start));
  const counter = unusedName(draft, "correct");
  const correct = stateInput(draft, counter, { dtype: "float32", shape: [1] }, ZERO_SOURCE);
  const batch = batchOf(columns, training.evaluateBatchRows).map(({ name, type }) => batchInput(draft, name, type));
  const inputs = inputsOf(draft, model, batch.slice(0, -1), training.scale);
  const [y] = model.forward(draft, parameters, inputs, [scored(training, model)]) as [ValueId];
  const next = add(draft, correct, reshape(draft, total(draft, hits(draft, y, batch.at(-1)!)), [1]));
  rename(draft, next, unusedName(draft, `next_${counter}`));
  return finish(draft, { kind: "evaluate", stateOutputs: [...parameters, next] });
}
