import type { Hex } from "viem";
import { describe, expect, it } from "vitest";
import { metricLeaf, segmentLeafHash, stepTraceHash } from "../../../common/claim.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { treeRoot } from "../../../common/merkle.ts";
import { metricsRootOf, rootOfList, stepRootOf } from "../../../verifier/trace/step.ts";
import { segmentLeafOf, trajectoryRoot } from "../../../verifier/trace/trajectory.ts";

const root = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const roots = (...ns: number[]) => ns.map(root);

describe("the commitments of a step", () => {
  it.each([0, 1, 2, 3, 4, 5, 33])("hash a list of %i roots as the plain tree does", (count) => {
    const list = Array.from({ length: count }, (_, i) => root(i + 1));
    expect(rootOfList(list)).toBe(treeRoot(list));
  });

  it("hash a step's five lists in the order of P5.8", () => {
    const step = { stateIn: roots(1, 2), feeds: roots(3), exact: roots(4, 5, 6), loose: [], stateOut: roots(7, 8) };
    expect(stepRootOf(step)).toBe(
      stepTraceHash({
        stateIn: treeRoot(roots(1, 2)),
        feedsRoot: root(3),
        exactRoot: treeRoot(roots(4, 5, 6)),
        looseRoot: ZERO_HASH,
        stateOut: treeRoot(roots(7, 8)),
      }),
    );
  });

  it("has no metrics root without a loss, and one leaf per step with it", () => {
    expect(metricsRootOf([])).toBe(ZERO_HASH);
    expect(metricsRootOf([0x3f800000, 1])).toBe(treeRoot([metricLeaf(0x3f800000), metricLeaf(1)]));
  });

  it("ties the segments together in their order", () => {
    const records = [0, 1, 2].map((index) => ({
      index,
      endState: root(index),
      metrics: [index],
      stepsRoot: ZERO_HASH,
    }));
    expect(segmentLeafOf(records[1]!)).toBe(
      segmentLeafHash({ index: 1, endState: root(1), metricsRoot: metricLeaf(1), stepsRoot: ZERO_HASH }),
    );
    expect(trajectoryRoot(records)).toBe(treeRoot(records.map(segmentLeafOf)));
    expect(trajectoryRoot(records.toReversed())).not.toBe(trajectoryRoot(records));
  });
});
