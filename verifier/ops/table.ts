import { createDraft, type Draft } from "../graph/draft.ts";
import type { OpName } from "../graph/graph.ts";
import { argMax } from "./arg-max.ts";
import { absolute, add, divide, multiply, negate, squareRoot, sub } from "./arithmetic-ops.ts";
import { cast } from "./cast.ts";
import { equal, greater, greaterOrEqual, less, lessOrEqual } from "./comparison.ts";
import { concat } from "./concat.ts";
import { conv } from "./conv.ts";
import { convTranspose } from "./conv-transpose.ts";
import { expand } from "./expand.ts";
import { maximum, minimum } from "./extremes.ts";
import { errorFunction, exponential, hyperbolicTangent, logarithm, logistic, rectify } from "./functions.ts";
import { gather } from "./gather.ts";
import { gatherElements } from "./gather-elements.ts";
import { gemm } from "./gemm.ts";
import { and, not, or } from "./logic.ts";
import { matmul } from "./matmul.ts";
import { maxPool } from "./max-pool.ts";
import type { Op } from "./op.ts";
import { padding } from "./pad.ts";
import { reduceMax } from "./reduce-max.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";
import { resize } from "./resize.ts";
import { scatterElements } from "./scatter-elements.ts";
import { slice } from "./slice.ts";
import { transpose } from "./transpose.ts";
import { where } from "./where.ts";

/** Total by type: an op without its members does not compile. */
export const ops: { readonly [Name in OpName]: Op } = {
  Abs: absolute,
  Add: add,
  And: and,
  ArgMax: argMax,
  Cast: cast,
  Concat: concat,
  Conv: conv,
  ConvTranspose: convTranspose,
  Div: divide,
  Equal: equal,
  Erf: errorFunction,
  Exp: exponential,
  Expand: expand,
  Gather: gather,
  GatherElements: gatherElements,
  Gemm: gemm,
  Greater: greater,
  GreaterOrEqual: greaterOrEqual,
  Less: less,
  LessOrEqual: lessOrEqual,
  Log: logarithm,
  MatMul: matmul,
  Max: maximum,
  MaxPool: maxPool,
  Min: minimum,
  Mul: multiply,
  Neg: negate,
  Not: not,
  Or: or,
  Pad: padding,
  ReduceMax: reduceMax,
  ReduceSum: reduceSum,
  Relu: rectify,
  Reshape: reshape,
  Resize: resize,
  ScatterElements: scatterElements,
  Sigmoid: logistic,
  Slice: slice,
  Sqrt: squareRoot,
  Sub: sub,
  Tanh: hyperbolicTangent,
  Transpose: transpose,
  Where: where,
};

/** A draft whose shapes are inferred by this table. */
export const newDraft = (): Draft => createDraft((op, inputs, attributes) => ops[op].infer(inputs, attributes));
