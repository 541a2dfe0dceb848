// Convolutions and pools, forward and backward: refused shapes, bits of the runtime, gradients against finite differences.
import { beforeAll, describe, expect, test } from "vitest";
import { gradients } from "../../../verifier/autodiff/backward.ts";
import { emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, Graph, OpName } from "../../../verifier/graph/graph.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { UnsupportedModelError } from "../../../verifier/model/errors.ts";
import { readGraph } from "../../../verifier/model/onnx/read.ts";
import { toOnnx } from "../../../verifier/model/onnx/write.ts";
import { ShapeError } from "../../../verifier/ops/errors.ts";
import { rowSum, total } from "../../../verifier/ops/sums.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Shape, Tensor } from "../../../verifier/tensor/tensor.ts";
import { gradientError } from "../../support/gradient-error.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { besides, blockedConvolutions, convolutions, pools, type WindowCase } from "../../support/window-cases.ts";

const plain = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
const grouped = { ...plain, group: 1 };

describe("shapes that do not fit are refused", () => {
  const refused: readonly [name: string, op: OpName, shapes: Shape[], attributes: Attributes][] = [
    [
      "a kernel larger than the image",
      "Conv",
      [
        [1, 2, 3, 3],
        [2, 2, 4, 4],
      ],
      grouped,
    ],
    [
      "channels that do not match",
      "Conv",
      [
        [1, 3, 5, 5],
        [2, 2, 3, 3],
      ],
      grouped,
    ],
    [
      "filters that do not divide into groups",
      "Conv",
      [
        [1, 4, 5, 5],
        [3, 2, 3, 3],
      ],
      { ...grouped, group: 2 },
    ],
    [
      "no groups",
      "Conv",
      [
        [1, 4, 5, 5],
        [3, 4, 3, 3],
      ],
      { ...grouped, group: 0 },
    ],
    [
      "images of another rank",
      "Conv",
      [
        [4, 5, 5],
        [3, 4, 3, 3],
      ],
      grouped,
    ],
    ["a bias of another length", "Conv", [[1, 4, 5, 5], [3, 4, 3, 3], [4]], grouped],
    [
      "a stride of 0",
      "Conv",
      [
        [1, 4, 5, 5],
        [3, 4, 3, 3],
      ],
      { ...grouped, strides: [0, 1] },
    ],
    [
      "padding on one side only",
      "Conv",
      [
        [1, 4, 5, 5],
        [3, 4, 3, 3],
      ],
      { ...grouped, pads: [1, 1] },
    ],
    [
      "negative padding",
      "Conv",
      [
        [1, 4, 5, 5],
        [3, 4, 3, 3],
      ],
      { ...grouped, pads: [-1, 0, 0, 0] },
    ],
    [
      "an output padding of a stride",
      "ConvTranspose",
      [
        [1, 4, 5, 5],
        [4, 3, 3, 3],
      ],
      { ...grouped, output_padding: [1, 0] },
    ],
    [
      "padding that leaves nothing",
      "ConvTranspose",
      [
        [1, 4, 1, 1],
        [4, 3, 2, 2],
      ],
      { ...grouped, pads: [1, 1, 1, 1], output_padding: [0, 0] },
    ],
    [
      "a window that lies in the padding",
      "MaxPool",
      [[1, 1, 3, 3]],
      { ...plain, kernel_shape: [2, 2], pads: [2, 0, 0, 0] },
    ],
    ["widths of another rank", "Pad", [[2, 3]], { pads: [1, 1] }],
    ["negative widths", "Pad", [[2, 3]], { pads: [0, -1, 0, 0] }],
    ["a size that is no multiple", "Resize", [[1, 1, 2, 2]], { sizes: [1, 1, 3, 4] }],
    ["more channels", "Resize", [[1, 1, 2, 2]], { sizes: [1, 2, 4, 4] }],
  ];
  test.each(refused)("%s", (_, op, shapes, attributes) => {
    const draft = newDraft();
    const inputs = shapes.map((shape, i) => stateInput(draft, `p${i}`, { dtype: "float32", shape }));
    expect(() => emit(draft, op, inputs, attributes)).toThrow(ShapeError);
  });

  test.each([
    [
      "Conv of one position",
      "Conv",
      [
        [1, 4, 3, 3],
        [3, 4, 3, 3],
      ],
      grouped,
    ],
    [
      "Conv with one filter per group",
      "Conv",
      [
        [1, 4, 5, 5],
        [4, 1, 3, 3],
      ],
      { ...grouped, group: 4 },
    ],
    [
      "ConvTranspose of one position",
      "ConvTranspose",
      [
        [1, 4, 1, 1],
        [4, 3, 3, 3],
      ],
      { ...grouped, output_padding: [0, 0] },
    ],
  ] as [string, OpName, Shape[], Attributes][])("by strict: %s", (_, op, shapes, attributes) => {
    const draft = newDraft();
    const inputs = shapes.map((shape, i) => stateInput(draft, `p${i}`, { dtype: "float32", shape }));
    const graph = finish(draft, { kind: "infer", stateOutputs: [emit(draft, op, inputs, attributes)] });
    expect(() => checkGraph(graph, "strict")).toThrow(UnsupportedModelError);
    expect(() => checkGraph(graph, "tolerant")).not.toThrow();
  });
});

