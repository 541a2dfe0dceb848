// Nobody honest is slashed: what onnxruntime computes of hard data is right by the bounds, with one thread and with two.
import { describe, expect, test } from "vitest";
import { batchInput, emit } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, OpName } from "../../../verifier/graph/graph.ts";
import { leafOf } from "../../../verifier/model/leaf.ts";
import { isRight } from "../../../verifier/ops/judge.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { type Shape, sizeOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { uniform } from "../../support/tensors.ts";

const random = uniform(31);
const signed = () => 2 * random() - 1;

/** Ways to fill an operand whose products, and their sums, stay in range. */
const data: Readonly<Record<string, (i: number) => number>> = {
  constant: () => 0.1,
  "of one sign": () => 1 + random(),
  cancelling: (i) => (i % 2 === 0 ? 1 : -1) * (1 + signed() * 2 ** -20),
  "of all exponents": () => signed() * 2 ** Math.floor(60 * random() - 30),
  "whose products are denormal": () => signed() * 2 ** -70,
  "near the maximum": () => signed() * 2 ** 58,
};

const plain = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
const cases: readonly (readonly [op: OpName, shapes: Shape[], attributes: Attributes])[] = [
  ["Conv", [[2, 12, 9, 9], [4, 12, 3, 3], [4]], { ...plain, group: 1 }],
  [
    "Conv",
    [
      [1, 64, 4, 4],
      [8, 64, 3, 3],
    ],
    { ...plain, group: 1 },
  ],
  ["Conv", [[3, 8, 7, 10], [4, 4, 3, 3], [4]], { ...plain, strides: [2, 1], group: 2 }],
  [
    "ConvTranspose",
    [[2, 40, 5, 5], [40, 3, 3, 3], [3]],
    { ...plain, strides: [2, 2], group: 1, output_padding: [1, 1] },
  ],
  ["MaxPool", [[2, 8, 9, 9]], { ...plain, strides: [2, 2], kernel_shape: [3, 3] }],
];

describe.each(Object.entries(data))("%s", (_, fill) => {
  test.each(cases)("%s of %j %j", async (op, shapes, attributes) => {
    const inputs = shapes.map((shape): Tensor => {
      const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => fill(i));
      return { dtype: "float32", shape, data: values };
    });
    const draft = newDraft();
    const ids = inputs.map((input, i) => batchInput(draft, `operand${i}`, input));
    const graph = finish(draft, { kind: "infer", stateOutputs: [emit(draft, op, ids, attributes)] });
    for (const threads of [1, 2]) {
      const session = await onnxRuntime({ threads }).open(graph);
      const [output] = (await session.step([], inputs)).state;
      await session.close();
      const wrong = { strict: 0, tolerant: 0 };
      for (const [element, claimed] of (output!.data as Float32Array).entries()) {
        const { bound } = leafOf(graph, 0, element, (id) => inputs[id]!);
        if (threads === 1 && !isRight(bound, "strict", claimed)) wrong.strict++;
        if (!isRight(bound, "tolerant", claimed)) wrong.tolerant++;
      }
      expect({ threads, wrong }).toEqual({ threads, wrong: { strict: 0, tolerant: 0 } });
    }
  });
});
