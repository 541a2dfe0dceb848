// Every op on every kind of operand place, in both profiles: honest elements are not wrong, lies are, and the contract gives
// the verdicts that the verifier's own op table gives.
import { describe, expect, test } from "vitest";
import { OP } from "../../../common/graph-encoding.ts";
import { batchInput, constant, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, OpName } from "../../../verifier/graph/graph.ts";
import { leafOf } from "../../../verifier/model/leaf.ts";
import { nextAwayFromZero } from "../../../verifier/numerics/float32.ts";
import { isRight, type LieAmount, lieOf, type Profile } from "../../../verifier/ops/judge.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { dtypes, float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { buildElementWitness, elementReads } from "../../../verifier/witness/element.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import {
  contextOf,
  type LeafCase,
  leafCase,
  oneNode,
  outputOf,
  sourceOf,
  testedNode,
  withLie,
  withValue,
} from "./leaf-case.ts";
import { judge } from "./verifiers.ts";

const random = uniform(11);
const floats = (...shape: number[]) => randomTensor(random, "float32", shape, -4, 4);
const positive = (...shape: number[]) => randomTensor(random, "float32", shape, 1e-3, 9);
const bools = (...shape: number[]) => randomTensor(random, "bool", shape, 0, 2);
const integers = (dtype: "int32" | "int64" | "uint8", ...shape: number[]) => randomTensor(random, dtype, shape, 0, 3);
const edges = float32([14], [0, -0, 1e-45, -1e-45, 3e-39, -3e-39, 1.17549435e-38, 1, -1, 0.5, 1e38, -1e38, 88.5, -104]);
/** At and beyond the ends of every integer type; 2³¹ − 128 and 2⁶³ − 2³⁹ are the last floats before them. */
const wide = float32(
  [20],
  [2 ** 31, 2 ** 31 - 128, 2 ** 63, 2 ** 63 - 2 ** 39, 3e38, 255.9, 256.5, 0.9, 1e10, 2 ** 40 + 2 ** 20].flatMap(
    (x) => [x, -x],
  ),
);
const backward: Tensor = { ...edges, data: edges.data.slice().reverse() };

/** Values of all exponents, so that chains meet ties, cancellation and underflow. */
const spread = (...shape: number[]): Tensor => {
  const { data, ...type } = floats(...shape);
  return { ...type, data: (data as Float32Array).map((x) => x * 2 ** Math.floor(40 * random() - 20)) };
};
const plain = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
const conv = (attributes: Attributes): Attributes => ({ ...plain, group: 1, ...attributes });
const turned = (attributes: Attributes): Attributes => ({ ...plain, group: 1, output_padding: [0, 0], ...attributes });
const pool = (attributes: Attributes): Attributes => ({ ...plain, kernel_shape: [2, 2], ...attributes });

type Case = readonly [op: OpName, inputs: Tensor[], attributes?: Attributes];

