import { softmaxCrossEntropy } from "../autodiff/loss.ts";
import type { Optimizer } from "../autodiff/optimizer.ts";
import { type StateSpec, type TrainStep, trainStep } from "../autodiff/train-step.ts";
import { batchInput, type Draft, emit, rename, stateInput } from "../graph/draft.ts";
import { finish } from "../graph/finish.ts";
import { type Graph, type ValueId, ZERO_SOURCE } from "../graph/graph.ts";
import { add, cast, equal, reshape } from "../ops/build.ts";
import { total } from "../ops/sums.ts";
import { newDraft } from "../ops/table.ts";
import type { DType, Shape } from "../tensor/tensor.ts";

/** A network that gives one row of class scores per input row. */
export type Classifier = {
  readonly parameters: readonly StateSpec[];
  /** Running statistics: state of the model behind its parameters. */
  readonly buffers?: readonly StateSpec[];
  readonly input: { readonly dtype: DType; readonly rowShape: Shape };
  /** [rows, …rowShape] → [rows, classes]; `state`: the parameters, then the buffers. */
  readonly forward: (draft: Draft, state: readonly ValueId[], x: ValueId) => ValueId;
  /** The same in training, where that is another computation, with the new value of each buffer. */
  readonly train?: (
    draft: Draft,
    state: readonly ValueId[],
    x: ValueId,
  ) => { readonly y: ValueId; readonly buffers: readonly ValueId[] };
};

const inputType = (network: Classifier, rows: number) => ({
  dtype: network.input.dtype,
  shape: [rows, ...network.input.rowShape],
});

/** Labels are bytes, as MNIST's are. */
const labelsType = (rows: number) => ({ dtype: "uint8" as const, shape: [rows] });

/** One step of softmax cross-entropy training. */
export const classifierTrainStep = (network: Classifier, batchRows: number, optimizer: Optimizer): TrainStep =>
  trainStep(
    {
      parameters: network.parameters,
      buffers: network.buffers ?? [],
      batch: [
        { name: "x", type: inputType(network, batchRows) },
        { name: "labels", type: labelsType(batchRows) },
      ],
      loss: (draft, state, [x, labels]) => {
        if (network.train === undefined) return softmaxCrossEntropy(draft, network.forward(draft, state, x!), labels!);
        const { y, buffers } = network.train(draft, state, x!);
        return { loss: softmaxCrossEntropy(draft, y, labels!), buffers };
      },
    },
    optimizer,
  );

const stateOf = ({ parameters, buffers = [] }: Classifier): StateSpec[] => [...parameters, ...buffers];

/** Scores of `rows` inputs: `y` [rows, classes], from the parameters and buffers alone (the first tensors of the model's state). */
export function inferGraph(network: Classifier, rows: number): Graph {
  const draft = newDraft();
  const state = stateOf(network).map(({ name, start }) => stateInput(draft, name, start));
  const y = network.forward(draft, state, batchInput(draft, "x", inputType(network, rows)));
  rename(draft, y, "y");
  return finish(draft, { kind: "infer", stateOutputs: [y] });
}

/**
 * Counts right answers: the parameters stay as they are, and one float32 [1] (exact below 2²⁴, from zero) grows by the
 * rows of the step whose highest score is the label's.
 */
export function evaluateGraph(network: Classifier, rows: number): Graph {
  const draft = newDraft();
  const state = stateOf(network).map(({ name, start }) => stateInput(draft, name, start));
  const correct = stateInput(draft, "correct", { dtype: "float32", shape: [1] }, ZERO_SOURCE);
  const x = batchInput(draft, "x", inputType(network, rows));
  const labels = batchInput(draft, "labels", labelsType(rows));
  const predicted = emit(draft, "ArgMax", [network.forward(draft, state, x)], { axis: 1, keepdims: 0 });
  const hits = cast(draft, equal(draft, predicted, cast(draft, labels, "int64")), "float32");
  const next = add(draft, correct, reshape(draft, total(draft, hits), [1]));
  rename(draft, next, "next_correct");
  return finish(draft, { kind: "evaluate", stateOutputs: [...state, next] });
}
