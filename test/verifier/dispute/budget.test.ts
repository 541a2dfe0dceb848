// What a challenger reckons with before it asks (docs/protocol.md P7.6, P7.9).
import { describe, expect, it } from "vitest";
import { NO_VALUE } from "../../../common/graph-encoding.ts";
import { type Want, WantedError } from "../../../verifier/check/want.ts";
import { leastWei } from "../../../verifier/dispute/budget.ts";
import { shownEncoding } from "../../../verifier/dispute/shown-graph.ts";

const fees = { openFeeWei: 1000n, chunkFeeWei: 10n, pageFeeWei: 80n };
const leaf = (number: number): Want => ({ path: "graph", of: "task", leaf: number });

describe("what is wanted costs", () => {
  it.each<[string, readonly Want[], number, bigint]>([
    ["nothing where nothing is", [], 0, 0n],
    ["an open fee", [leaf(1)], 0, 1000n],
    ["one for each that comes behind it, too", [leaf(1), leaf(2)], 7, 9000n],
    ["a page fee on top", [{ path: "step", segment: 0, step: 0, page: 0 }], 0, 1080n],
    ["a fee for each chunk", [{ path: "input", of: "dataset", index: 0, firstChunk: 0, chunkCount: 64 }], 0, 1640n],
  ])("%s", (_, wants, more, wei) => {
    expect(leastWei(wants, more, fees)).toBe(wei);
  });
});

describe("a graph whose header alone is shown", () => {
  const header = {
    kind: 1,
    constants: 0,
    states: 0,
    feeds: 0,
    datasetFeeds: 0,
    nextStates: 0,
    nodes: 4095,
    exactCount: 0,
    looseCount: 0,
    loss: NO_VALUE,
  };
  const wanted = (nodes: number, shown: number): WantedError => {
    const graphLeaf = (_: unknown, at: number) => (at < shown ? { encoded: "0x", siblings: [] } : undefined);
    try {
      shownEncoding({ root: "0x", flops: 0n, bytes_: 0n }, { header: { ...header, nodes }, siblings: [] }, {
        graphLeaf,
      } as never);
    } catch (error) {
      if (error instanceof WantedError) return error;
      throw error;
    }
    throw new Error("nothing is wanted");
  };

  it.each([
    [4095, 1, 100, 3995],
    [101, 1, 100, 1],
    [100, 1, 100, 0],
    [4095, 3996, 100, 0],
    [1, 1, 1, 0],
  ])(
    "%i nodes, %i leaves shown: so many are asked for at once, and how many come behind is known",
    (nodes, shown, now, more) => {
      const { wants, more: behind } = wanted(nodes, shown);
      expect([wants.length, behind]).toEqual([now, more]);
    },
  );

  it("is given up where it counts more than anybody would read", () => {
    expect(() => wanted(4096, 1)).toThrow("a graph of too many leaves");
  });
});
