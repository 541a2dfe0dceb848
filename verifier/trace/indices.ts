import { hasStepRoots, TASK_KIND } from "../../common/task.ts";
import { type Graph, type Node, type ValueId, valueAt } from "../graph/graph.ts";
import { binary32 } from "../ops/arithmetic.ts";
import { ops } from "../ops/table.ts";
import { type DType, fromBytes, type Tensor } from "../tensor/tensor.ts";
import { DeclinedError } from "./canonical.ts";
import type { TaskInputs } from "./inputs.ts";

/** Least and greatest element; whole numbers beyond 2⁵³ rounded, which no index comes near. */
type Range = readonly [number, number];

const OF_TYPE: Readonly<Record<DType, Range>> = {
  float32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31],
  int64: [-(2 ** 63), 2 ** 63],
  bool: [0, 1],
};

/** What is looked up by, and how many rows there are; the fewest of all who look up by it. */
function lookups(graph: Graph): ReadonlyMap<ValueId, number> {
  const rows = new Map<ValueId, number>();
  for (const { op, inputs } of graph.nodes) {
    if (op !== "Gather" && op !== "GatherElements" && op !== "ScatterElements") continue;
    const [table, index] = inputs as readonly [ValueId, ValueId];
    rows.set(index, Math.min(valueAt(graph, table).shape[0]!, rows.get(index) ?? Number.POSITIVE_INFINITY));
  }
  return rows;
}

/** The first value of a step by which a row is looked up that is not there: whatever comes of it is wrong (P7.8), also where the
 * runtime counts a negative index from the end. */
export function missingRow(graph: Graph, values: Pick<ReadonlyMap<ValueId, Tensor>, "get">): ValueId | undefined {
  for (const [index, rows] of lookups(graph)) {
    const tensor = values.get(index);
    if (tensor !== undefined && !within(rangeOf(tensor), rows)) return index;
  }
  return undefined;
}

/**
 * Throws `DeclinedError` where a run would look up rows that are not there: an inference, of its input; a training or an
 * evaluation without `stepRoots`, whose steps nobody looks at, unless no row of its dataset can lead to one.
 */
export function requireRows(inputs: TaskInputs): void {
  const { task, graph, dataset } = inputs;
  const decline = (id: ValueId) => {
    throw new DeclinedError(`${valueAt(graph, id).name} may name a row that is not there`);
  };
  if (task.kind === TASK_KIND.infer) {
    const missing = missingRow(graph, wholeNumbers(graph, dataset.tensors));
    if (missing !== undefined) decline(missing);
    return;
  }
  if (hasStepRoots(task)) return;
  const wanted = lookups(graph);
  if (wanted.size === 0) return;
  const ranges = rangesOf(inputs);
  for (const [index, rows] of wanted) if (!within(ranges[index]!, rows)) decline(index);
}

const within = ([least, greatest]: Range, rows: number): boolean => least >= 0 && greatest < rows;

function rangeOf({ data }: Pick<Tensor, "data">): Range {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const element of data) {
    const value = Number(element);
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
}

/** The values of an inference that follow from its input without floats. */
function wholeNumbers(graph: Graph, feeds: readonly Tensor[]): ReadonlyMap<ValueId, Tensor> {
  const known = new Map<ValueId, Tensor>();
  for (const [i, tensor] of feeds.entries()) known.set(graph.batchInputs[i]!, tensor);
  for (const { value, bytes } of graph.constants) known.set(value, fromBytes(valueAt(graph, value), bytes));
  for (const { op, inputs, attributes, output } of graph.nodes) {
    const { dtype, shape } = valueAt(graph, output);
    const operands = inputs.flatMap((id) => known.get(id) ?? []);
    if (dtype === "float32" || operands.length < inputs.length) continue;
    // What looks up a missing row itself is found by its own index, and gives nothing.
    if (missingRow({ ...graph, nodes: [{ op, inputs, attributes, output }] }, known) !== undefined) continue;
    const data = ops[op].eval(operands, { attributes, output: { dtype, shape }, arithmetic: binary32 });
    known.set(output, { dtype, shape, data });
  }
  return known;
}

