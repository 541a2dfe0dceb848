import { describe, expect, it } from "vitest";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { ModelFileError } from "../../../verifier/model/errors.ts";
import { toOnnxWithWeights } from "../../../verifier/model/onnx/frozen.ts";
import { importOnnx } from "../../../verifier/model/onnx/import.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { takeThread } from "../../../verifier/runtime/threads.ts";
import { fromSafetensors, toSafetensors } from "../../../verifier/tensor/safetensors.ts";
import { float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { stateFromModel } from "../../../verifier/trace/inputs.ts";
import { ONE_THREAD } from "../../support/one-thread.ts";
import { smallTask } from "../../support/small-task.ts";

const { graphs, start: model } = smallTask();
const graph = graphs.infer;
const weights = stateFromModel(graph, model);
const x: Tensor = { dtype: "uint8", shape: [1, 12], data: new Uint8Array(12).map((_, i) => 20 * i) };

describe("a model with its weights", () => {
  it("is refused where the weights are not the graph's", () => {
    expect(() => toOnnxWithWeights(graph, weights.slice(1))).toThrow(ModelFileError);
    expect(() => toOnnxWithWeights(graph, [float32([1], [0]), ...weights.slice(1)])).toThrow(ModelFileError);
  });

  it("gives in any ONNX runtime the bits that the inference gives, from x alone", async () => {
    const session = await onnxRuntime({ threads: 1 }).open(graph);
    const { state } = await session.step(weights, [x]);
    await session.close();
    const thread = takeThread();
    await thread.load("model", toOnnxWithWeights(graph, weights), ONE_THREAD);
    const { y } = await thread.run("model", { x }, ["y"]);
    await thread.close();
    expect(y!.data).toEqual(state[0]!.data);
  });

  it("is imported again with the weights it left with as its parameters", () => {
    const { parameters, inputs } = importOnnx(toOnnxWithWeights(graph, weights), { batchRows: 1 });
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
    const imported = new Map(parameters.map(({ name, start }) => [name, start]));
    for (const [i, { value }] of graph.stateInputs.entries())
      expect(imported.get(valueAt(graph, value).name)).toEqual(weights[i]);
  });

  it("travels as safetensors under the names the graph gives its weights", () => {
    const named = new Map(graph.stateInputs.map(({ value }, i) => [valueAt(graph, value).name, weights[i]!] as const));
    const { tensors } = fromSafetensors(Buffer.concat(toSafetensors(named)));
    expect(graph.stateInputs.map(({ value }) => tensors.get(valueAt(graph, value).name)!)).toEqual(weights);
  });
});
