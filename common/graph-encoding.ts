import { encodeAbiParameters, type Hex } from "viem";
import { bytesOfHex } from "./bytes.ts";
import { structBytes } from "./hash.ts";
import { keccakHex } from "./keccak.ts";

/** Where a value's tensor root is found (P5.1). */
export const PLACE = { none: 0, state: 1, feed: 2, constant: 3, exact: 4, loose: 5, nextState: 6 } as const;

/** ONNX element type codes (P0.5) and their sizes. */
export const DTYPE = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;
const DTYPE_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 1, 6: 4, 7: 8, 9: 1 };

/** Op codes (P5.7). Every Reshape-like op is written as Reshape. */
export const OP = {
  Add: 1,
  Sub: 2,
  Mul: 3,
  Div: 4,
  Sqrt: 5,
  Neg: 6,
  Abs: 7,
  Relu: 8,
  Exp: 9,
  Log: 10,
  Tanh: 11,
  Sigmoid: 12,
  Erf: 13,
  Reciprocal: 14,
  Max: 15,
  Min: 16,
  Equal: 20,
  Less: 21,
  LessOrEqual: 22,
  Greater: 23,
  GreaterOrEqual: 24,
  And: 25,
  Or: 26,
  Not: 27,
  Where: 28,
  Cast: 29,
  MatMul: 40,
  Gemm: 41,
  ReduceSum: 42,
  ReduceMax: 43,
  ReduceMin: 44,
  ArgMax: 45,
  ScatterElements: 46,
  Conv: 50,
  ConvTranspose: 51,
  MaxPool: 52,
  Reshape: 60,
  Transpose: 61,
  Slice: 62,
  Concat: 63,
  Gather: 64,
  Expand: 65,
  GatherElements: 66,
  Pad: 70,
  Resize: 71,
} as const;

/** How a training's state tensor starts where the job has it drawn (P4.7); none: as the job's start root names it. */
export const INIT = { none: 0, fill: 1, uniform: 2, normal: 3 } as const;

/** State input of infer/evaluate that starts as zeros (P5.5). */
export const ZERO_SOURCE = 0xffffffff;

