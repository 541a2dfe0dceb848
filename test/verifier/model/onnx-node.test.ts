// Every conformance case of an op that can be imported passes through the reference and through onnxruntime, or is refused by
// name for a reason listed here.
import { beforeAll, describe, expect, test } from "vitest";
import { AnhError } from "../../../common/errors.ts";
import { batchInput, type Draft, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { ValueId } from "../../../verifier/graph/graph.ts";
import { importOnnx } from "../../../verifier/model/onnx/import.ts";
import { handlers } from "../../../verifier/model/onnx/import-ops.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { hasOnnxCases, type OnnxCase, onnxCases } from "../../support/onnx-cases.ts";

/** What canonical graphs do not hold, by the names of its cases. */
const REFUSED: readonly (readonly [cases: RegExp, reason: RegExp])[] = [
  [/^(add|div|mul|sub|max|min)_(uint8|int32|int64)$/, /operand of float32/],
  [/^argmax_.*_select_last_index$/, /last of equals/],
  [/^(sin|cos)(_example)?$/, /no constant/],
  [/^(range_|(blackman|hamming|hann)window)/, /length depends on data/],
  [/^dropout_default_mask(_ratio)?$/, /an output that some node gives/],
  [/^training_dropout/, /training mode/],
  [/^gather(_elements)?_negative_indices$/, /an index in/],
  [/^nllloss_.*_ii_expanded$/, /operand of float32/],
  [/^pow_types_(float|int32_float32|int32_int32|int64_float32|int64_int64)$/, /no float32/],
  [/^resize_.*(cubic|linear|crop|sizes_nearest|downsample)/, /mode |whole multiples|attribute sizes/],
  [/^scatter_elements_with(_axis|_negative_indices|out_axis)$/, /reduction none/],
  [/^slice_neg_steps$/, /step is not positive/],
  [/^(averagepool|maxpool|conv|convtranspose)_3d/, /3 spatial axes/],
  [/^maxpool_2d_uint8$/, /operand of float32/],
  [/^maxpool_with_argmax/, /indices/],
];

/** As the ONNX project compares: relative 1e-3, absolute 1e-7. */
function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  for (const [i, right] of expected.data.entries()) {
    const value = actual.data[i]!;
    if (typeof right === "bigint" || !Number.isFinite(right)) expect(value, `element ${i}`).toBe(right);
    else expect(Math.abs((value as number) - right), `element ${i}`).toBeLessThanOrEqual(1e-7 + 1e-3 * Math.abs(right));
  }
}

/** Emits the case's model into the draft; returns its outputs. */
function imported(draft: Draft, { model, inputs }: OnnxCase, prefix: string): { state: Tensor[]; outputs: ValueId[] } {
  const network = importOnnx(model, { batchRows: 1 });
  const parameters = network.parameters.map(({ name, start }) => stateInput(draft, `${prefix}${name}`, start));
  const ids = network.inputs.map(({ name }, i) => batchInput(draft, `${prefix}${name}`, inputs[i]!));
  return { state: network.parameters.map(({ start }) => start), outputs: network.forward(draft, parameters, ids) };
}

/** The case's outputs by the reference. */
function evaluated(current: OnnxCase): Tensor[] {
  const draft = newDraft();
  const { state, outputs } = imported(draft, current, "");
  const graph = finish(draft, { kind: "infer", stateOutputs: outputs });
  const values = evaluate(graph, state, current.inputs);
  return graph.stateOutputs.map((id) => values[id]!);
}

const importable = hasOnnxCases ? onnxCases().filter(({ ops }) => ops.every((op) => Object.hasOwn(handlers, op))) : [];
const isRefused = ({ name }: OnnxCase) => REFUSED.some(([cases]) => cases.test(name));
const passing = importable.filter((current) => !isRefused(current));
const refused = importable.filter(isRefused);

describe.skipIf(!hasOnnxCases)(`${passing.length} ONNX node cases, ${refused.length} more refused`, () => {
  const byCase = new Map<string, readonly Tensor[]>();

  // All cases in one graph, so that one executor thread serves them all.
  beforeAll(async () => {
    const draft = newDraft();
    const all = passing.map((current, i) => imported(draft, current, `${i}_`));
    // Equal constants are one value, which leaves a graph once.
    const ends = [...new Set(all.flatMap(({ outputs }) => outputs))];
    const graph = finish(draft, { kind: "infer", stateOutputs: ends });
    const session = await onnxRuntime({ threads: 1 }).open(graph);
    const { state } = await session.step(
      all.flatMap((item) => item.state),
      passing.flatMap(({ inputs }) => inputs),
    );
    await session.close();
    for (const [i, { outputs }] of all.entries()) {
      byCase.set(
        passing[i]!.name,
        outputs.map((id) => state[ends.indexOf(id)]!),
      );
    }
  });

  test.each(passing)("$name", (current) => {
    for (const [i, value] of evaluated(current).entries()) {
      expectClose(value, current.outputs[i]!);
      expectClose(byCase.get(current.name)![i]!, current.outputs[i]!);
    }
  });

  test.each(refused)("$name is refused", (current) => {
    const reason = REFUSED.find(([cases]) => cases.test(current.name))![1];
    expect(() => evaluated(current)).toThrow(AnhError);
    expect(() => evaluated(current)).toThrow(reason);
  });
});
