import { constant, emit } from "../../graph/draft.ts";
import type { OpName, ValueId } from "../../graph/graph.ts";
import { broadcastShapes } from "../../ops/broadcast.ts";
import { add, cast, div, expand, mul, reshape, scalar, shapeOf, transpose } from "../../ops/build.ts";
import { product } from "../../ops/product.ts";
import { logSoftmax, softmax } from "../../ops/softmax.ts";
import { sumOver } from "../../ops/sums.ts";
import { dtypeOfCode, type Shape, sizeOf } from "../../tensor/tensor.ts";
import { angleHandlers } from "./import-angles.ts";
import { functionHandlers } from "./import-functions.ts";
import { integerHandlers } from "./import-integers.ts";
import { movementHandlers } from "./import-movement.ts";
import {
  axesFrom,
  type ForeignNode,
  floatOf,
  fromFront,
  type Handler,
  intOf,
  listOf,
  operand,
  rankOf,
  refuse,
} from "./import-node.ts";
import { windowHandlers } from "./import-windows.ts";
import { constantIn, tensorOf } from "./tensors.ts";

const same =
  (op: OpName): Handler =>
  (node) =>
    emit(
      node.draft,
      op,
      node.inputs.map((_, i) => operand(node, i)),
    );

/** Any number of operands, two at a time from the left. */
const folded =
  (op: OpName): Handler =>
  (node) =>
    node.inputs.map((_, i) => operand(node, i)).reduce((a, b) => emit(node.draft, op, [a, b]));

const view =
  (shape: (node: ForeignNode) => Shape): Handler =>
  (node) =>
    reshape(node.draft, operand(node, 0), shape(node));

const gemm: Handler = (node) => {
  const { draft, inputs } = node;
  const [alpha, beta] = [floatOf(node, "alpha", 1), floatOf(node, "beta", 1)];
  const scaled = (id: ValueId, factor: number) => (factor === 1 ? id : mul(draft, id, scalar(draft, factor)));
  const factors = {
    a: operand(node, 0),
    b: operand(node, 1),
    transA: intOf(node, "transA", 0) === 1,
    transB: intOf(node, "transB", 0) === 1,
  };
  if (inputs[2] === undefined) return scaled(product(draft, factors), alpha);
  const bias = scaled(inputs[2], beta);
  return alpha === 1 ? product(draft, { ...factors, bias }) : add(draft, scaled(product(draft, factors), alpha), bias);
};

/** Vectors become matrices; a stack of matrices times one matrix becomes one product. */
const matmul: Handler = (node) => {
  const { draft } = node;
  const [x, w] = [operand(node, 0), operand(node, 1)];
  const [shapeX, shapeW] = [shapeOf(draft, x), shapeOf(draft, w)];
  const a = shapeX.length === 1 ? reshape(draft, x, [1, ...shapeX]) : x;
  const b = shapeW.length === 1 ? reshape(draft, w, [...shapeW, 1]) : w;
  const [left, right] = [shapeOf(draft, a), shapeOf(draft, b)];
  const rows = left.slice(0, -1);
  const y =
    right.length === 2
      ? product(draft, { a: reshape(draft, a, [sizeOf(rows), left.at(-1)!]), b })
      : emit(draft, "MatMul", [a, b]);
  const full = right.length === 2 ? [...rows, right[1]!] : [...shapeOf(draft, y)];
  if (shapeX.length === 1) full.splice(-2, 1);
  if (shapeW.length === 1) full.pop();
  return reshape(draft, y, full);
};

const reduced = (node: ForeignNode, axes: readonly number[]): Shape => {
  const shape = shapeOf(node.draft, operand(node, 0));
  return intOf(node, "keepdims", 1) === 1
    ? shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.includes(axis));
};

/** With `noop_with_empty_axes` naming no axes means none of them. */
const reduceSum = (node: ForeignNode): ValueId => {
  const named = (listOf(node, "axes", 1) ?? []).length > 0;
  if (!named && intOf(node, "noop_with_empty_axes", 0) === 1) return operand(node, 0);
  const axes = axesFrom(node);
  return reshape(node.draft, sumOver(node.draft, operand(node, 0), axes), reduced(node, axes));
};

