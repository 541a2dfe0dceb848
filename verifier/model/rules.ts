import {
  type EncodedFeed,
  type EncodedGraph,
  type EncodedGraphHeader,
  type EncodedNode,
  type EncodedValue,
  exactCount,
  OP,
  PLACE,
} from "../../common/graph-encoding.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import { GraphError } from "../graph/errors.ts";
import { ops } from "../ops/table.ts";
import { dtypes, sameShape } from "../tensor/tensor.ts";
import { costOf } from "./cost.ts";
import { attributesOf, opOf, ruleOf, typeOf } from "./decoding.ts";
import { encodeAttributes } from "./encoding.ts";
import { layoutsOf, sameLayout } from "./layout.ts";

/** What of a task its graph must fit. */
export type GraphTerms = Pick<Task, "kind" | "batchRows" | "graph">;

/** Kind of the graph that a task is computed with. */
export const graphKindOf = (kind: number): number => (kind === TASK_KIND.commission ? TASK_KIND.evaluate : kind);

/**
 * The first leaf of a graph that is not what its place asks for (P14.2), and why; undefined if there is none. Sums of what it
 * names are the encoding's own here. contracts/l1/verifiers/GraphRules.sol judges the same.
 */
export function falseLeaf(terms: GraphTerms, encoded: EncodedGraph): { leaf: number; reason: string } | undefined {
  const { header, constants, states, feeds, nextStates, nodes } = encoded;
  const checks: readonly (() => void)[] = [
    () => checkHeader(terms, header),
    ...constants.map((constant) => () => checkType(constant)),
    ...states.map((state) => () => {
      checkType(state);
      ruleOf(state);
    }),
    ...feeds.map((feed, index) => () => checkFeed(terms, header, feed, index)),
    ...nextStates.map((value) => () => {
      checkPlace(header, value);
      checkType(value);
    }),
    ...nodes.map((node) => () => {
      checkNode(header, node);
      for (const { value } of node.inputs) if (value.place >= PLACE.exact) checkSize(terms, value);
    }),
  ];
  for (const [leaf, check] of checks.entries()) {
    const reason = faultOf(check);
    if (reason !== undefined) return { leaf, reason };
  }
  return undefined;
}

/** Why a node breaks the rule of its op; undefined if it does not. */
export const falseNode = (header: EncodedGraphHeader, node: EncodedNode): string | undefined =>
  faultOf(() => checkNode(header, node));

/** What a stranger wrote may break any of the functions below: whatever they throw says that it is false. */
function faultOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A node writes one value, and is read through two layouts at most (P5.4): nobody could page through lists of more (P7.1). */
const PLACES_PER_NODE = 3;

function checkHeader({ kind }: GraphTerms, header: EncodedGraphHeader): void {
  require(header.kind === graphKindOf(kind), `a graph of kind ${graphKindOf(kind)}`, header.kind);
  require(header.datasetFeeds > 0 &&
    header.datasetFeeds <= header.feeds, "feeds from the dataset", header.datasetFeeds);
  if (kind === TASK_KIND.infer) {
    require(header.feeds === 1, "one input", header.feeds);
    require(header.nextStates === 1, "one output", header.nextStates);
  } else require(header.nextStates === header.states, `${header.states} next states`, header.nextStates);
  const [places, most] = [header.exactCount + header.looseCount, PLACES_PER_NODE * header.nodes];
  require(places <= most, `at most ${most} places`, places);
  const { loss } = header;
  if (loss.place === PLACE.none) return;
  checkPlace(header, loss);
  require(typeOf(loss).dtype === "float32" && exactCount(loss.shape) === 1n, "a loss of one float32", loss.shape);
}

function checkFeed(terms: GraphTerms, header: EncodedGraphHeader, feed: EncodedFeed, index: number): void {
  const { kind, batchRows } = terms;
  checkType(feed);
  const isMask = index >= header.datasetFeeds;
  require((feed.keep !== 0) === isMask, isMask ? "a mask" : "rows of the dataset", feed.keep);
  const { dtype } = typeOf(feed);
  if (isMask) {
    require(dtype === "bool", "a mask of bools", dtype);
    checkSize(terms, feed);
  } else if (kind !== TASK_KIND.infer) {
    require(dtype !== "bool", "rows of numbers", dtype);
    require(feed.shape[0] === batchRows, `${batchRows} rows`, feed.shape);
  }
}

