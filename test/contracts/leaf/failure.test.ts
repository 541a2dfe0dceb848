// Kind 12 (docs/protocol.md P15.3): whoever denies that an element failed brings a result of it, which is judged like a claimed
// one. The contract and the verifier's op table say alike whether there is any.
import { decodeAbiParameters, encodeAbiParameters } from "viem";
import { describe, expect, test } from "vitest";
import { NO_FAILURE } from "../../../common/claim.ts";
import type { Attributes, OpName } from "../../../verifier/graph/graph.ts";
import { leafOf } from "../../../verifier/model/leaf.ts";
import { FLOAT32_MAX, nextAwayFromZero } from "../../../verifier/numerics/float32.ts";
import { isRight, strictResult } from "../../../verifier/ops/judge.ts";
import { float32, type Tensor, zeros } from "../../../verifier/tensor/tensor.ts";
import { elementWitness } from "../../../verifier/witness/abi.ts";
import { buildElementWitness, buildFailureWitness, buildZeroWitness } from "../../../verifier/witness/element.ts";
import { contextOf, type LeafCase, leafCase, oneNode, sourceOf, testedNode, withLie, withValue } from "./leaf-case.ts";
import { judge } from "./verifiers.ts";

const FAILURE = 12;
const BIG = 3e38;
const pair = (a: number, b: number): Tensor[] => [float32([1], [a]), float32([1], [b])];
const conv = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };
const indices = (...values: bigint[]): Tensor => ({
  dtype: "int64",
  shape: [values.length],
  data: BigInt64Array.from(values),
});

const boundOf = (leaf: LeafCase, element: number) =>
  leafOf(leaf.graph, testedNode(leaf), element, (id) => leaf.values[id]!).bound;
const failing = (leaf: LeafCase, element: number, node = testedNode(leaf)) =>
  contextOf(leaf, "strict", { failure: { steps: 1, node, element: BigInt(element) } });
const deny = async (leaf: LeafCase, element: number, result: number | bigint, context = failing(leaf, element)) =>
  (await judge(context, FAILURE, await buildFailureWitness(sourceOf(leaf), testedNode(leaf), element, result))).wrong;

/** Operands of which nothing comes, and the nearest of which something does. */
const edges: [title: string, op: OpName, fails: Tensor[], holds: Tensor[], attributes?: Attributes][] = [
  ["a sum", "Add", pair(BIG, BIG), pair(BIG, 1e37)],
  ["a difference", "Sub", pair(BIG, -BIG), pair(BIG, BIG)],
  ["a product", "Mul", pair(2 ** 64, 2 ** 64), pair(2 ** 64, 2 ** 63)],
  ["a quotient", "Div", pair(1, 0), pair(1, 1e-38)],
  ["a quotient beyond the range", "Div", pair(2 ** 100, 2 ** -100), pair(2 ** 100, 2 ** -27)],
  ["a root", "Sqrt", [float32([1], [-1e-45])], [float32([1], [-0])]],
  ["an exponential", "Exp", [float32([1], [88.73])], [float32([1], [88.72])]],
  ["a logarithm", "Log", [float32([1], [0])], [float32([1], [1e-45])]],
  ["a logarithm of less", "Log", [float32([1], [-1])], [float32([1], [FLOAT32_MAX])]],
  [
    "a product of matrices",
    "Gemm",
    [float32([2, 2], [BIG, BIG, 1, 1]), float32([2, 2], [1, 1, 1, 1])],
    [float32([2, 2], [BIG, 1, 1, 1]), float32([2, 2], [1, 1, 1, 1])],
    { transA: 0, transB: 0 },
  ],
  [
    "a sum over rows",
    "ReduceSum",
    [float32([2, 2], [BIG, 1, BIG, 1])],
    [float32([2, 2], [BIG, 1, 1e37, 1])],
    { axes: [0], keepdims: 0 },
  ],
  [
    "a sum of which no order is known",
    "ReduceSum",
    [float32([1, 2], [BIG, BIG])],
    [float32([1, 2], [BIG, 1e37])],
    { axes: [0, 1], keepdims: 0 },
  ],
  [
    "a convolution",
    "Conv",
    [float32([1, 1, 2, 2], [BIG, BIG, 1, 1]), float32([1, 1, 1, 2], [1, 1])],
    [float32([1, 1, 2, 2], [BIG, 1, 1, 1]), float32([1, 1, 1, 2], [1, 1])],
    conv,
  ],
  ["a lookup", "Gather", [float32([2, 1], [1, 2]), indices(2n)], [float32([2, 1], [1, 2]), indices(1n)], { axis: 0 }],
  [
    "a lookup before",
    "Gather",
    [float32([2, 1], [1, 2]), indices(-1n)],
    [float32([2, 1], [1, 2]), indices(0n)],
    { axis: 0 },
  ],
];

