// Which operand elements one element of a node's output is computed from, in the order in which the verifier reads them
// (docs/protocol.md P7.8). The contracts derive the same ranges; a witness only delivers their bytes.
import { AnhError } from "../../common/errors.ts";
import {
  decodeAttributes,
  type EncodedNode,
  type EncodedOperand,
  type EncodedValue,
  elementCount,
  OP,
} from "../../common/graph-encoding.ts";
import { broadcastElement, ravel, unravel } from "./indices.ts";
import { windowReads } from "./window-reads.ts";

/** Elements `first … first + count − 1` of what stands at `value.place`, `value.index`. */
export interface Read {
  /** −1: the node's output. */
  readonly operand: number;
  readonly value: EncodedValue;
  readonly first: number;
  readonly count: number;
}

/** Reads one integer element: which element a Gather copies depends on its indices. */
export type ReadIndex = (read: Read) => Promise<number>;

/** A node that has no leaf (Reshape) or that no verifier judges. */
export class NoLeafError extends AnhError {}

export const outputRead = (node: EncodedNode, element: number): Read => {
  unravel(element, node.outputs[0]!.shape);
  return { operand: -1, value: node.outputs[0]!, first: element, count: 1 };
};

/** Operand ranges of element `element`, one opening each. */
export async function operandReads(node: EncodedNode, element: number, readIndex: ReadIndex): Promise<Read[]> {
  const index = unravel(element, node.outputs[0]!.shape);
  switch (node.op) {
    case OP.MatMul:
      return matMulReads(node, index);
    case OP.Gemm:
      return gemmReads(node, index);
    case OP.ReduceSum:
    case OP.ReduceMax:
    case OP.ReduceMin:
    case OP.ArgMax:
      return reduceReads(node, element);
    case OP.Transpose:
    case OP.Slice:
    case OP.Concat:
      return [movedFrom(node, index)];
    case OP.Conv:
    case OP.ConvTranspose:
    case OP.MaxPool:
      return windowReads(node, element).map(({ operand, start, count }) => ({
        operand,
        value: laidOut(node.inputs[operand]!),
        first: start,
        count,
      }));
    case OP.Pad:
      return paddedFrom(node, index);
    case OP.Resize: {
      const { shape } = node.inputs[0]!.value;
      const from = index.map((position, axis) => Math.floor((position * shape[axis]!) / node.outputs[0]!.shape[axis]!));
      return [one(node, 0, ravel(from, shape))];
    }
    case OP.Gather:
      return gatherReads(node, index, readIndex);
    case OP.GatherElements: {
      const at = one(node, 1, element);
      return [at, one(node, 0, ravel([await readIndex(at), index[1]!], node.inputs[0]!.value.shape))];
    }
    case OP.ScatterElements:
      return scatterReads(node, element, index[1]!);
    case OP.Where: {
      const condition = broadcastRead(node, 0, index);
      return [condition, broadcastRead(node, (await readIndex(condition)) === 1 ? 1 : 2, index)];
    }
    case OP.Reshape:
      throw new NoLeafError("no-leaf", `op ${node.op} has no leaf`);
    default:
      return node.inputs.map((_, operand) => broadcastRead(node, operand, index));
  }
}

const one = (node: EncodedNode, operand: number, first: number): Read => ({
  operand,
  value: node.inputs[operand]!.value,
  first,
  count: 1,
});

const broadcastRead = (node: EncodedNode, operand: number, index: readonly number[]): Read =>
  one(node, operand, broadcastElement(index, node.inputs[operand]!.value.shape));

/** The value at the operand's reading layout; its own where no layout is needed (P5.4). */
function laidOut({ value, layout, layoutPlace, layoutIndex }: EncodedOperand): EncodedValue {
  return layout.length === 0 ? value : { ...value, place: layoutPlace, index: layoutIndex };
}

function gemmReads(node: EncodedNode, [row, column]: readonly number[]): Read[] {
  const [, , transA, transB] = decodeAttributes.gemm(node.attributes);
  const [a, b] = node.inputs as [EncodedOperand, EncodedOperand];
  const k = a.value.shape[transA ? 0 : 1]!;
  const reads: Read[] = [
    { operand: 0, value: transA ? laidOut(a) : a.value, first: row! * k, count: k },
    { operand: 1, value: transB ? b.value : laidOut(b), first: column! * k, count: k },
  ];
  return node.inputs.length === 3 ? [...reads, broadcastRead(node, 2, [row!, column!])] : reads;
}

