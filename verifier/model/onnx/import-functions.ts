import { oneHot } from "../../autodiff/loss.ts";
import { constant, type Draft, emit } from "../../graph/draft.ts";
import { type ValueId, valueAt } from "../../graph/graph.ts";
import { clip, gelu, geluTanh, power, sign, softplus, wholePower } from "../../ops/activations.ts";
import {
  add,
  cast,
  div,
  equal,
  exp,
  less,
  log,
  mul,
  neg,
  relu,
  reshape,
  scalar,
  shapeOf,
  sigmoid,
  sqrt,
  sub,
  tanh,
  transpose,
  where,
} from "../../ops/build.ts";
import { groupNorm, inverseRoot, rootMeanSquare, rowMean, standardize } from "../../ops/normalize.ts";
import { scatterAdd } from "../../ops/scatter-add.ts";
import { logSoftmax } from "../../ops/softmax.ts";
import { rowSum, sumOver, total } from "../../ops/sums.ts";
import { allocate, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import {
  axesFrom,
  type ForeignNode,
  floatOf,
  fromFront,
  type Handler,
  intOf,
  operand,
  rankOf,
  refuse,
  textOf,
} from "./import-node.ts";
import { constantIn } from "./tensors.ts";

type Unary = (draft: Draft, x: ValueId, node: ForeignNode) => ValueId;
const unary =
  (f: Unary): Handler =>
  (node) =>
    f(node.draft, operand(node, 0), node);

const number = (draft: Draft, value: number): ValueId => scalar(draft, value);
const timesScalar = (draft: Draft, x: ValueId, factor: number): ValueId => mul(draft, x, number(draft, factor));
const isNegative = (draft: Draft, x: ValueId): ValueId => less(draft, x, number(draft, 0));

/** α·(e^(x/γ) − 1) below 0, x above; where x is positive its exponential could leave the range. */
const exponentialLinear = (draft: Draft, x: ValueId, alpha: number, gamma = 1): ValueId => {
  const below = neg(draft, relu(draft, neg(draft, x)));
  const shrunk = gamma === 1 ? below : timesScalar(draft, below, 1 / gamma);
  const curve = timesScalar(draft, sub(draft, exp(draft, shrunk), number(draft, 1)), alpha);
  return where(draft, isNegative(draft, x), curve, x);
};

const hardSigmoid = (draft: Draft, x: ValueId, alpha: number, beta: number): ValueId => {
  const line = add(draft, timesScalar(draft, x, alpha), number(draft, beta));
  return clip(draft, line, number(draft, 0), number(draft, 1));
};

/** Whole powers are products, ½ a root; any other e^(y·log x), right for x > 0 alone. */
const raised: Handler = (node) => {
  const { draft } = node;
  const x = operand(node, 0);
  const y = operand(node, 1);
  const known = constantIn(draft, y);
  const exponent = known?.data.length === 1 && sizeOf(known.shape) === 1 ? Number(known.data[0]) : undefined;
  if (valueAt(draft, x).dtype !== "float32") throw refuse(node, "its base is no float32", "Cast it first.");
  if (exponent === 0.5) return sqrt(draft, x);
  if (exponent !== undefined && Number.isInteger(exponent) && exponent >= 1 && exponent <= MAX_WHOLE_POWER) {
    return wholePower(draft, x, exponent);
  }
  return power(draft, x, cast(draft, y, "float32"));
};

const MAX_WHOLE_POWER = 64;

/** Leading axes as rows, those from `axis` on as one. */
function asRows(node: ForeignNode): { rows: ValueId; shape: readonly number[]; axis: number } {
  const x = operand(node, 0);
  const shape = shapeOf(node.draft, x);
  const axis = fromFront(intOf(node, "axis", -1), shape.length);
  return { rows: reshape(node.draft, x, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]), shape, axis };
}

const layerNormalization: Handler = (node) => {
  const { draft, inputs } = node;
  const { rows, shape, axis } = asRows(node);
  const epsilon = floatOf(node, "epsilon", 1e-5);
  const scaled = mul(draft, reshape(draft, standardize(draft, rows, epsilon), shape), operand(node, 1));
  const kept = shape.map((dim, i) => (i < axis ? dim : 1));
  const mean = rowMean(draft, rows);
  const centred = sub(draft, rows, mean);
  const inverse = inverseRoot(draft, rowMean(draft, mul(draft, centred, centred)), epsilon);
  return [
    inputs[2] === undefined ? scaled : add(draft, scaled, inputs[2]),
    reshape(draft, mean, kept),
    reshape(draft, inverse, kept),
  ];
};

