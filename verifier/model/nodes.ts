import { type Graph, valueAt } from "../graph/graph.ts";
import type { Profile } from "../ops/judge.ts";
import { describe } from "../tensor/tensor.ts";
import { hasLeaf } from "./leaf.ts";
import { looseValues } from "./placement.ts";

/** How an element of a node is judged: not at all (its bytes are its operand's), by replay, or by the tolerant row. */
export type Rule = "none" | "replay" | "tolerance";

export type NodeInfo = {
  readonly index: number;
  readonly name: string;
  readonly op: string;
  /** dtype[shape] of its output. */
  readonly type: string;
  readonly rule: Rule;
  /** A value that no order reproduces: itself judged by tolerance, or computed from one that is. */
  readonly loose: boolean;
};

/** What a person needs to name a node of a graph. */
export function listNodes(graph: Graph, profile: Profile): NodeInfo[] {
  const loose = looseValues(graph);
  return graph.nodes.map((node, index) => {
    const value = valueAt(graph, node.output);
    const byTolerance = node.op === "Log" || (profile !== "strict" && value.dtype === "float32");
    const rule = hasLeaf(node) ? (byTolerance ? "tolerance" : "replay") : "none";
    return { index, name: value.name, op: node.op, type: describe(value), rule, loose: loose.has(node.output) };
  });
}