/** All cases and their gradients in one graph, every value an output. */
function graphOf(cases: readonly WindowCase[]): { graph: Graph; state: Tensor[]; ends: number[] } {
  const random = uniform(23);
  const draft = newDraft();
  const state: Tensor[] = [];
  const ends: number[] = [];
  for (const [i, [, shapes, build]] of cases.entries()) {
    const ids = shapes.map((shape, j) => {
      state.push(randomTensor(random, "float32", shape, -2, 2));
      return stateInput(draft, `${i}_${j}`, { dtype: "float32", shape });
    });
    gradients(draft, total(draft, build(draft, ids, [])), ids);
    ends.push(draft.nodes.length);
  }
  const outputs = draft.nodes.map(({ output }) => output);
  return { graph: finish(draft, { kind: "infer", stateOutputs: outputs }), state, ends };
}

const all = [...convolutions, ...blockedConvolutions, ...pools, ...besides];

describe("the reference and onnxruntime agree on every value, forward and backward", () => {
  const { graph, state, ends } = graphOf(all);
  let actual: readonly Tensor[];
  let expected: readonly Tensor[];
  beforeAll(async () => {
    const session = await onnxRuntime({ threads: 1 }).open(graph);
    actual = (await session.step(state, [])).state;
    await session.close();
    const values = evaluate(graph, state, []);
    expected = graph.stateOutputs.map((id) => values[id]!);
  });

  test.each(all.map(([name], i) => ({ name, i })))("$name", ({ i }) => {
    for (let node = ends[i - 1] ?? 0; node < ends[i]!; node++) {
      const { op } = graph.nodes[node]!;
      expect(actual[node]!.shape).toEqual(expected[node]!.shape);
      const wrong = expected[node]!.data.findIndex((value, element) => value !== actual[node]!.data[element]);
      expect(wrong, `${op} ${node}`).toBe(-1);
    }
  });

  test("the graph passes the gate of strict, and its file gives it back", () => {
    checkGraph(graph, "strict");
    expect(readGraph(toOnnx(graph)).nodes).toEqual(graph.nodes);
  });
});

describe("each gradient agrees with finite differences along a random direction", () => {
  test.each([...convolutions, ...pools, ...besides])("%s", (_, shapes, build) => {
    expect(gradientError(shapes, build)).toBeLessThan(1e-6);
  });
});

test("sums too long for one node are made in pieces", () => {
  const draft = newDraft();
  const x = stateInput(draft, "x", { dtype: "float32", shape: [2, 10_000] });
  const graph = finish(draft, { kind: "infer", stateOutputs: [rowSum(draft, x)] });
  checkGraph(graph, "strict");
  const data = Float32Array.from({ length: 20_000 }, (_, i) => i % 7);
  const values = evaluate(graph, [{ dtype: "float32", shape: [2, 10_000], data }], []);
  const sums = [0, 1].map((row) => data.subarray(row * 10_000, (row + 1) * 10_000).reduce((a, b) => a + b, 0));
  expect(Array.from(values[graph.stateOutputs[0]!]!.data as Float32Array)).toEqual(sums);
});
