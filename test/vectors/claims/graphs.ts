// What the leaves of graphs are hashed from.
import { hexOf } from "../../../common/bytes.ts";
import {
  type EncodedFeed,
  type EncodedGraphHeader,
  type EncodedNode,
  type EncodedStateInput,
  NO_VALUE,
} from "../../../common/graph-encoding.ts";
import type { Random } from "../../support/random.ts";
import { MAX_U32 } from "./bounds.ts";
import { number } from "./draws.ts";

const shapeOf = (random: Random, rank: number): number[] =>
  Array.from({ length: rank }, () => 1 + random.below(1 << 20));
export const graphValueOf = (random: Random) => ({
  place: random.below(7),
  index: random.below(MAX_U32),
  dtype: random.pick([1, 2, 6, 7, 9]),
  shape: shapeOf(random, random.below(5)),
});

export function nodeOf(random: Random): EncodedNode {
  const layout = random.below(2) === 0 ? [] : shapeOf(random, 3);
  return {
    op: random.below(66),
    attributes: hexOf(random.bytes(random.below(100))),
    inputs: Array.from({ length: random.below(4) }, () => ({
      value: graphValueOf(random),
      layoutPlace: layout.length === 0 ? 0 : 4,
      layoutIndex: layout.length === 0 ? 0 : random.below(1000),
      layout,
    })),
    outputs: Array.from({ length: random.below(3) }, () => graphValueOf(random)),
    flops: number(random, 8),
    bytes_: number(random, 8),
  };
}

export const headerOf = (random: Random): EncodedGraphHeader => ({
  kind: 1 + random.below(3),
  constants: random.below(MAX_U32),
  states: random.below(MAX_U32),
  feeds: random.below(MAX_U32),
  datasetFeeds: random.below(MAX_U32),
  nextStates: random.below(MAX_U32),
  nodes: random.below(MAX_U32),
  exactCount: random.below(MAX_U32),
  looseCount: random.below(MAX_U32),
  loss: random.below(2) === 0 ? NO_VALUE : graphValueOf(random),
});

export const stateInputOf = (random: Random): EncodedStateInput => ({
  dtype: 1,
  shape: shapeOf(random, random.below(4)),
  source: random.pick([0, 1, MAX_U32]),
  init: random.below(4),
  scaleBits: random.below(MAX_U32),
});

export const feedOf = (random: Random): EncodedFeed => ({
  dtype: 2,
  shape: shapeOf(random, 2),
  keep: random.pick([0, 1, MAX_U32]),
});