const cases: readonly Case[] = [
  ...(["Add", "Sub", "Mul", "Div", "Max", "Min"] as const).flatMap((op): Case[] => [
    [op, [floats(3, 5), floats(3, 5)]],
    [op, [floats(3, 1), positive(5)]],
    [op, [floats(2, 300, 4), floats(4)]],
    [op, [floats(2, 3, 4), positive()]],
  ]),
  ...(["Add", "Sub", "Mul"] as const).map((op): Case => [op, [edges, backward]]),
  ...(["Neg", "Abs", "Relu", "Exp", "Tanh", "Sigmoid", "Erf"] as const).map((op): Case => [op, [floats(37, 9)]]),
  ...(["Neg", "Relu", "Exp"] as const).map((op): Case => [op, [edges]]),
  ["Sqrt", [positive(300)]],
  ["Log", [positive(300)]],
  ...(["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"] as const).flatMap((op): Case[] => [
    [op, [edges, backward]],
    [op, [integers("int32", 4, 1), integers("int32", 3)]],
    [op, [integers("int64", 4), integers("int64", 2, 1)]],
  ]),
  ["And", [bools(8), bools(3, 1)]],
  ["Or", [bools(8), bools(3, 1)]],
  ["Not", [bools(1500)]],
  ["Where", [bools(4, 1), floats(5), floats(4, 5)]],
  ["Where", [bools(14), edges, backward]],
  ["Cast", [randomTensor(random, "uint8", [1100], 0, 256)], { to: dtypes.float32.code }],
  ["Cast", [floats(40)], { to: dtypes.int32.code }],
  ["Cast", [floats(40)], { to: dtypes.int64.code }],
  ...(["uint8", "int32", "int64"] as const).map((to): Case => ["Cast", [wide], { to: dtypes[to].code }]),
  ["Cast", [floats(40)], { to: dtypes.bool.code }],
  ["Cast", [randomTensor(random, "int64", [40], -(2 ** 40), 2 ** 40)], { to: dtypes.float32.code }],
  ["Cast", [randomTensor(random, "int64", [40], -(2 ** 40), 2 ** 40)], { to: dtypes.int32.code }],
  ["Cast", [bools(9)], { to: dtypes.float32.code }],
  // Beyond 2²⁴ not every int32 is a float.
  ["Cast", [randomTensor(random, "int32", [40], 2 ** 24, 2 ** 31)], { to: dtypes.float32.code }],
  ["Gemm", [floats(3, 300), floats(300, 5), floats(5)], { transA: 0, transB: 0 }],
  ["Gemm", [floats(4, 70), floats(70, 6)], { transA: 0, transB: 0 }],
  ["Gemm", [floats(300, 3), floats(300, 5)], { transA: 1, transB: 0 }],
  ["Gemm", [floats(3, 300), floats(40, 300), floats(3, 40)], { transA: 0, transB: 1 }],
  ["Gemm", [floats(70, 2), floats(9, 70), floats(2, 1)], { transA: 1, transB: 1 }],
  ["Gemm", [floats(300, 1), floats(300, 6), floats(6)], { transA: 1, transB: 0 }],
  ["Gemm", [floats(4, 300), floats(1, 300), floats(1)], { transA: 0, transB: 1 }],
  ["MatMul", [floats(4, 70), floats(70, 6)]],
  ["MatMul", [floats(2, 3, 4, 150), floats(3, 150, 6)]],
  ["MatMul", [floats(3, 5, 60), floats(60, 4)]],
  ["MatMul", [floats(2, 5, 1), floats(1, 4)]],
  ["ReduceSum", [floats(50, 7)], { axes: [0], keepdims: 0 }],
  ["ReduceSum", [floats(6, 5, 7)], { axes: [0, 1], keepdims: 1 }],
  ["ReduceSum", [floats(1, 7)], { axes: [0], keepdims: 0 }],
  ["ReduceMax", [floats(6, 300)], { axes: [1], keepdims: 1 }],
  ["ReduceMax", [floats(6, 10)], { axes: [0], keepdims: 0 }],
  ["Conv", [floats(2, 3, 7, 6), floats(4, 3, 3, 3), floats(4)], conv({ pads: [1, 1, 1, 1] })],
  ["Conv", [floats(1, 1, 9, 9), floats(2, 1, 3, 3)], conv({ strides: [2, 2] })],
  [
    "Conv",
    [floats(2, 6, 7, 9), floats(4, 3, 3, 2), floats(4)],
    conv({ strides: [2, 1], pads: [2, 1, 0, 3], dilations: [1, 2], group: 2 }),
  ],
  ["Conv", [floats(2, 40, 4, 4), floats(3, 40, 3, 3), floats(3)], conv({ pads: [1, 1, 1, 1] })],
  ["Conv", [floats(1, 20, 7, 7), floats(2, 20, 5, 5)], conv({ pads: [2, 2, 2, 2] })],
  ["Conv", [floats(1, 3, 2, 2), floats(2, 3, 2, 2), floats(2)], conv({ pads: [5, 5, 0, 0] })],
  ["Conv", [spread(1, 4, 5, 5), spread(3, 4, 3, 3), spread(3)], conv({})],
  [
    "ConvTranspose",
    [floats(2, 4, 4, 3), floats(4, 3, 3, 3), floats(3)],
    turned({ strides: [2, 2], pads: [1, 1, 1, 1] }),
  ],
  [
    "ConvTranspose",
    [floats(2, 6, 4, 5), floats(6, 2, 3, 2), floats(4)],
    turned({ strides: [2, 1], pads: [1, 0, 0, 1], dilations: [1, 2], group: 2 }),
  ],
  ["ConvTranspose", [floats(1, 200, 3, 3), floats(200, 2, 3, 3)], turned({ pads: [1, 1, 1, 1] })],
  [
    "ConvTranspose",
    [floats(1, 2, 2, 2), floats(2, 2, 1, 1), floats(2)],
    turned({ strides: [3, 3], output_padding: [2, 2] }),
  ],
  ["ConvTranspose", [floats(1, 1, 3, 3), floats(1, 2, 2, 2)], turned({ strides: [2, 2] })],
  ["MaxPool", [floats(2, 3, 6, 4)], pool({ strides: [2, 2] })],
  ["MaxPool", [floats(2, 2, 7, 8)], pool({ kernel_shape: [3, 2], pads: [1, 1, 0, 1], dilations: [2, 3] })],
  ["Pad", [floats(3, 4)], { pads: [1, 0, 2, 3] }],
  ["Pad", [floats(3, 4)], { pads: [0, 2, 0, 0] }],
  ["Resize", [floats(2, 3, 2, 3)], { sizes: [2, 3, 6, 6] }],
  ["ArgMax", [float32([3, 4], [1, 3, 3, 2, -1, -1, -1, -2, 0, 0, 0, 9])], { axis: 1, keepdims: 0 }],
  ["ArgMax", [floats(4, 5, 3)], { axis: 1, keepdims: 1 }],
  ["Transpose", [floats(2, 30, 14)], { perm: [2, 0, 1] }],
  ["Slice", [floats(50, 7)], { starts: [1, 0], ends: [44, 7], steps: [2, 3] }],
  ["Concat", [floats(2, 3), floats(2, 1), floats(2, 4)], { axis: 1 }],
  ["Gather", [floats(5, 3), integers("int64", 2, 2)], { axis: 0 }],
  ["Gather", [integers("uint8", 5), integers("int32", 4)], { axis: 0 }],
  ["GatherElements", [floats(5, 3), integers("int64", 40, 3)], { axis: 0 }],
  ["ScatterElements", [floats(3, 4), integers("int64", 400, 4), floats(400, 4)], { axis: 0 }],
  ["ScatterElements", [floats(3, 1), integers("int64", 7, 1), floats(7, 1)], { axis: 0 }],
  ["ScatterElements", [floats(4, 2), integers("int64", 1, 2), floats(1, 2)], { axis: 0 }],
  ["Expand", [floats(3, 1)], { shape: [2, 3, 4] }],
];

