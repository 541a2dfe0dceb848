import { AnhError } from "../../common/errors.ts";
import type { TrainStep } from "../../verifier/autodiff/train-step.ts";
import { valueAt } from "../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { bytesOf, viewOf } from "../../verifier/tensor/tensor.ts";
import type { Dataset } from "../../verifier/trace/dataset.ts";

export interface FirstStep {
  readonly loss: number;
  readonly milliseconds: number;
}

/** One step over the dataset's first rows, on this machine: what the runtime cannot do, or leaves the numbers, shows here. */
export async function firstStep({ graph, state }: TrainStep, dataset: Dataset): Promise<FirstStep> {
  const batch = graph.batchInputs.map((id, i) => {
    const { dtype, shape } = valueAt(graph, id);
    const tensor = dataset.tensors[i]!;
    const rowBytes = tensor.data.byteLength / dataset.rows;
    return viewOf({ dtype, shape }, bytesOf(tensor).slice(0, shape[0]! * rowBytes));
  });
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  try {
    const begun = performance.now();
    const { state: end, loss } = await session.step(
      state.map(({ start }) => start),
      batch,
    );
    const milliseconds = performance.now() - begun;
    const value = Number(loss!.data[0]);
    const broken = end.findIndex(({ data }) => !data.every((x) => Number.isFinite(Number(x))));
    if (!Number.isFinite(value) || broken >= 0)
      throw new AnhError("not-finite", `the first step gives a loss of ${value}`, {
        expected: "finite numbers, as a claim must hold",
        actual: broken < 0 ? String(value) : `${state[broken]!.name} with infinite or undefined elements`,
        hint: "A smaller learning rate, or inputs of a smaller scale (--scale).",
      });
    return { loss: value, milliseconds };
  } finally {
    await session.close();
  }
}
