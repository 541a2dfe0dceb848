// Convolutions and pools, forward and backward: refused shapes, bits of the runtime, gradients against finite differences.
import { beforeAll, describe, expect, test } from "vitest";
import { gradients } from "../../../verifier/autodiff/backward.ts";
import { constant, type Draft, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, Graph, OpName, ValueId } from "../../../verifier/graph/graph.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { UnsupportedModelError } from "../../../verifier/model/errors.ts";
import { readGraph } from "../../../verifier/model/onnx/read.ts";
import { toOnnx } from "../../../verifier/model/onnx/write.ts";
import { ShapeError } from "../../../verifier/ops/errors.ts";
import { scatterAdd } from "../../../verifier/ops/scatter-add.ts";
import { rowSum, total } from "../../../verifier/ops/sums.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Shape, Tensor } from "../../../verifier/tensor/tensor.ts";
import { gradientError } from "../../support/gradient-error.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import {
  besides,
  blockedConvolutions,
  convolutions,
  longConvolutions,
  pools,
  type WindowCase,
} from "../../support/window-cases.ts";

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

const all = [...convolutions, ...blockedConvolutions, ...longConvolutions, ...pools, ...besides];

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

/** What the graph gives of whole numbers so small that no order of adding them rounds. */
function exactly(shapes: readonly Shape[], build: (draft: Draft, ids: readonly ValueId[]) => ValueId) {
  const random = uniform(5);
  const draft = newDraft();
  const ids = shapes.map((shape, i) => stateInput(draft, `p${i}`, { dtype: "float32", shape }));
  const graph = finish(draft, { kind: "infer", stateOutputs: [build(draft, ids)] });
  const state = shapes.map((shape) => {
    const { data, ...type } = randomTensor(random, "float32", shape, -8, 9);
    return { ...type, data: (data as Float32Array).map(Math.floor) };
  });
  return { graph, result: evaluate(graph, state, [])[graph.stateOutputs[0]!]! };
}

describe("sums over too many channels are sums of nodes that every profile can judge", () => {
  test.each(longConvolutions.map(([name, shapes, build]) => ({ name, shapes, build })))(
    "$name",
    ({ name, shapes, build }) => {
      const { graph, result } = exactly(shapes, (draft, ids) => build(draft, ids, []));
      for (const profile of ["strict", "tolerant", "tolerant-gpu"] as const) checkGraph(graph, profile);
      const op = name.includes("transposed") ? "ConvTranspose" : "Conv";
      const made = graph.nodes.filter((node) => node.op === op);
      expect(made).toHaveLength(2);
      const group = name.includes("two groups") ? 2 : 1;
      const attributes =
        op === "Conv"
          ? { ...plain, group, pads: name.includes("one position") ? [0, 0, 0, 0] : [1, 1, 1, 1] }
          : { ...made[0]!.attributes, group };
      const whole = exactly(shapes, (draft, ids) => emit(draft, op, ids, attributes));
      expect(() => checkGraph(whole.graph, "tolerant")).toThrow(UnsupportedModelError);
      expect(result).toEqual(whole.result);
    },
  );
});

test("more updates than one node may add are added by several, one behind the other: the same bits", () => {
  const random = uniform(9);
  const [count, columns] = [10_000, 2];
  const shapes = [
    [5, columns],
    [count, columns],
  ] as const;
  const state = shapes.map((shape) => randomTensor(random, "float32", shape, -4, 4));
  const rows = BigInt64Array.from({ length: count * columns }, () => BigInt(Math.floor(5 * random())));
  const [once, often] = [false, true].map((isCut) => {
    const draft = newDraft();
    const [x, updates] = shapes.map((shape, i) => stateInput(draft, `p${i}`, { dtype: "float32", shape }));
    const indices = constant(draft, { dtype: "int64", shape: [count, columns], data: rows });
    const sum = isCut
      ? scatterAdd(draft, x!, indices, updates!)
      : emit(draft, "ScatterElements", [x!, indices, updates!], { axis: 0 });
    return finish(draft, { kind: "infer", stateOutputs: [sum] });
  }) as [Graph, Graph];
  expect(() => checkGraph(once, "strict")).toThrow(/adds 10000 terms/);
  for (const profile of ["strict", "tolerant", "tolerant-gpu"] as const) checkGraph(often, profile);
  const [a, b] = [once, often].map((graph) => evaluate(graph, state, [])[graph.stateOutputs[0]!]!);
  expect(b).toEqual(a);
});