const named = cases.map(([op, inputs, attributes = {}], i) => ({
  op,
  inputs,
  attributes,
  turn: i,
  title: `${op} ${inputs.map((x) => `${x.dtype}[${x.shape}]`).join(" ")} ${JSON.stringify(attributes)}`,
}));

const build = ({ op, inputs, attributes, turn }: (typeof named)[number]): LeafCase =>
  oneNode(op, inputs, attributes, { turn, inner: turn % 2 === 1 });

async function verdict(leaf: LeafCase, profile: Profile, element: number): Promise<boolean> {
  const witness = await buildElementWitness(sourceOf(leaf), testedNode(leaf), element);
  return (await judge(contextOf(leaf, profile), 1, witness)).wrong;
}

/** Some element and the last one, of those that are finite. */
function elementsToTry(leaf: LeafCase): number[] {
  const { data } = outputOf(leaf, testedNode(leaf));
  const some = Math.floor(uniform(data.length)() * data.length);
  return [...new Set([some, data.length - 1])].filter((element) => finite(data[element]!));
}

const boundOf = (leaf: LeafCase, element: number) =>
  leafOf(leaf.graph, testedNode(leaf), element, (id) => leaf.values[id]!).bound;

const finite = (value: number | bigint) => typeof value === "bigint" || Number.isFinite(value);

