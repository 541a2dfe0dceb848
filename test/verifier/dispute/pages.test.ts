// What is published of a step with more value roots than one transaction holds (P7.1).
import type { Hex } from "viem";
import { numberToHex } from "viem";
import { describe, expect, it } from "vitest";
import { NO_VALUE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { hashPair, sliceProof, treeDepth, treeProof, treeRoot } from "../../../common/merkle.ts";
import type { StepRoots } from "../../../verifier/trace/step.ts";
import { listsOfPages, PAGE_ROOTS, pageCount, pageOf } from "../../../verifier/witness/pages.ts";
import { rootFromProof } from "../../support/merkle.ts";

const list = (tag: number, count: number): Hex[] =>
  Array.from({ length: count }, (_, i) => numberToHex(tag * 1_000_000 + i + 1, { size: 32 }));

const headerOf = ({ stateIn, feeds, exact, loose, stateOut }: StepRoots) => ({
  kind: 1,
  constants: 0,
  states: stateIn.length,
  feeds: feeds.length,
  datasetFeeds: feeds.length,
  nextStates: stateOut.length,
  nodes: 1,
  exactCount: exact.length,
  looseCount: loose.length,
  loss: NO_VALUE,
});

const rootsOf = (...[a, b, c, d, e]: readonly [number, number, number, number, number]): StepRoots => ({
  stateIn: list(1, a),
  feeds: list(2, b),
  exact: list(3, c),
  loose: list(4, d),
  stateOut: list(5, e),
});

const pagesOf = (roots: StepRoots) =>
  Array.from({ length: pageCount(headerOf(roots)) }, (_, page) => pageOf(roots, page));

describe("pages of a step's roots", () => {
  it.each<[readonly [number, number, number, number, number], number]>([
    [[1, 1, 1, 0, 1], 1],
    [[1, 1, PAGE_ROOTS - 3, 0, 1], 1],
    [[1, 1, PAGE_ROOTS - 2, 0, 1], 2],
    [[PAGE_ROOTS, PAGE_ROOTS, PAGE_ROOTS, PAGE_ROOTS, PAGE_ROOTS], 5],
    [[377, 2, 4000, 211, 377], 20],
  ])("give the lists back: %j in %i", (counts, expected) => {
    const roots = rootsOf(...counts);
    const pages = pagesOf(roots);
    expect(pages).toHaveLength(expected);
    for (const page of pages.slice(0, -1)) expect(page.roots).toHaveLength(PAGE_ROOTS);
    const header = headerOf(roots);
    expect(
      listsOfPages(
        header,
        pages.map((page) => page.roots),
      ),
    ).toEqual(roots);
  });

  it("hold no proof of a whole list, and one for each list that they have a part of", () => {
    expect(pageOf(rootsOf(7, 2, 100, 0, 7), 0).proofs).toEqual([[], [], [], []]);
    const [first, second] = pagesOf(rootsOf(7, 2, 375, 0, 7));
    expect(first!.proofs.map((proof) => proof.length > 0)).toEqual([false, false, true]);
    expect(second!.proofs.map((proof) => proof.length > 0)).toEqual([true, false]);
  });

  it("are empty beyond the end", () => {
    expect(pageOf(rootsOf(7, 2, 100, 0, 7), 1)).toEqual({ roots: [], proofs: [] });
  });
});

describe("a slice's proof", () => {
  /** Padding put back in: the proof as P0.3 has it. */
  const padded = (proof: readonly Hex[], index: number, count: number): Hex[] => {
    const given = [...proof];
    let padding: Hex = ZERO_HASH;
    return Array.from({ length: treeDepth(count) }, (_, level) => {
      const isPadding = (index >> level) % 2 === 0 && index >> level >= (count - 1) >> level;
      const sibling = isPadding ? padding : given.shift()!;
      padding = hashPair(padding, padding);
      return sibling;
    });
  };

  it("is that of the tree without its padding", () => {
    for (const count of [1, 2, 3, 5, 8, 13]) {
      const leaves = list(6, count);
      for (let index = 0; index < count; index++) {
        const proof = padded(sliceProof(leaves, index, index), index, count);
        expect(proof).toEqual(treeProof(leaves, index));
        expect(rootFromProof(leaves[index]!, index, proof)).toBe(treeRoot(leaves));
      }
      expect(sliceProof(leaves, 0, count - 1)).toEqual([]);
    }
  });
});