function matMulReads(node: EncodedNode, index: readonly number[]): Read[] {
  const [a, b] = node.inputs as [EncodedOperand, EncodedOperand];
  const [m, k] = a.value.shape.slice(-2) as [number, number];
  const n = b.value.shape.at(-1)!;
  const batch = index.slice(0, -2);
  const [row, column] = index.slice(-2) as [number, number];
  const batchA = broadcastElement(batch, a.value.shape.slice(0, -2));
  const batchB = broadcastElement(batch, b.value.shape.slice(0, -2));
  return [
    { operand: 0, value: a.value, first: (batchA * m + row) * k, count: k },
    { operand: 1, value: laidOut(b), first: (batchB * n + column) * k, count: k },
  ];
}

/** The reduced axes `from … to − 1`. */
export function reducedAxes(node: EncodedNode): { readonly from: number; readonly to: number } {
  if (node.op === OP.ArgMax) {
    const [axis] = decodeAttributes.argMax(node.attributes);
    return { from: axis, to: axis + 1 };
  }
  const [axes] = decodeAttributes.reduce(node.attributes);
  if (axes.length === 0 || axes.some((axis, i) => axis !== axes[0]! + i))
    throw new NoLeafError("axes", "a reduction over axes that are not consecutive has no leaf", { actual: axes });
  return { from: axes[0]!, to: axes[0]! + axes.length };
}

function reduceReads(node: EncodedNode, element: number): Read[] {
  const operand = node.inputs[0]!;
  const { shape } = operand.value;
  const { from, to } = reducedAxes(node);
  const terms = elementCount(shape.slice(from, to));
  const inner = elementCount(shape.slice(to));
  if (inner === 1 || terms === 1 || operand.layout.length !== 0)
    return [{ operand: 0, value: laidOut(operand), first: element * terms, count: terms }];
  const first = Math.floor(element / inner) * terms * inner + (element % inner);
  return Array.from({ length: terms }, (_, i) => one(node, 0, first + i * inner));
}

function movedFrom(node: EncodedNode, index: readonly number[]): Read {
  const { shape } = node.inputs[0]!.value;
  if (node.op === OP.Transpose) {
    const from = new Array<number>(index.length);
    for (const [axis, source] of decodeAttributes.transpose(node.attributes).entries()) from[source] = index[axis]!;
    return one(node, 0, ravel(from, shape));
  }
  if (node.op === OP.Slice) {
    const [starts, steps] = decodeAttributes.slice(node.attributes);
    const from = index.map((position, axis) => starts[axis]! + position * steps[axis]!);
    return one(node, 0, ravel(from, shape));
  }
  const axis = decodeAttributes.axis(node.attributes);
  let position = index[axis]!;
  for (const [operand, { value }] of node.inputs.entries()) {
    if (position < value.shape[axis]!) return one(node, operand, ravel(index.with(axis, position), value.shape));
    position -= value.shape[axis]!;
  }
  throw new NoLeafError("concat", "the operands of a Concat are shorter than its output");
}

/** Nothing where zeros were added. */
function paddedFrom(node: EncodedNode, index: readonly number[]): Read[] {
  const { shape } = node.inputs[0]!.value;
  const before = decodeAttributes.pad(node.attributes);
  const from = index.map((position, axis) => position - before[axis]!);
  return from.every((position, axis) => position >= 0 && position < shape[axis]!)
    ? [one(node, 0, ravel(from, shape))]
    : [];
}

async function gatherReads(node: EncodedNode, index: readonly number[], readIndex: ReadIndex): Promise<Read[]> {
  const axis = decodeAttributes.axis(node.attributes);
  const [data, indices] = node.inputs as [EncodedOperand, EncodedOperand];
  const inner = indices.value.shape.length;
  const at = one(node, 1, ravel(index.slice(axis, axis + inner), indices.value.shape));
  const from = [...index.slice(0, axis), await readIndex(at), ...index.slice(axis + inner)];
  return [at, one(node, 0, ravel(from, data.value.shape))];
}

/** The element itself, then its column of the indices and of the updates. */
function scatterReads(node: EncodedNode, element: number, column: number): Read[] {
  const columnOf = (operand: number): Read => {
    const read = node.inputs[operand]!;
    const count = read.value.shape[0]!;
    return { operand, value: laidOut(read), first: column * count, count };
  };
  return [one(node, 0, element), columnOf(1), columnOf(2)];
}