const rmsNormalization: Handler = (node) => {
  const { rows, shape } = asRows(node);
  const y = rootMeanSquare(node.draft, rows, floatOf(node, "epsilon", 1e-5));
  return mul(node.draft, reshape(node.draft, y, shape), operand(node, 1));
};

/** Every channel is a group of its own; scale and bias per channel. */
const instanceNormalization: Handler = (node) => {
  const x = operand(node, 0);
  return groupNorm(node.draft, x, {
    groups: shapeOf(node.draft, x)[1] ?? 1,
    scale: operand(node, 1),
    bias: operand(node, 2),
    epsilon: floatOf(node, "epsilon", 1e-5),
  });
};

const groupNormalization: Handler = (node) => {
  const { draft } = node;
  const x = operand(node, 0);
  const channels = shapeOf(draft, x)[1] ?? 1;
  const groups = intOf(node, "num_groups", 1);
  // Until opset 21 scale and bias were per group.
  const perChannel = (id: ValueId): ValueId => {
    if (shapeOf(draft, id)[0] === channels) return id;
    const spread = emit(draft, "Expand", [reshape(draft, id, [groups, 1])], { shape: [groups, channels / groups] });
    return reshape(draft, spread, [channels]);
  };
  const [scale, bias] = [perChannel(operand(node, 1)), perChannel(operand(node, 2))];
  return groupNorm(draft, x, { groups, scale, bias, epsilon: floatOf(node, "epsilon", 1e-5) });
};

type Reduction = (draft: Draft, x: ValueId, axes: readonly number[]) => ValueId;

/** Axes from an attribute or operand; none named means all of them, or none where the node says so. */
const reduction =
  (f: Reduction): Handler =>
  (node) => {
    const x = operand(node, 0);
    const axes = axesFrom(node);
    if (node.inputs[1] === undefined && intOf(node, "noop_with_empty_axes", 0) === 1) return x;
    const kept = intOf(node, "keepdims", 1) === 1;
    const shape = shapeOf(node.draft, x);
    const result = kept
      ? shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
      : shape.filter((_, axis) => !axes.includes(axis));
    return reshape(node.draft, f(node.draft, x, axes), result);
  };

const absolute = (draft: Draft, x: ValueId): ValueId => emit(draft, "Abs", [x]);
const squared = (draft: Draft, x: ValueId): ValueId => mul(draft, x, x);

/** The largest over any axes, which are turned to the end. */
function largest(draft: Draft, x: ValueId, axes: readonly number[]): ValueId {
  const kept = shapeOf(draft, x)
    .map((_, axis) => axis)
    .filter((axis) => !axes.includes(axis));
  const trailing = axes.map((_, i) => kept.length + i);
  return emit(draft, "ReduceMax", [transpose(draft, x, [...kept, ...axes])], { axes: trailing, keepdims: 0 });
}

const logSumExp: Reduction = (draft, x, axes) => {
  const shape = shapeOf(draft, x).map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const top = largest(draft, x, axes);
  const rest = sumOver(draft, exp(draft, sub(draft, x, reshape(draft, top, shape))), axes);
  return add(draft, log(draft, rest), top);
};

/** Along any axis, by turning it to the front and what is left into columns. */
function inColumns(node: ForeignNode, ids: readonly ValueId[], f: (columns: readonly ValueId[]) => ValueId): ValueId {
  const { draft } = node;
  const axis = fromFront(intOf(node, "axis", 0), rankOf(node));
  const rank = rankOf(node);
  const perm = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  const turned = ids.map((id) => transpose(draft, id, perm));
  const rest = shapeOf(draft, turned[0]!).slice(1);
  for (const id of turned) {
    if (String(shapeOf(draft, id).slice(1)) !== String(rest)) {
      throw refuse(node, "indices that leave out elements of other axes", "Take all of the other axes.");
    }
  }
  const matrices = turned.map((id) => reshape(draft, id, [shapeOf(draft, id)[0]!, sizeOf(rest)]));
  const y = f(matrices);
  const back = reshape(draft, y, [shapeOf(draft, y)[0]!, ...rest]);
  return transpose(
    draft,
    back,
    perm.map((_, i) => perm.indexOf(i)),
  );
}

