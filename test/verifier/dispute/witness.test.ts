import { describe, expect, test } from "vitest";
import { OP, PLACE } from "../../../common/graph-encoding.ts";
import { LeafError } from "../../../verifier/model/errors.ts";
import { nameValue } from "../../../verifier/witness/canonical.ts";
import { chunkRangeOf } from "../../../verifier/witness/chunks.ts";
import { layoutReads } from "../../../verifier/witness/content.ts";
import { buildElementWitness, elementRanges } from "../../../verifier/witness/element.ts";
import { NoLeafError } from "../../../verifier/witness/reads.ts";
import { oneNode, sourceOf, testedNode } from "../../contracts/leaf/leaf-case.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const random = uniform(31);
const floats = (...shape: number[]) => randomTensor(random, "float32", shape);

describe("what has no witness is refused by name", () => {
  const leaf = oneNode("Reshape", [floats(2, 3)], { shape: [6] }, { inner: true });
  const source = sourceOf(leaf);

  test("a Reshape, a node beyond the graph, an element beyond the output", async () => {
    const reshape = leaf.encoded.nodes.findIndex(({ op }) => op === OP.Reshape);
    await expect(buildElementWitness(source, reshape, 0)).rejects.toThrow(LeafError);
    await expect(buildElementWitness(source, 99, 0)).rejects.toThrow(NoLeafError);
    for (const element of [-1, 12, 2 ** 40])
      await expect(buildElementWitness(source, leaf.encoded.nodes.length - 1, element)).rejects.toThrow(LeafError);
  });

  test("an operand without a layout, a place without values", () => {
    expect(() => layoutReads(source, leaf.encoded.nodes.length - 1, 0, 0)).toThrow(NoLeafError);
    expect(() => nameValue(leaf.encoded, PLACE.constant, 0)).toThrow(NoLeafError);
    expect(() => nameValue(leaf.encoded, PLACE.loose, 0)).toThrow(NoLeafError);
    expect(() => nameValue(leaf.encoded, PLACE.feed, 1)).toThrow(NoLeafError);
  });
});

describe("ranges", () => {
  test("whole chunks, also where a row crosses a border", () => {
    const value = { place: PLACE.exact, index: 3, dtype: 1, shape: [100, 65] };
    const at = (first: number, count: number) => {
      const { firstChunk, lastChunk } = chunkRangeOf({ operand: 0, value, first, count });
      return [firstChunk, lastChunk];
    };
    expect(at(0, 1)).toEqual([0, 0]);
    expect(at(255, 1)).toEqual([0, 0]);
    expect(at(256, 1)).toEqual([1, 1]);
    expect(at(195, 65)).toEqual([0, 1]);
    expect(at(192, 64)).toEqual([0, 0]);
    expect(at(6499, 1)).toEqual([25, 25]);
  });

  test("a Gemm asks for the output, a row, a laid-out column and the bias", async () => {
    const leaf = oneNode("Gemm", [floats(20, 65), floats(65, 30), floats(30)], { transA: 0, transB: 0 });
    const node = testedNode(leaf);
    const { inputs } = leaf.encoded.nodes[node]!;
    expect(await elementRanges(sourceOf(leaf), node, 599)).toEqual([
      { place: PLACE.nextState, index: 0, firstChunk: 2, lastChunk: 2 },
      { place: PLACE.feed, index: 0, firstChunk: 4, lastChunk: 5 },
      { place: inputs[1]!.layoutPlace, index: inputs[1]!.layoutIndex, firstChunk: 7, lastChunk: 7 },
      { place: PLACE.constant, index: 0, firstChunk: 0, lastChunk: 0 },
    ]);
  });
});
