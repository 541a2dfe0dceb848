import { type Digits, digitsDataset, loadMnist } from "../../examples/data/mnist.ts";
import { digitsCnn, digitsMlp } from "../../examples/networks.ts";
import { type Graph, valueAt, ZERO_SOURCE } from "../../verifier/graph/graph.ts";
import type { ModelGraphs } from "../../verifier/model/mlp.ts";
import { inPrecision, PRECISIONS, type Precision } from "../../verifier/model/precision.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import type { Session } from "../../verifier/runtime/runtime.ts";
import { type Tensor, zeros } from "../../verifier/tensor/tensor.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { compared, type Figure, secondsOf } from "./figures.ts";
import { training } from "./networks.ts";
import { gatherAll } from "./training-loops.ts";

/** Whole segments: eight and three epochs. */
const STEPS = { mlp: 3712, cnn: 2816 } as const;

const NETWORKS: Readonly<Record<keyof typeof STEPS, ModelGraphs>> = {
  mlp: digitsMlp({ seed: 1, batchRows: 128 }),
  cnn: digitsCnn(STEPS.cnn),
};

/** What a network learns of the digits in each precision, and how much slower its steps are, beside float32 on the same rows. */
export async function precision(say: (text: string) => void): Promise<Record<string, Figure>> {
  const mnist = await loadMnist();
  const dataset = digitsDataset(mnist.train);
  const figures: Record<string, Figure> = {};
  for (const name of ["mlp", "cnn"] as const) {
    const graphs = NETWORKS[name];
    const inputs = training(graphs, dataset, STEPS[name]);
    const gatherer = openGatherer(dataset);
    const segments = await gatherAll(inputs, gatherer);
    await gatherer.close();
    const runs = await Promise.all(PRECISIONS.map((of) => openRun(of, inPrecision(graphs, of), inputs.start)));
    // One segment of each in turn: what slows the machine slows all of them.
    for (const [i, segment] of segments.entries()) {
      for (const run of runs) {
        run.seconds += await secondsOf(async () => {
          run.state = (await run.session.segment(run.state, segment)).state;
        });
      }
      if ((i + 1) % 16 === 0) say(`${name}: ${i + 1} of ${segments.length} segments`);
    }
    const plain = runs[0]!;
    const accuracy = await accuracyOf(plain, mnist.test);
    for (const run of runs.slice(1)) {
      figures[`precision-${name}-${run.of}-accuracy`] = compared(await accuracyOf(run, mnist.test), accuracy, "%");
      figures[`precision-${name}-${run.of}-steps`] = compared(
        STEPS[name] / run.seconds,
        STEPS[name] / plain.seconds,
        "steps/s",
      );
    }
    for (const { session } of runs) await session.close();
  }
  return figures;
}

type Run = {
  readonly of: Precision;
  readonly evaluate: Graph;
  readonly session: Session;
  state: readonly Tensor[];
  seconds: number;
};

const openRun = async (of: Precision, { train, evaluate }: ModelGraphs, start: readonly Tensor[]): Promise<Run> => ({
  of,
  evaluate,
  session: await onnxRuntime({ threads: 1 }).open(train.graph),
  state: start,
  seconds: 0,
});

/** Of the digits it has not seen, by the evaluation of its own precision. */
async function accuracyOf({ evaluate, state }: Run, { images, labels, rows }: Digits): Promise<number> {
  const session = await onnxRuntime({ threads: 1 }).open(evaluate);
  const [x, y] = evaluate.batchInputs.map((id) => valueAt(evaluate, id));
  const step = x!.shape[0]!;
  const pixels = x!.shape[1]!;
  let current: readonly Tensor[] = evaluate.stateInputs.map(({ source, value }) =>
    source === ZERO_SOURCE ? zeros(valueAt(evaluate, value)) : state[source]!,
  );
  for (let row = 0; row < rows; row += step) {
    const batch: Tensor[] = [
      { dtype: x!.dtype, shape: x!.shape, data: images.slice(row * pixels, (row + step) * pixels) },
      { dtype: y!.dtype, shape: y!.shape, data: labels.slice(row, row + step) },
    ];
    current = (await session.step(current, batch)).state;
  }
  await session.close();
  return (100 * (current.at(-1)!.data[0] as number)) / rows;
}