/** Which rows: constants counted from the end are counted from the front. */
function rowsNamed(node: ForeignNode, axis: number): ValueId {
  const indices = operand(node, 1);
  const held = constantIn(node.draft, indices);
  if (held === undefined || held.data.every((index) => index >= 0)) return indices;
  const count = shapeOf(node.draft, operand(node, 0))[axis]!;
  const data = allocate(held.dtype, held.data.length);
  for (const [i, index] of held.data.entries())
    data[i] = index >= 0 ? index : typeof index === "bigint" ? index + BigInt(count) : index + count;
  return constant(node.draft, { ...held, data });
}

const gatherElements: Handler = (node) => {
  const { draft } = node;
  const axis = fromFront(intOf(node, "axis", 0), rankOf(node));
  const indices = cast(draft, rowsNamed(node, axis), "int64");
  return inColumns(node, [operand(node, 0), indices], (columns) => emit(draft, "GatherElements", columns, { axis: 0 }));
};

const scatterElements: Handler = (node) => {
  const { draft } = node;
  const way = textOf(node, "reduction", "none");
  if (way !== "add") throw refuse(node, `reduction ${way}`, "Only adding has an order that does not matter.");
  const indices = cast(draft, operand(node, 1), "int64");
  return inColumns(node, [operand(node, 0), indices, operand(node, 2)], ([x, rows, updates]) =>
    scatterAdd(draft, x!, rows!, updates!),
  );
};

/** Rows along any axis, by turning it to the front. */
const gather: Handler = (node) => {
  const { draft } = node;
  const rank = rankOf(node);
  const axis = fromFront(intOf(node, "axis", 0), rank);
  const x = operand(node, 0);
  const indices = rowsNamed(node, axis);
  const perm = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  const rows = emit(draft, "Gather", [transpose(draft, x, perm), indices], { axis: 0 });
  const inner = shapeOf(draft, indices).length;
  const moved = Array.from({ length: inner }, (_, i) => i);
  // Indices' axes, then the others in order: back to where the axis was.
  const back = [
    ...Array.from({ length: axis }, (_, i) => inner + i),
    ...moved,
    ...Array.from({ length: rank - 1 - axis }, (_, i) => inner + axis + i),
  ];
  return transpose(draft, rows, back);
};

/** The lower or upper triangle of the last two axes, zeros elsewhere. */
const triangle: Handler = (node) => {
  const { draft } = node;
  const x = operand(node, 0);
  const shape = shapeOf(draft, x);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const shift = node.inputs[1] === undefined ? 0 : constantIn(draft, node.inputs[1])?.data[0];
  if (shift === undefined) throw refuse(node, "its k depends on data", "Export the model with a constant k.");
  const upper = intOf(node, "upper", 1) === 1;
  const kept = (row: number, column: number) => (upper ? column >= row + Number(shift) : column <= row + Number(shift));
  const data = Uint8Array.from({ length: rows * columns }, (_, i) =>
    Number(kept(Math.floor(i / columns), i % columns)),
  );
  const mask: Tensor = { dtype: "bool", shape: [rows, columns], data };
  const { dtype } = valueAt(draft, x);
  const none = dtype === "float32" ? number(draft, 0) : cast(draft, number(draft, 0), dtype);
  return where(draft, constant(draft, mask), x, none);
};

/** −Σ weight·log-probability of the labelled class, per row, in all, or per weight; ignored labels weigh nothing. */
function likelihoodLoss(node: ForeignNode, logProbabilities: ValueId): ValueId {
  const { draft } = node;
  const [batch, classes, ...rest] = shapeOf(draft, logProbabilities) as [number, number, ...number[]];
  const perm = [0, ...rest.map((_, i) => i + 2), 1];
  const rows = reshape(draft, transpose(draft, logProbabilities, perm), [batch * sizeOf(rest), classes]);
  const labels = reshape(draft, operand(node, 1), [batch * sizeOf(rest)]);
  const hot = oneHot(draft, labels, classes, intOf(node, "ignore_index", -1));
  const weight = node.inputs[2] === undefined ? hot : mul(draft, hot, node.inputs[2]);
  const losses = neg(draft, rowSum(draft, mul(draft, rows, weight)));
  switch (textOf(node, "reduction", "mean")) {
    case "none":
      return reshape(draft, losses, [batch, ...rest]);
    case "sum":
      return total(draft, losses);
    default:
      return div(draft, total(draft, losses), total(draft, weight));
  }
}