/** Verdicts on the honest element and on lies; `told`: how many of the lies were wrong. */
async function expectVerdicts(leaf: LeafCase, profile: Profile, amounts: readonly LieAmount[]): Promise<number> {
  const node = testedNode(leaf);
  let told = 0;
  for (const element of elementsToTry(leaf)) {
    const honest = outputOf(leaf, node).data[element]!;
    expect(await verdict(leaf, profile, element), `honest ${element}`).toBe(false);
    const bound = boundOf(leaf, element);
    for (const amount of amounts) {
      const lie = lieOf(bound, outputOf(leaf, node).dtype, honest, amount, profile);
      if (lie === undefined) continue;
      const wrong = !isRight(bound, profile, lie);
      const label = `${element}: ${honest} → ${lie}`;
      expect(await verdict(withLie(leaf, node, element, lie), profile, element), label).toBe(wrong);
      if (wrong) told++;
    }
  }
  return told;
}

const leaves = named.map((test) => ({ ...test, leaf: build(test) }));

/** The gpu column of every third, from its op's first one on, unless there is time: its rows are those of the op. */
const inGpuColumn = ({ op, turn }: { readonly op: OpName; readonly turn: number }): boolean =>
  process.env.ANH_LONG === "1" || (turn - named.findIndex((other) => other.op === op)) % 3 === 0;

describe.each(leaves)("$title", ({ op, turn, leaf }) => {
  test("strict: honest elements stand, one ulp or one unit off is wrong", async () => {
    const count = op === "Log" ? 100 : 1;
    expect(await expectVerdicts(leaf, "strict", [{ unit: "ulp", count }])).toBeGreaterThan(0);
  });

  test("tolerant: within the tolerance stands, beyond it is wrong", async () => {
    const told = await expectVerdicts(leaf, "tolerant", [
      { unit: "tol", factor: 0.5 },
      { unit: "tol", factor: 2 },
    ]);
    expect(told).toBeGreaterThan(0);
  });

  test.runIf(inGpuColumn({ op, turn }))("tolerant, gpu column: the same", async () => {
    const told = await expectVerdicts(leaf, "tolerant-gpu", [
      { unit: "tol", factor: 0.5 },
      { unit: "tol", factor: 2 },
    ]);
    expect(told).toBeGreaterThan(0);
  });

  test("the ranges opened are those the op table reads", async () => {
    const node = testedNode(leaf);
    for (const element of elementsToTry(leaf)) {
      const [output, ...reads] = await elementReads(sourceOf(leaf), node, element);
      expect(output).toMatchObject({ first: element, count: 1 });
      const table = leafOf(leaf.graph, node, element, (id) => leaf.values[id]!).reads;
      expect(reads.map(({ operand, first, count }) => ({ operand, start: first, count }))).toEqual(
        table.map(({ operand, start, count }) => ({ operand, start, count })),
      );
    }
  });
});