/** Per value a range that holds each of its elements in every step, whatever rows the step reads. */
function rangesOf(inputs: TaskInputs): readonly Range[] {
  const { graph, dataset } = inputs;
  const ranges: Range[] = graph.values.map(({ dtype }) => OF_TYPE[dtype]);
  if (inputs.task.kind === TASK_KIND.train)
    for (const [i, { value }] of graph.stateInputs.entries()) ranges[value] = rangeOfState(inputs, i);
  for (const [i, tensor] of dataset.tensors.entries())
    if (tensor.dtype !== "float32") ranges[graph.batchInputs[i]!] = rangeOf(tensor);
  for (const { value, bytes } of graph.constants) ranges[value] = rangeOf(fromBytes(valueAt(graph, value), bytes));
  for (const node of graph.nodes) ranges[node.output] = rangeAfter(graph, node, ranges);
  return ranges;
}

/** Of a training's state in all of its steps: known where it stays what it was, or counts in one direction (as a schedule's
 * step does). */
function rangeOfState({ graph, start }: TaskInputs, index: number): Range {
  const { value } = graph.stateInputs[index]!;
  const next = graph.stateOutputs[index]!;
  const begun = rangeOf(start[index]!);
  if (next === value) return begun;
  const added = graph.nodes.find(({ output }) => output === next);
  // Only floats: whole numbers begin anew beyond their greatest, while a rounded sum is never on the other side of its operand.
  if (added?.op !== "Add" || !added.inputs.includes(value) || valueAt(graph, value).dtype !== "float32")
    return OF_TYPE[valueAt(graph, value).dtype];
  const summand = graph.constants.find((constant) => added.inputs.includes(constant.value));
  if (summand === undefined) return OF_TYPE.float32;
  const [least, greatest] = rangeOf(fromBytes(valueAt(graph, summand.value), summand.bytes));
  return [least >= 0 ? begun[0] : Number.NEGATIVE_INFINITY, greatest <= 0 ? begun[1] : Number.POSITIVE_INFINITY];
}

/** `Where(a < b, a, b)` is the lesser of both, `Where(a < b, b, a)` the greater. */
function rangeOfChoice(graph: Graph, [condition, ...chosen]: readonly ValueId[], ranges: readonly Range[]): Range {
  const [[least, greatest], [otherLeast, otherGreatest]] = chosen.map((id) => ranges[id]!) as [Range, Range];
  const compared = graph.nodes.find(({ output }) => output === condition);
  if (compared?.op === "Less" && compared.inputs.join() === chosen.join())
    return [Math.min(least, otherLeast), Math.min(greatest, otherGreatest)];
  if (compared?.op === "Less" && compared.inputs.toReversed().join() === chosen.join())
    return [Math.max(least, otherLeast), Math.max(greatest, otherGreatest)];
  return [Math.min(least, otherLeast), Math.max(greatest, otherGreatest)];
}

function rangeAfter(graph: Graph, { op, inputs, attributes, output }: Node, ranges: readonly Range[]): Range {
  const all = OF_TYPE[valueAt(graph, output).dtype];
  const hull = (ids: readonly ValueId[]): Range => [
    Math.min(...ids.map((id) => ranges[id]![0])),
    Math.max(...ids.map((id) => ranges[id]![1])),
  ];
  switch (op) {
    case "Cast": {
      // Wider or narrower: a number that fits stays itself, others come out as anything.
      const range = hull(inputs);
      return range[0] >= all[0] && range[1] <= all[1] && all !== OF_TYPE.bool ? range : all;
    }
    case "ArgMax":
      return [0, valueAt(graph, inputs[0]!).shape[attributes.axis as number]! - 1];
    case "Where":
      return rangeOfChoice(graph, inputs, ranges);
    case "Concat":
      return hull(inputs);
    case "Pad": {
      const [least, greatest] = hull(inputs);
      return [Math.min(least, 0), Math.max(greatest, 0)];
    }
    case "Reshape":
    case "Transpose":
    case "Slice":
    case "Expand":
    case "Resize":
    case "Gather":
    case "GatherElements":
      return hull(inputs.slice(0, 1));
    default:
      return all;
  }
}