/** As `oneNode`, where operands may have no result: what is committed in its place is a zero. */
function built(op: OpName, inputs: Tensor[], attributes: Attributes): LeafCase {
  const first = (input: Tensor): Tensor => (input.dtype === "int64" ? zeros(input) : input);
  let leaf = oneNode(op, inputs.map(first), attributes);
  for (const [i, input] of inputs.entries())
    if (input.dtype === "int64") leaf = withValue(leaf, `operand${i}`, 0, input.data[0]!);
  const { output } = leaf.graph.nodes[testedNode(leaf)]!;
  return leafCase(leaf.graph, leaf.values.with(output, zeros(leaf.values[output]!)));
}

describe.each(edges)("%s", (_, op, fails, holds, attributes = {}) => {
  test("that fails cannot be denied by any result", async () => {
    const leaf = built(op, fails, attributes);
    expect(strictResult(boundOf(leaf, 0))).toBeUndefined();
    for (const result of [0, 1, -1, FLOAT32_MAX, -FLOAT32_MAX, BIG])
      expect(await deny(leaf, 0, result), String(result)).toBe(false);
  });

  test("that does not is denied by a right result, and by no other", async () => {
    const leaf = built(op, holds, attributes);
    const right = Number(strictResult(boundOf(leaf, 0)));
    expect(await deny(leaf, 0, right)).toBe(true);
    for (const result of [nextAwayFromZero(right, 1), nextAwayFromZero(right, 2 ** 16), 12_345]) {
      if (!Number.isFinite(result)) continue;
      expect(await deny(leaf, 0, result), String(result)).toBe(isRight(boundOf(leaf, 0), "strict", result));
    }
  });
});

describe("in a step that fails", () => {
  const leaf = oneNode("Mul", [float32([3], [1, 2, 3]), float32([3], [4, 5, 6])], {}, { turn: 3, inner: true });
  const node = testedNode(leaf);
  const witness = (at: number, element: number, of = leaf) => buildElementWitness(sourceOf(of), at, element);

  test("an infinity or NaN denies nothing, and costs its challenger the bond", async () => {
    for (const result of [Number.POSITIVE_INFINITY, Number.NaN]) {
      const [op, decoded] = decodeAbiParameters(
        elementWitness,
        await buildFailureWitness(sourceOf(leaf), node, 0, result),
      );
      const alone = encodeAbiParameters(elementWitness, [op, { ...decoded, openings: decoded.openings.slice(0, 1) }]);
      expect((await judge(failing(leaf, 0), FAILURE, alone)).wrong).toBe(false);
    }
  });

  test("only what is said to have failed can be denied", async () => {
    const denied = await buildFailureWitness(sourceOf(leaf), node, 0, 4);
    await expect(judge(contextOf(leaf), FAILURE, denied)).rejects.toMatchObject({ errorName: "NotFailed" });
    for (const context of [failing(leaf, 1), failing(leaf, 0, node - 1), failing(leaf, 0, node + 1)])
      await expect(judge(context, FAILURE, denied)).rejects.toMatchObject({ errorName: "NotFailed" });
    expect((await judge(failing(leaf, 0), FAILURE, denied)).wrong).toBe(true);
  });

  test("a result has the bytes of its type", async () => {
    const [op, decoded] = decodeAbiParameters(elementWitness, await buildFailureWitness(sourceOf(leaf), node, 0, 4));
    for (const chunks of ["0x", "0x000080", "0x0000804000"] as const) {
      const openings = [{ ...decoded.openings[0]!, chunks }, ...decoded.openings.slice(1)];
      const other = encodeAbiParameters(elementWitness, [op, { ...decoded, openings }]);
      await expect(judge(failing(leaf, 0), FAILURE, other)).rejects.toMatchObject({ errorName: "ElementLength" });
    }
  });

  test("nodes before it are judged by their operands, it and those behind it by being zero", async () => {
    for (let failed = 0; failed < leaf.graph.nodes.length; failed++)
      for (let at = 0; at < leaf.graph.nodes.length; at++) {
        const context = failing(leaf, 0, failed);
        if (at < failed) {
          expect((await judge(context, 1, await witness(at, 0))).wrong, `${at} < ${failed}`).toBe(false);
          continue;
        }
        const own = await buildZeroWitness(sourceOf(leaf), at, 0);
        expect((await judge(context, 1, own)).wrong, `${at} ≥ ${failed}`).toBe(true);
        for (const zero of [0, -0]) {
          const cleared = withLie(leaf, at, 0, zero);
          const alone = await buildZeroWitness(sourceOf(cleared), at, 0);
          expect((await judge(contextOf(cleared, "strict", { failure: context.failure }), 1, alone)).wrong).toBe(false);
        }
      }
  });

  test("with nothing failed all is as ever", async () => {
    const context = contextOf(leaf, "strict", { failure: { ...NO_FAILURE, node: 0, element: 0n } });
    expect((await judge(context, 1, await witness(node, 0))).wrong).toBe(false);
  });
});