describe("what only the gpu column allows", () => {
  const tiny = float32([4], [3e-39, -1e-45, 2 ** -126, 0]);
  const large = float32([4], [1e38, 1e38, 3, 2]);
  const floor = 2 ** -126;
  test.each<[title: string, op: OpName, inputs: Tensor[], attributes: Attributes, element: number, flushed: number]>([
    ["a denormal operand of a product", "Mul", [tiny, large], {}, 0, 0],
    ["a denormal result", "Mul", [tiny, float32([4], [1, 1, 0.5, 1])], {}, 2, 0],
    ["what is moved", "Transpose", [{ ...tiny, shape: [2, 2] }], { perm: [1, 0] }, 0, 0],
    [
      "what is chosen",
      "Where",
      [{ dtype: "bool", shape: [4], data: Uint8Array.of(1, 1, 1, 1) }, tiny, large],
      {},
      1,
      0,
    ],
    ["its sign turned", "Neg", [tiny], {}, 1, 0],
    ["a comparison", "Greater", [tiny, float32([4], [0, 0, 0, 0])], {}, 0, 0],
    ["an equality of two", "Equal", [tiny, float32([4], [-1e-45, 3e-39, 0, 1])], {}, 0, 1],
    ["a cast to bool", "Cast", [tiny], { to: dtypes.bool.code }, 0, 0],
    ["the greatest", "ReduceMax", [{ ...tiny, shape: [2, 2] }], { axes: [1], keepdims: 0 }, 0, 0],
    ["where it is", "ArgMax", [float32([1, 4], [-1, -1e-45, 3e-39, 1e-45])], { axis: 1, keepdims: 0 }, 0, 1],
    ["terms of a sum", "ReduceSum", [float32([2, 2], [3e-39, 1, 3e-39, 1])], { axes: [0], keepdims: 0 }, 0, 0],
    ["a divisor", "Div", [large, float32([4], [3e-39, 1, 1, 1])], {}, 0, 5],
    ["a root", "Sqrt", [float32([4], [3e-39, 1, 2, 3])], {}, 0, 0],
    ["an exponential", "Exp", [float32([4], [-90, 0, 1, 2])], {}, 0, floor],
  ])("%s", async (_, op, inputs, attributes, element, flushed) => {
    const leaf = oneNode(op, inputs, attributes);
    const isInteger = outputOf(leaf, testedNode(leaf)).dtype === "int64";
    const lie = isInteger ? BigInt(flushed) : flushed;
    const claimed = withLie(leaf, testedNode(leaf), element, lie);
    for (const [profile, wrong] of [
      ["strict", true],
      ["tolerant", true],
      ["tolerant-gpu", false],
    ] as const) {
      expect(isRight(boundOf(leaf, element), profile, lie), profile).toBe(!wrong);
      expect(await verdict(claimed, profile, element), profile).toBe(wrong);
    }
  });
});

test("an infinite or NaN output is wrong by itself, and no operand is asked for", async () => {
  for (const { leaf } of leaves.filter(({ op }) =>
    ["Div", "Exp", "Where", "Gemm", "ReduceMax", "Concat"].includes(op),
  )) {
    const node = testedNode(leaf);
    for (const lie of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
      const lied = withLie(leaf, node, 0, lie);
      expect(await elementReads(sourceOf(lied), node, 0)).toHaveLength(1);
      expect(await verdict(lied, "tolerant", 0)).toBe(true);
    }
  }
});

// No runtime computes these, so whoever claims a result made it up, on an input that anybody may ask about.
describe("an index that is no row's", () => {
  const rows = floats(5, 3);
  const indices = (values: readonly bigint[], ...shape: number[]): Tensor => ({
    dtype: "int64",
    shape,
    data: BigInt64Array.from(values),
  });
  const one = indices([1n, 2n, 3n, 4n], 4);
  const columns = indices([0n, 1n, 2n, 3n, 4n, 0n], 2, 3);
  test.each<[OpName, Tensor[], element: number, position: number]>([
    ["Gather", [rows, one], 7, 2],
    ["GatherElements", [rows, columns], 4, 4],
    ["ScatterElements", [rows, columns, floats(2, 3)], 2, 5],
  ])("makes every result of %s wrong, and only what reads it", async (op, inputs, element, position) => {
    const honest = oneNode(op, inputs, { axis: 0 });
    const node = testedNode(honest);
    for (const index of [5n, -1n, -5n, 2n ** 62n, -(2n ** 63n)]) {
      const claimed = withValue(honest, "operand1", position, index);
      for (const profile of ["strict", "tolerant"] as const) {
        for (const result of [outputOf(honest, node).data[element]!, 0, 12_345]) {
          expect(isRight(boundOf(claimed, element), profile, result)).toBe(false);
          expect(await verdict(withLie(claimed, node, element, result), profile, element)).toBe(true);
        }
        const other = element === 0 ? 1 : 0;
        expect(await verdict(claimed, profile, other)).toBe(false);
      }
    }
    for (const index of [0n, 4n]) {
      const inside = oneNode(
        op,
        inputs.with(1, { ...inputs[1]!, data: inputs[1]!.data.with(position, index as never) as never }),
        { axis: 0 },
      );
      expect(await verdict(inside, "strict", element)).toBe(false);
    }
  });
});