const reduceMean: Handler = (node) => {
  const axes = axesFrom(node);
  const shape = shapeOf(node.draft, operand(node, 0));
  const count = sizeOf(axes.map((axis) => shape[axis]!));
  return mul(node.draft, reduceSum(node), scalar(node.draft, 1 / count));
};

const reduceMax: Handler = (node) => {
  const axes = axesFrom(node);
  const kept = Array.from({ length: rankOf(node) }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
  const turned = transpose(node.draft, operand(node, 0), [...kept, ...axes]);
  const trailing = axes.map((_, i) => kept.length + i);
  const y = emit(node.draft, "ReduceMax", [turned], { axes: trailing, keepdims: 0 });
  return reshape(node.draft, y, reduced(node, axes));
};

const argMax: Handler = (node) => {
  if (intOf(node, "select_last_index", 0) === 1) throw refuse(node, "it takes the last of equals", "Take the first.");
  const axis = fromFront(intOf(node, "axis", 0), rankOf(node));
  return emit(node.draft, "ArgMax", [operand(node, 0)], { axis, keepdims: intOf(node, "keepdims", 1) });
};

/** Along any axis, by turning it to the end. */
const along =
  (f: typeof softmax): Handler =>
  (node) => {
    const rank = rankOf(node);
    const axis = fromFront(intOf(node, "axis", -1), rank);
    const perm = Array.from({ length: rank }, (_, i) => i);
    perm[axis] = rank - 1;
    perm[rank - 1] = axis;
    return transpose(node.draft, f(node.draft, transpose(node.draft, operand(node, 0), perm)), perm);
  };

const slice: Handler = (node) => {
  const x = operand(node, 0);
  const shape = shapeOf(node.draft, x);
  const [starts, ends] = [listOf(node, "starts", 1) ?? [], listOf(node, "ends", 2) ?? []];
  const axes = (listOf(node, "axes", 3) ?? starts.map((_, i) => i)).map((axis) => fromFront(axis, shape.length));
  const steps = listOf(node, "steps", 4) ?? starts.map(() => 1);
  if (steps.some((step) => step < 1))
    throw refuse(node, "a step is not positive", "Reverse the data outside of the model.");
  const clamp = (position: number, dim: number) => Math.max(0, Math.min(dim, position < 0 ? position + dim : position));
  const whole = { starts: shape.map(() => 0), ends: [...shape], steps: shape.map(() => 1) };
  for (const [i, axis] of axes.entries()) {
    whole.starts[axis] = clamp(starts[i]!, shape[axis]!);
    whole.ends[axis] = Math.max(whole.starts[axis]!, clamp(ends[i]!, shape[axis]!));
    whole.steps[axis] = steps[i]!;
  }
  return emit(node.draft, "Slice", [x], whole);
};

/** 0 keeps a dimension (unless allowzero), −1 takes what is left. */
const reshaped = (node: ForeignNode): Shape => {
  const from = shapeOf(node.draft, operand(node, 0));
  const wanted = listOf(node, "shape", 1) ?? [];
  const shape = intOf(node, "allowzero", 0) === 1 ? wanted : wanted.map((dim, i) => (dim === 0 ? (from[i] ?? 0) : dim));
  const known = sizeOf(shape.filter((dim) => dim !== -1));
  return shape.map((dim) => (dim === -1 ? sizeOf(from) / known : dim));
};

const flattened = (node: ForeignNode): Shape => {
  const shape = shapeOf(node.draft, operand(node, 0));
  const axis = fromFront(intOf(node, "axis", 1), shape.length);
  return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
};

const squeezed = (node: ForeignNode): Shape => {
  const shape = shapeOf(node.draft, operand(node, 0));
  const axes = listOf(node, "axes", 1)?.map((axis) => fromFront(axis, shape.length));
  return shape.filter((dim, axis) => (axes === undefined ? dim !== 1 : !axes.includes(axis)));
};

const unsqueezed = (node: ForeignNode): Shape => {
  const shape = [...shapeOf(node.draft, operand(node, 0))];
  const axes = listOf(node, "axes", 1) ?? [];
  const rank = shape.length + axes.length;
  for (const axis of axes.map((item) => fromFront(item, rank)).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return shape;
};

const castTo: Handler = (node) => {
  const code = intOf(node, "to", 0);
  const dtype = dtypeOfCode(code);
  if (dtype === undefined) throw refuse(node, `element type ${code}`, "Use float32, uint8, int32, int64 or bool.");
  return cast(node.draft, operand(node, 0), dtype);
};

const constantNode: Handler = (node) => {
  const { attribute } = node.proto;
  const value = attribute.find(({ name }) => name === "value")?.t;
  if (value !== undefined)
    return constant(
      node.draft,
      tensorOf(value, () => undefined),
    );
  const [item] = attribute;
  switch (item?.name) {
    case "value_float":
      return scalar(node.draft, item.f);
    case "value_int":
      return constant(node.draft, { dtype: "int64", shape: [], data: BigInt64Array.of(item.i) });
    case "value_ints":
      return constant(node.draft, { dtype: "int64", shape: [item.ints.length], data: BigInt64Array.from(item.ints) });
    case "value_floats":
      return constant(node.draft, {
        dtype: "float32",
        shape: [item.floats.length],
        data: Float32Array.from(item.floats),
      });
    default:
      throw refuse(node, `its value is ${item?.name}`, "Use a tensor, float(s) or int(s).");
  }
};

const shapeNode: Handler = (node) => {
  const whole = shapeOf(node.draft, operand(node, 0));
  const shape = whole.slice(intOf(node, "start", 0), intOf(node, "end", whole.length));
  return constant(node.draft, { dtype: "int64", shape: [shape.length], data: BigInt64Array.from(shape, BigInt) });
};

const dropout: Handler = (node) => {
  const training = node.inputs[2] === undefined ? undefined : constantIn(node.draft, node.inputs[2]);
  if (training?.data[0] === 1) throw refuse(node, "training mode", "Export the model for inference.");
  return operand(node, 0);
};

export const handlers: Readonly<Record<string, Handler>> = {
  Abs: same("Abs"),
  And: same("And"),
  ArgMax: argMax,
  Cast: castTo,
  Concat: (node) =>
    emit(
      node.draft,
      "Concat",
      node.inputs.map((_, i) => operand(node, i)),
      {
        axis: fromFront(intOf(node, "axis", 0), rankOf(node)),
      },
    ),
  Constant: constantNode,
  Dropout: dropout,
  Equal: same("Equal"),
  Erf: same("Erf"),
  Exp: same("Exp"),
  Expand: (node) => {
    const x = operand(node, 0);
    return expand(node.draft, x, broadcastShapes(shapeOf(node.draft, x), listOf(node, "shape", 1) ?? []));
  },
  Flatten: view(flattened),
  Gemm: gemm,
  Greater: same("Greater"),
  GreaterOrEqual: same("GreaterOrEqual"),
  Identity: (node) => operand(node, 0),
  Less: same("Less"),
  LessOrEqual: same("LessOrEqual"),
  Log: same("Log"),
  LogSoftmax: along(logSoftmax),
  MatMul: matmul,
  Max: folded("Max"),
  Min: folded("Min"),
  Neg: same("Neg"),
  Not: same("Not"),
  Or: same("Or"),
  Reciprocal: (node) => div(node.draft, scalar(node.draft, 1), operand(node, 0)),
  ReduceMax: reduceMax,
  ReduceMean: reduceMean,
  ReduceSum: reduceSum,
  Relu: same("Relu"),
  Reshape: view(reshaped),
  Shape: shapeNode,
  Sigmoid: same("Sigmoid"),
  Slice: slice,
  Softmax: along(softmax),
  Sqrt: same("Sqrt"),
  Squeeze: view(squeezed),
  Sum: folded("Add"),
  Tanh: same("Tanh"),
  Transpose: (node) => {
    const axes = shapeOf(node.draft, operand(node, 0)).map((_, axis) => axis);
    return transpose(node.draft, operand(node, 0), listOf(node, "perm") ?? axes.toReversed());
  },
  Unsqueeze: view(unsqueezed),
  Where: same("Where"),
  ...integerHandlers(same),
  ...angleHandlers,
  ...functionHandlers,
  ...movementHandlers,
  ...windowHandlers,
};
