// What holds of every op of the table, on one sample each.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { OP } from "../../../common/graph-encoding.ts";
import { batchInput, emit } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { OpName } from "../../../verifier/graph/graph.ts";
import { hasLeaf, leafOf } from "../../../verifier/model/leaf.ts";
import { looseValues } from "../../../verifier/model/placement.ts";
import { isRight, lieOf } from "../../../verifier/ops/judge.ts";
import { newDraft, ops } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { gradientError } from "../../support/gradient-error.ts";
import { hexOf } from "../../support/tensors.ts";
import { opsPage, PAGE } from "./document.ts";
import { samples } from "./samples.ts";

const names = Object.keys(ops) as OpName[];

test("docs/ops.md says what the code says: node test/verifier/ops/document.ts", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(opsPage());
});

test("every op has a code of its own", () => {
  expect(new Set(names.map((op) => OP[op])).size).toBe(names.length);
});

function nodeOf(op: OpName) {
  const { inputs, attributes } = samples[op];
  const draft = newDraft();
  const ids = inputs.map((input, i) => batchInput(draft, `operand${i}`, input));
  const graph = finish(draft, { kind: "infer", stateOutputs: [emit(draft, op, ids, attributes)] });
  return { graph, values: evaluate(graph, [], inputs) };
}

describe.each(names)("%s", (op) => {
  const { graph, values } = nodeOf(op);
  const output = values[graph.stateOutputs[0]!]!;

  test("the runtime gives the reference's bits, or is judged by a tolerance", async () => {
    const session = await onnxRuntime({ threads: 1 }).open(graph);
    const [actual] = (await session.step([], samples[op].inputs)).state;
    await session.close();
    expect({ dtype: actual!.dtype, shape: actual!.shape }).toEqual({ dtype: output.dtype, shape: output.shape });
    if (looseValues(graph).size === 0) expect(hexOf(actual!)).toBe(hexOf(output));
  });

  test("the reference's elements are right in both profiles, lies are wrong", () => {
    if (!hasLeaf(graph.nodes[0]!)) return;
    for (let element = 0; element < output.data.length; element++) {
      const { bound } = leafOf(graph, 0, element, (id) => values[id]!);
      const honest = output.data[element]!;
      for (const profile of ["strict", "tolerant"] as const) expect(isRight(bound, profile, honest)).toBe(true);
      const ulp = lieOf(bound, output.dtype, honest, { unit: "ulp", count: 1 })!;
      expect(isRight(bound, "strict", ulp)).toBe(bound.replay === null);
      const far = lieOf(bound, output.dtype, honest, { unit: "tol", factor: 2 })!;
      expect(isRight(bound, "tolerant", far)).toBe(false);
    }
  });

  test("its gradient agrees with finite differences", () => {
    const { inputs, attributes } = samples[op];
    if (output.dtype !== "float32" || !inputs.some(({ dtype }) => dtype === "float32")) return;
    const isFloat = ({ dtype }: Tensor) => dtype === "float32";
    const [low, high] = op === "Log" || op === "Sqrt" || op === "Div" ? [0.5, 2] : [-1, 1];
    const error = gradientError(
      inputs.filter(isFloat).map(({ shape }) => shape),
      (draft, parameters, batch) => {
        let [float, other] = [0, 0];
        const ids = inputs.map((input) => (isFloat(input) ? parameters[float++]! : batch[other++]!));
        return emit(draft, op, ids, attributes);
      },
      inputs.filter((input) => !isFloat(input)),
      low,
      high,
    );
    expect(error).toBeLessThan(1e-6);
  });
});