/** Scores turned into logarithms of probabilities along axis 1. */
const crossEntropyLoss: Handler = (node) => {
  const { draft } = node;
  const x = operand(node, 0);
  const axes = shapeOf(draft, x).map((_, axis) => axis);
  const [first, , ...rest] = axes as [number, number, ...number[]];
  const turned = logSoftmax(draft, transpose(draft, x, [first, ...rest, 1]));
  const logs = transpose(draft, turned, [0, axes.length - 1, ...rest.map((axis) => axis - 1)]);
  return [likelihoodLoss(node, logs), logs];
};

const average: Handler = (node) => {
  const { draft, inputs } = node;
  const sum = inputs.map((_, i) => operand(node, i)).reduce((a, b) => add(draft, a, b));
  return inputs.length === 1 ? sum : div(draft, sum, number(draft, inputs.length));
};

const SELU_ALPHA = 1.6732632423543772;
const SELU_GAMMA = 1.0507009873554805;

/** Functions and reductions that are compiled to primitives. */
export const functionHandlers: Readonly<Record<string, Handler>> = {
  Celu: unary((d, x, node) => {
    const alpha = floatOf(node, "alpha", 1);
    return exponentialLinear(d, x, alpha, alpha);
  }),
  Clip: (node) => clip(node.draft, operand(node, 0), node.inputs[1], node.inputs[2]),
  Elu: unary((d, x, node) => exponentialLinear(d, x, floatOf(node, "alpha", 1))),
  Gather: gather,
  GatherElements: gatherElements,
  Gelu: unary((d, x, node) => (textOf(node, "approximate", "none") === "tanh" ? geluTanh(d, x) : gelu(d, x))),
  GroupNormalization: groupNormalization,
  HardSigmoid: unary((d, x, node) => hardSigmoid(d, x, floatOf(node, "alpha", 0.2), floatOf(node, "beta", 0.5))),
  HardSwish: unary((d, x) => mul(d, x, hardSigmoid(d, x, 1 / 6, 0.5))),
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LeakyRelu: unary((d, x, node) => where(d, isNegative(d, x), timesScalar(d, x, floatOf(node, "alpha", 0.01)), x)),
  Mean: average,
  NegativeLogLikelihoodLoss: (node) => likelihoodLoss(node, operand(node, 0)),
  Mish: unary((d, x) => mul(d, x, tanh(d, softplus(d, x)))),
  Pow: raised,
  PRelu: (node) => {
    const x = operand(node, 0);
    return where(node.draft, isNegative(node.draft, x), mul(node.draft, x, operand(node, 1)), x);
  },
  ReduceL1: reduction((d, x, axes) => sumOver(d, absolute(d, x), axes)),
  ReduceL2: reduction((d, x, axes) => sqrt(d, sumOver(d, squared(d, x), axes))),
  ReduceLogSum: reduction((d, x, axes) => log(d, sumOver(d, x, axes))),
  ReduceLogSumExp: reduction(logSumExp),
  ReduceMin: reduction((d, x, axes) => neg(d, largest(d, neg(d, x), axes))),
  ReduceSumSquare: reduction((d, x, axes) => sumOver(d, squared(d, x), axes)),
  RMSNormalization: rmsNormalization,
  ScatterElements: scatterElements,
  Selu: unary((d, x, node) => {
    const curve = exponentialLinear(d, x, floatOf(node, "alpha", SELU_ALPHA));
    return timesScalar(d, curve, floatOf(node, "gamma", SELU_GAMMA));
  }),
  Sign: unary(sign),
  SoftmaxCrossEntropyLoss: crossEntropyLoss,
  Softplus: unary(softplus),
  Softsign: unary((d, x) => div(d, x, add(d, absolute(d, x), number(d, 1)))),
  Swish: unary((d, x, node) => mul(d, x, sigmoid(d, timesScalar(d, x, floatOf(node, "alpha", 1))))),
  ThresholdedRelu: unary((d, x, node) => where(d, less(d, number(d, floatOf(node, "alpha", 1)), x), x, number(d, 0))),
  Trilu: triangle,
  Xor: (node) => emit(node.draft, "Not", [equal(node.draft, operand(node, 0), operand(node, 1))]),
};
