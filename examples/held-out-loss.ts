import { batchInput, stateInput } from "../verifier/graph/draft.ts";
import { finish } from "../verifier/graph/finish.ts";
import type { Graph } from "../verifier/graph/graph.ts";
import { type GptSpec, gptModel } from "../verifier/model/gpt.ts";
import { newDraft } from "../verifier/ops/table.ts";
import { onnxRuntime } from "../verifier/runtime/onnxruntime.ts";
import type { Tensor } from "../verifier/tensor/tensor.ts";

/** Mean loss, in nats per character, of text that a network was not trained on. `state` begins with its parameters. */
export async function heldOutLoss(
  spec: GptSpec,
  state: readonly Tensor[],
  [x, labels]: readonly Tensor[],
): Promise<number> {
  const graph = lossGraph(spec);
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  const parameters = state.slice(0, graph.stateInputs.length);
  const size = spec.batchRows * spec.positions;
  const batches = Math.floor(x!.data.length / size);
  const part = (tensor: Tensor, i: number): Tensor => ({
    dtype: "uint8",
    shape: [spec.batchRows, spec.positions],
    data: (tensor.data as Uint8Array).slice(i * size, (i + 1) * size),
  });
  let sum = 0;
  for (let i = 0; i < batches; i++) {
    const { state: ends } = await session.step(parameters, [part(x!, i), part(labels!, i)]);
    sum += ends[0]!.data[0] as number;
  }
  await session.close();
  return sum / batches;
}

/** Mean loss of a batch, from the parameters alone. */
function lossGraph(spec: GptSpec): Graph {
  const model = gptModel(spec);
  const draft = newDraft();
  const parameters = model.parameters.map(({ name, start }) => stateInput(draft, name, start));
  const batch = model.batch.map(({ name, type }) => batchInput(draft, name, type));
  return finish(draft, { kind: "infer", stateOutputs: [model.loss(draft, parameters, batch)] });
}
