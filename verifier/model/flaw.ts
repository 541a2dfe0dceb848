import type { Hex } from "viem";
import { type EncodedGraph, type EncodedValue, exactCount, PLACE } from "../../common/graph-encoding.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import type { Graph } from "../graph/graph.ts";
import { profileOf } from "../ops/judge.ts";
import { sameShape } from "../tensor/tensor.ts";
import { firstUnprovable } from "./check.ts";
import { graphRef, type SumNode } from "./root.ts";
import { falseLeaf, writes } from "./rules.ts";

/**
 * Where a graph writes down a value: `list` of its leaves, `index` in it, and of a node which of its values. `nextState`: at its own
 * place; `named`: at the place that a next state names; `loss`: at the one that the header names.
 */
export type Mention = {
  readonly of: "constant" | "state" | "feed" | "nextState" | "output" | "operand" | "layout" | "named" | "loss";
  readonly index: number;
  readonly operand?: number;
};

/** A leaf as it stands in the tree: its sums there may be others than its own, and then no tree of this graph leads to the root. */
export type ShownLeaf = {
  readonly leaf: SumNode;
  readonly siblings: readonly SumNode[];
  /** Of the header. */
  readonly headerSiblings: readonly SumNode[];
};

/** A leaf's way up as the tree has it: what is said of the node at each height, the leaf's first. */
export type SumPath = {
  readonly leaf: Hex;
  readonly flops: readonly bigint[];
  readonly bytes_: readonly bigint[];
  readonly siblings: readonly SumNode[];
};

/** Why a graph voids what is computed with it (P14.2). */
export type Flaw =
  /** The job says other flops or bytes than the graph has; `headerPath`: the header has some of them in the tree. */
  | { readonly kind: "sum"; readonly reason: string; readonly headerPath?: SumPath }
  | { readonly kind: "leaf"; readonly leaf: number; readonly reason: string; readonly shown?: ShownLeaf }
  | { readonly kind: "clash"; readonly first: Mention; readonly second: Mention; readonly reason: string }
  | { readonly kind: "gate"; readonly node: number; readonly reason: string };

/** The flaw of what a task's graph is said to be, leaf by leaf; of what costs too much to prove `gateFlaw` knows. */
export function flawOf(task: Pick<Task, "graph" | "kind" | "batchRows">, encoded: EncodedGraph): Flaw | undefined {
  const { flops, bytes_ } = graphRef(encoded);
  if (flops !== task.graph.flops || bytes_ !== task.graph.bytes_)
    return { kind: "sum", reason: `it takes ${flops} flops and ${bytes_} bytes, not what the job says` };
  const leaf = falseLeaf(task, encoded);
  if (leaf !== undefined) return { kind: "leaf", ...leaf };
  return clashOf(task, encoded);
}

/** A node that nobody could afford to prove wrong. */
export function gateFlaw(task: Pick<Task, "profile" | "flags">, graph: Graph): Flaw | undefined {
  const node = firstUnprovable(graph, profileOf(task));
  return node === undefined ? undefined : { kind: "gate", node, reason: `node ${node} is beyond what L1 can judge` };
}

type Seen = { readonly mention: Mention; readonly value: EncodedValue };

/** Two leaves that contradict each other. */
export function clashOf({ kind }: Pick<Task, "kind">, encoded: EncodedGraph): Flaw | undefined {
  const clash = (first: Mention, second: Mention, reason: string): Flaw => ({ kind: "clash", first, second, reason });
  if (kind !== TASK_KIND.infer) {
    const other = encoded.states.findIndex(({ dtype, shape }, i) => {
      const next = encoded.nextStates[i]!;
      return next.dtype !== dtype || !sameShape(next.shape, shape);
    });
    if (other !== -1)
      return clash({ of: "state", index: other }, { of: "nextState", index: other }, `state ${other} changes its type`);
  }
  const seen = new Map<string, Seen>();
  const writers = new Map<string, number>();
  for (const { mention, value } of mentions(encoded)) {
    const key = `${value.place}/${value.index}`;
    const before = seen.get(key);
    if (before === undefined) seen.set(key, { mention, value });
    else if (isOther(before.value, value)) return clash(before.mention, mention, `${key} is said to be of two types`);
    if (mention.of !== "output" || !writes(encoded.nodes[mention.index]!)) continue;
    const writer = writers.get(key);
    if (writer !== undefined) return clash({ of: "output", index: writer }, mention, `two nodes write ${key}`);
    writers.set(key, mention.index);
  }
  return undefined;
}

/** Whether they are of different types or numbers of elements; where L1 cannot count them it says nothing. */
function isOther(a: EncodedValue, b: EncodedValue): boolean {
  if (a.dtype !== b.dtype) return true;
  try {
    return exactCount(a.shape) !== exactCount(b.shape);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Every place that a leaf names, with what it says of it. */
function* mentions({ header, constants, states, feeds, nextStates, nodes }: EncodedGraph): Generator<Seen> {
  for (const [index, constant] of constants.entries())
    yield { mention: { of: "constant", index }, value: { ...constant, place: PLACE.constant, index } };
  for (const [index, state] of states.entries())
    yield { mention: { of: "state", index }, value: { ...state, place: PLACE.state, index } };
  for (const [index, feed] of feeds.entries())
    yield { mention: { of: "feed", index }, value: { ...feed, place: PLACE.feed, index } };
  for (const [index, value] of nextStates.entries())
    yield { mention: { of: "nextState", index }, value: { ...value, place: PLACE.nextState, index } };
  for (const [index, { inputs, outputs }] of nodes.entries()) {
    for (const [operand, { value, layoutPlace, layoutIndex, layout }] of inputs.entries()) {
      yield { mention: { of: "operand", index, operand }, value };
      if (layout.length > 0)
        yield {
          mention: { of: "layout", index, operand },
          value: { ...value, place: layoutPlace, index: layoutIndex },
        };
    }
    for (const value of outputs) yield { mention: { of: "output", index }, value };
  }
  for (const [index, value] of nextStates.entries()) yield { mention: { of: "named", index }, value };
  if (header.loss.place !== PLACE.none) yield { mention: { of: "loss", index: 0 }, value: header.loss };
}