export interface EncodedValue {
  readonly place: number;
  readonly index: number;
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** `layout` is `[]` or `[batch, rows, cols]`; `layoutPlace` and `layoutIndex` are 0 if it is empty (P5.4). */
export interface EncodedOperand {
  readonly value: EncodedValue;
  readonly layoutPlace: number;
  readonly layoutIndex: number;
  readonly layout: readonly number[];
}

export interface EncodedNode {
  readonly op: number;
  readonly attributes: Hex;
  readonly inputs: readonly EncodedOperand[];
  readonly outputs: readonly EncodedValue[];
  readonly flops: bigint;
  readonly bytes_: bigint;
}

export interface EncodedStateInput {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly source: number;
  /** One of `INIT`, and the bits of its scale. */
  readonly init: number;
  readonly scaleBits: number;
}

export interface EncodedFeed {
  readonly dtype: number;
  readonly shape: readonly number[];
  /** 0: rows of the dataset. Else a mask (P4.6). */
  readonly keep: number;
}

/** Counts of what stands in leaves of its own. */
export interface EncodedGraphHeader {
  readonly kind: number;
  readonly constants: number;
  readonly states: number;
  readonly feeds: number;
  /** The feeds that are rows of dataset tensors; those behind them are masks. */
  readonly datasetFeeds: number;
  readonly nextStates: number;
  readonly nodes: number;
  readonly exactCount: number;
  readonly looseCount: number;
  /** `NO_VALUE` if the graph has no loss. */
  readonly loss: EncodedValue;
}

export interface EncodedConstant {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly tensorRoot: Hex;
}

/** Everything the graph root commits to, in leaf order (P5.6). */
export interface EncodedGraph {
  readonly header: EncodedGraphHeader;
  readonly constants: readonly EncodedConstant[];
  readonly states: readonly EncodedStateInput[];
  readonly feeds: readonly EncodedFeed[];
  readonly nextStates: readonly EncodedValue[];
  readonly nodes: readonly EncodedNode[];
}

export const NO_VALUE: EncodedValue = { place: PLACE.none, index: 0, dtype: 0, shape: [] };

export const valueComponents = [
  { name: "place", type: "uint8" },
  { name: "index", type: "uint32" },
  { name: "dtype", type: "uint8" },
  { name: "shape", type: "uint32[]" },
] as const;

export const operandComponents = [
  { name: "value", type: "tuple", components: valueComponents },
  { name: "layoutPlace", type: "uint8" },
  { name: "layoutIndex", type: "uint32" },
  { name: "layout", type: "uint32[]" },
] as const;

export const nodeComponents = [
  { name: "op", type: "uint8" },
  { name: "attributes", type: "bytes" },
  { name: "inputs", type: "tuple[]", components: operandComponents },
  { name: "outputs", type: "tuple[]", components: valueComponents },
  { name: "flops", type: "uint64" },
  { name: "bytes_", type: "uint64" },
] as const;

export const stateInputComponents = [
  { name: "dtype", type: "uint8" },
  { name: "shape", type: "uint32[]" },
  { name: "source", type: "uint32" },
  { name: "init", type: "uint8" },
  { name: "scaleBits", type: "uint32" },
] as const;

export const feedComponents = [
  { name: "dtype", type: "uint8" },
  { name: "shape", type: "uint32[]" },
  { name: "keep", type: "uint32" },
] as const;

export const graphHeaderComponents = [
  { name: "kind", type: "uint8" },
  { name: "constants", type: "uint32" },
  { name: "states", type: "uint32" },
  { name: "feeds", type: "uint32" },
  { name: "datasetFeeds", type: "uint32" },
  { name: "nextStates", type: "uint32" },
  { name: "nodes", type: "uint32" },
  { name: "exactCount", type: "uint32" },
  { name: "looseCount", type: "uint32" },
  { name: "loss", type: "tuple", components: valueComponents },
] as const;

export const valueParameter = { type: "tuple", components: valueComponents } as const;
export const stateInputParameter = { type: "tuple", components: stateInputComponents } as const;
export const feedParameter = { type: "tuple", components: feedComponents } as const;
export const nodeParameter = { type: "tuple", components: nodeComponents } as const;
export const graphHeaderParameter = { type: "tuple", components: graphHeaderComponents } as const;

const constantParameters = [{ type: "uint8" }, { type: "uint32[]" }, { type: "bytes32" }];

/** What the leaves of a graph's tree are the hashes of (P5.6). */
export const nodeBytes = (node: EncodedNode): Hex => structBytes("Node", [nodeParameter], [node]);
export const graphHeaderBytes = (header: EncodedGraphHeader): Hex =>
  structBytes("GraphHeader", [graphHeaderParameter], [header]);
export const constantBytes = ({ dtype, shape, tensorRoot }: EncodedConstant): Hex =>
  structBytes("Constant", constantParameters, [dtype, shape, tensorRoot]);
export const stateInputBytes = (state: EncodedStateInput): Hex =>
  structBytes("StateInput", [stateInputParameter], [state]);
export const feedBytes = (feed: EncodedFeed): Hex => structBytes("Feed", [feedParameter], [feed]);
export const nextStateBytes = (value: EncodedValue): Hex => structBytes("NextState", [valueParameter], [value]);

export const nodeHash = (node: EncodedNode): Hex => keccakHex(bytesOfHex(nodeBytes(node)));
export const graphHeaderHash = (header: EncodedGraphHeader): Hex => keccakHex(bytesOfHex(graphHeaderBytes(header)));
export const constantHash = (constant: EncodedConstant): Hex => keccakHex(bytesOfHex(constantBytes(constant)));
export const stateInputHash = (state: EncodedStateInput): Hex => keccakHex(bytesOfHex(stateInputBytes(state)));
export const feedHash = (feed: EncodedFeed): Hex => keccakHex(bytesOfHex(feedBytes(feed)));
export const nextStateHash = (value: EncodedValue): Hex => keccakHex(bytesOfHex(nextStateBytes(value)));

const gemmAttributes = [{ type: "uint32" }, { type: "uint32" }, { type: "bool" }, { type: "bool" }] as const;
const reduceAttributes = [{ type: "uint32[]" }, { type: "bool" }] as const;
const argMaxAttributes = [{ type: "uint32" }, { type: "bool" }] as const;
const sliceAttributes = [{ type: "uint32[]" }, { type: "int32[]" }] as const;
const listAttributes = [{ type: "uint32[]" }] as const;
const axisAttributes = [{ type: "uint32" }] as const;
const convAttributes = [
  { name: "strides", type: "uint32[2]" },
  { name: "pads", type: "uint32[4]" },
  { name: "dilations", type: "uint32[2]" },
  { name: "group", type: "uint32" },
  { name: "outputPadding", type: "uint32[2]" },
] as const;
const poolAttributes = [
  { name: "kernel", type: "uint32[2]" },
  { name: "strides", type: "uint32[2]" },
  { name: "pads", type: "uint32[4]" },
  { name: "dilations", type: "uint32[2]" },
] as const;

type Pair = readonly [number, number];
/** Top, left, bottom, right. */
type Four = readonly [number, number, number, number];

/** `attributes` of a node, by op family (P5.7). */
export const attributes = {
  gemm: (alphaBits: number, betaBits: number, transA: boolean, transB: boolean): Hex =>
    encodeAbiParameters(gemmAttributes, [alphaBits, betaBits, transA, transB]),
  reduce: (axes: readonly number[], keepdims: boolean): Hex => encodeAbiParameters(reduceAttributes, [axes, keepdims]),
  argMax: (axis: number, keepdims: boolean): Hex => encodeAbiParameters(argMaxAttributes, [axis, keepdims]),
  transpose: (perm: readonly number[]): Hex => encodeAbiParameters(listAttributes, [perm]),
  slice: (starts: readonly number[], steps: readonly number[]): Hex =>
    encodeAbiParameters(sliceAttributes, [starts, steps]),
  /** Concat and Gather. */
  axis: (axis: number): Hex => encodeAbiParameters(axisAttributes, [axis]),
  /** Conv (without output padding) and ConvTranspose. */
  conv: (strides: Pair, pads: Four, dilations: Pair, group: number, outputPadding: Pair = [0, 0]): Hex =>
    encodeAbiParameters(convAttributes, [strides, pads, dilations, group, outputPadding]),
  pool: (kernel: Pair, strides: Pair, pads: Four, dilations: Pair): Hex =>
    encodeAbiParameters(poolAttributes, [kernel, strides, pads, dilations]),
  /** Pad: the widths before each axis; those after it follow from the shapes. */
  pad: (before: readonly number[]): Hex => encodeAbiParameters(listAttributes, [before]),
} as const;

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const WORD_END = 2n ** 256n;

/** The same as L1 counts: to the last element, however many; throws where a product on the way takes more than a word. */
export function exactCount(shape: readonly number[]): bigint {
  let product = 1n;
  for (const size of shape) {
    product *= BigInt(size);
    if (product >= WORD_END) throw new RangeError(`[${shape}] has too many elements to be counted`);
  }
  return product;
}

export function dtypeBytes(dtype: number): number {
  const bytes = DTYPE_BYTES[dtype];
  if (bytes === undefined) throw new RangeError(`dtype ${dtype}; expected 1, 2, 6, 7 or 9`);
  return bytes;
}

export const valueBytes = ({ dtype, shape }: { readonly dtype: number; readonly shape: readonly number[] }): bigint =>
  exactCount(shape) * BigInt(dtypeBytes(dtype));