// Ops that graphs cannot hold yet, but whose leaves exist: a node of another op, relabelled.
describe("an op outside the op table", () => {
  const relabelled = (leaf: LeafCase, op: number): LeafCase => {
    const node = testedNode(leaf);
    const nodes = leaf.encoded.nodes.with(node, { ...leaf.encoded.nodes[node]!, op });
    return { ...leaf, encoded: { ...leaf.encoded, nodes } };
  };
  const x = floats(9);
  const unary = (op: number, f: (x: number) => number) => ({
    leaf: relabelled(oneNode("Relu", [x]), op),
    right: Math.fround(f((x.data as Float32Array)[4]!)),
    element: 4,
  });
  const rows = floats(3, 20);
  test.each([
    { name: "Reciprocal", ...unary(OP.Reciprocal, (value) => 1 / value) },
    {
      name: "ReduceMin",
      leaf: relabelled(oneNode("ReduceMax", [rows], { axes: [1], keepdims: 0 }), OP.ReduceMin),
      right: Math.min(...(rows.data as Float32Array).subarray(20, 40)),
      element: 1,
    },
  ])("$name: the right element stands in both profiles, one ulp off is wrong in strict", async (current) => {
    const { leaf, right, element } = current;
    const claim = async (value: number, profile: Profile) => {
      const claimed = { ...withLie(leaf, testedNode(leaf), element, value), encoded: leaf.encoded };
      return verdict(claimed, profile, element);
    };
    expect(await claim(right, "strict")).toBe(false);
    expect(await claim(right, "tolerant")).toBe(false);
    expect(await claim(nextAwayFromZero(right), "strict")).toBe(true);
    expect(await claim(right + 0.01, "tolerant")).toBe(true);
  });
});

test("operands seen through a Reshape are read under the root and, for constants, the leaf of what was reshaped", async () => {
  const draft = newDraft();
  const x = floats(30);
  const bias = constant(draft, floats(12));
  const weight = stateInput(draft, "weight", { dtype: "float32", shape: [60] });
  const turnedWeight = constant(draft, floats(2, 30));
  const reshaped = (id: number, shape: number[]) => emit(draft, "Reshape", [id], { shape });
  const rows = reshaped(batchInput(draft, "x", x), [6, 5]);
  const sum = emit(draft, "Gemm", [rows, reshaped(weight, [5, 12]), bias], { transA: 0, transB: 0 });
  const other = emit(draft, "Gemm", [reshaped(turnedWeight, [12, 5]), rows], { transA: 0, transB: 1 });
  const tested = emit(draft, "Add", [reshaped(sum, [12, 6]), other], {}, "tested");
  const graph = finish(draft, { kind: "infer", stateOutputs: [emit(draft, "Mul", [tested, reshaped(bias, [12, 1])])] });
  const leaf = leafCase(graph, evaluate(graph, [floats(60)], [x]));
  for (const [node, { op, output }] of graph.nodes.entries()) {
    if (op === "Reshape") continue;
    const element = leaf.values[output]!.data.length - 2;
    const witness = async (claimed: LeafCase) => buildElementWitness(sourceOf(claimed), node, element);
    expect((await judge(contextOf(leaf), 1, await witness(leaf))).wrong, op).toBe(false);
    const lied = withLie(leaf, node, element, (leaf.values[output]!.data[element] as number) + 1);
    expect((await judge(contextOf(lied), 1, await witness(lied))).wrong, op).toBe(true);
  }
});
