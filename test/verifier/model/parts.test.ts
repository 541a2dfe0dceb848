import { describe, expect, it } from "vitest";
import { batchInput, emit } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { leafOf } from "../../../verifier/model/leaf.ts";
import { isInParts, PART_TERMS, publishedBytes, publishedOf, wrongPart } from "../../../verifier/model/parts.ts";
import { exactDot } from "../../../verifier/numerics/exact-dot.ts";
import type { Profile } from "../../../verifier/ops/judge.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const random = uniform(77);

/** [2, K]·[K, 3] with a bias; a Gemm of transposed operands; a batched MatMul. */
function product(terms: number, kind: "gemm" | "turned" | "matmul") {
  const draft = newDraft();
  const shapes = {
    gemm: [[2, terms], [terms, 3], [3]],
    turned: [
      [terms, 2],
      [3, terms],
    ],
    matmul: [
      [2, 2, terms],
      [2, terms, 3],
    ],
  }[kind];
  const tensors = shapes.map((shape) => randomTensor(random, "float32", shape, -1, 1));
  const ids = tensors.map((tensor, i) => batchInput(draft, `x${i}`, tensor));
  const attributes = kind === "matmul" ? {} : { transA: Number(kind === "turned"), transB: Number(kind === "turned") };
  const y = emit(draft, kind === "matmul" ? "MatMul" : "Gemm", ids, attributes);
  const graph = finish(draft, { kind: "infer", stateOutputs: [y] });
  return { graph, values: evaluate(graph, [], tensors) };
}

const at = (graph: Graph, values: readonly Tensor[], element: number, profile: Profile) => ({
  graph,
  node: 0,
  element,
  profile,
  tensorAt: (id: number) => values[id]!,
});

describe.each(["gemm", "turned", "matmul"] as const)("a long %s", (kind) => {
  it.each([PART_TERMS + 1, 2 * PART_TERMS, 2 * PART_TERMS + 1])("of %i terms is the sum of its parts", (terms) => {
    const { graph, values } = product(terms, kind);
    const node = graph.nodes[0]!;
    const parts = Math.ceil(terms / PART_TERMS);
    for (const element of [0, 4]) {
      const strict = at(graph, values, element, "strict");
      const running = publishedOf(strict);
      expect(running.length).toBe(4 * (parts - 1));
      expect(publishedBytes(graph, node, "strict")).toBe(running.length);
      // Honest: nothing before the last part can be proven, and that one is the element's own.
      expect(wrongPart(strict, running)).toBe(parts - 1);

      const tolerant = at(graph, values, element, "tolerant");
      const sums = publishedOf(tolerant);
      expect(sums.length).toBe(128 * parts);
      expect(publishedBytes(graph, node, "tolerant")).toBe(sums.length);
      expect(wrongPart(tolerant, sums)).toBe(parts);
      const total = (offset: number) => {
        let sum = 0n;
        for (let i = 0; i < parts; i++)
          sum += BigInt(
            `0x${Buffer.from(sums)
              .subarray(128 * i + offset, 128 * i + offset + 64)
              .toString("hex")}`,
          );
        return sum;
      };
      const [a, b] = leafOf(graph, 0, element, (id) => values[id]!).reads.map((read) => {
        const tensor = values[read.value]!;
        return (k: number) => {
          if (read.layout === null) return Number(tensor.data[read.start + k]);
          const { rows, cols } = read.layout;
          const [matrix, within] = [Math.floor(read.start / (rows * cols)), (read.start % (rows * cols)) + k];
          return Number(tensor.data[matrix * rows * cols + (within % rows) * cols + Math.floor(within / rows)]);
        };
      });
      const exact = exactDot(terms, a!, b!);
      const units = ({ mantissa, exponent }: { mantissa: bigint; exponent: number }) =>
        mantissa << BigInt(exponent + 298);
      expect(total(0)).toBe(units(exact.absolute));
      expect(total(0) - 2n * total(64)).toBe(units(exact.sum));
    }
  });
});

describe("what is published and is not so", () => {
  const { graph, values } = product(2 * PART_TERMS + 5, "gemm");

  it.each([0, 1])("a running value one bit off: part %i, whoever goes on from it", (part) => {
    const strict = at(graph, values, 3, "strict");
    const published = publishedOf(strict);
    published[4 * part]! ^= 1;
    expect(wrongPart(strict, published)).toBe(part);
    new DataView(published.buffer).setUint32(4 * part, 0x7fc00000, true);
    expect(wrongPart(strict, published)).toBe(part);
  });

  it.each([
    [0, 0],
    [1, 127],
    [1, 64],
    [2, 63],
  ])("part %i's sums, at byte %i", (part, byte) => {
    const tolerant = at(graph, values, 3, "tolerant");
    const published = publishedOf(tolerant);
    published[128 * part + byte]! ^= 1;
    expect(wrongPart(tolerant, published)).toBe(part);
  });

  it("a part that leaves the range is wrong by itself", () => {
    const data = (values[0]!.data as Float32Array).slice();
    data[2 * PART_TERMS + 5 + PART_TERMS] = 3e38; // row 1, part 1
    const weights = (values[1]!.data as Float32Array).slice().fill(3e38, 3 * PART_TERMS, 3 * PART_TERMS + 3);
    const huge = [{ ...values[0]!, data }, { ...values[1]!, data: weights }, ...values.slice(2)];
    for (const profile of ["strict", "tolerant"] as const) {
      const published = publishedOf(at(graph, values, 3, profile));
      expect(wrongPart(at(graph, huge, 3, profile), published)).toBe(1);
    }
  });
});

it("no more than a proof adds up is judged whole", () => {
  for (const [terms, inParts] of [
    [PART_TERMS, false],
    [PART_TERMS + 1, true],
  ] as const) {
    const { graph } = product(terms, "gemm");
    expect(isInParts(graph, graph.nodes[0]!)).toBe(inParts);
  }
});