function checkNode(header: EncodedGraphHeader, node: EncodedNode): void {
  const { inputs, outputs, attributes, flops, bytes_ } = node;
  require(outputs.length === 1, "one output", outputs.length);
  const output = outputs[0]!;
  for (const { value, layoutPlace, layoutIndex } of inputs) {
    checkPlace(header, value);
    if (layoutPlace !== 0) require(layoutIndex < countAt(header, layoutPlace), "a layout that is counted", layoutIndex);
  }
  const op = opOf(node.op);
  const named = attributesOf(op, node, output);
  const types = inputs.map(({ value }) => typeOf(value));
  const inferred = ops[op].infer(types, named);
  const declared = typeOf(output);
  require(inferred.dtype === declared.dtype && sameShape(inferred.shape, declared.shape), "its type", output.shape);
  require(encodeAttributes(op, named) === attributes, "attributes in their one encoding", attributes);
  checkPlace(header, output);
  if (op === "Reshape") {
    const { value } = inputs[0]!;
    require(output.place === value.place && output.index === value.index, "the place of its operand", output.place);
  } else require(output.place >= PLACE.exact, "a place of its own", output.place);
  const layouts = layoutsOf(
    op,
    named,
    types.map(({ shape }) => shape),
  );
  for (const [i, { layout, layoutPlace, layoutIndex }] of inputs.entries()) {
    const needed = layouts[i]!;
    const [batch, rows, cols] = layout;
    const given = layout.length === 3 ? { batch: batch!, rows: rows!, cols: cols! } : null;
    require(sameLayout(needed, given) &&
      layout.length === (needed === null ? 0 : 3), "the layout it is read in", layout);
    const isPlaced = layoutPlace === PLACE.exact || layoutPlace === PLACE.loose;
    require(needed === null ? layoutPlace === 0 && layoutIndex === 0 : isPlaced, "a place of its layout", layoutPlace);
  }
  const cost = costOf(op, named, types, declared);
  require(cost.flops === flops && cost.bytes === bytes_, `${cost.flops} flops, ${cost.bytes} bytes`, [flops, bytes_]);
}

/** What stands in a step, written by a node or by nobody, is no larger than all that the job pays for: whoever checks holds it. */
function checkSize({ graph }: GraphTerms, value: Pick<EncodedValue, "dtype" | "shape">): void {
  const bytes = exactCount(value.shape) * BigInt(dtypes[typeOf(value).dtype].bytes);
  require(bytes <= graph.bytes_, `at most the ${graph.bytes_} bytes of the job's graph`, bytes);
}

/** Of a known type, at a place that the header counts. */
function checkPlace(header: EncodedGraphHeader, value: EncodedValue): void {
  typeOf(value);
  require(value.index < countAt(header, value.place), "a place that is counted", `${value.place}/${value.index}`);
}

function countAt(header: EncodedGraphHeader, place: number): number {
  const counts: Readonly<Record<number, number>> = {
    [PLACE.state]: header.states,
    [PLACE.feed]: header.feeds,
    [PLACE.constant]: header.constants,
    [PLACE.exact]: header.exactCount,
    [PLACE.loose]: header.looseCount,
    [PLACE.nextState]: header.nextStates,
  };
  return counts[place] ?? 0;
}

/** Of a known type, and of as many elements as can be counted. */
function checkType(value: Pick<EncodedValue, "dtype" | "shape">): void {
  typeOf(value);
  exactCount(value.shape);
}

function require(holds: boolean, expected: string, actual: unknown): void {
  if (!holds) throw new GraphError(expected, String(actual));
}

/** Whether the op writes bytes of its own. */
export const writes = (node: EncodedNode): boolean => node.op !== OP.Reshape;
