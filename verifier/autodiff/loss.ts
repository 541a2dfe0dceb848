import { composite, constant, type Draft, emit } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import {
  add,
  cast,
  div,
  equal,
  exp,
  greater,
  log,
  mul,
  neg,
  relu,
  reshape,
  scalar,
  shapeOf,
  sub,
  where,
} from "../ops/build.ts";
import { shifted } from "../ops/softmax.ts";
import { rowSum, total } from "../ops/sums.ts";
import { describe } from "../tensor/tensor.ts";
import { GradientError } from "./errors.ts";

/** No integer label: uint8 ends at 255, −100 and −1 are what frameworks ignore. */
const NO_LABEL = -(2 ** 31);

/** 1 where the label names the column, else 0: [N, C] float32 from integer labels [N]. The column `ignored` is never named. */
export function oneHot(draft: Draft, labels: ValueId, classes: number, ignored?: number): ValueId {
  const type = valueAt(draft, labels);
  if (type.shape.length !== 1 || !["uint8", "int32", "int64"].includes(type.dtype)) {
    throw new GradientError("integer labels of rank 1", describe(type));
  }
  // int32 holds every class index, and unlike uint8 it can be compared by the runtime.
  const columns = constant(draft, {
    dtype: "int32",
    shape: [1, classes],
    data: Int32Array.from({ length: classes }, (_, i) => (i === ignored ? NO_LABEL : i)),
  });
  const rows = reshape(draft, cast(draft, labels, "int32"), [type.shape[0]!, 1]);
  return cast(draft, equal(draft, rows, columns), "float32");
}

/** Mean cross-entropy of softmax(logits [N, C]) against integer labels [N]. */
export const softmaxCrossEntropy = (draft: Draft, logits: ValueId, labels: ValueId): ValueId =>
  composite(draft, [logits], () => {
    const [rows, classes] = shapeOf(draft, logits) as [number, number];
    const hot = oneHot(draft, labels, classes);
    const { z, e, sums } = shifted(draft, logits);
    const logProbabilities = sub(draft, z, log(draft, sums));
    const loss = mul(draft, total(draft, mul(draft, logProbabilities, hot)), scalar(draft, -1 / rows));
    return {
      output: loss,
      // (softmax − onehot)/N: Log stays out of the gradient, so the state stays exact
      vjp: (dy) => [mul(draft, sub(draft, div(draft, e, sums), hot), mul(draft, dy, scalar(draft, 1 / rows)))],
    };
  });

/**
 * Mean cross-entropy over the rows whose label is a class and not `ignored`; 0 if there is none. Labels beyond the classes
 * (a uint8 255, an int −100) are ignored as well.
 */
export const maskedCrossEntropy = (draft: Draft, logits: ValueId, labels: ValueId, ignored?: number): ValueId =>
  composite(draft, [logits], () => {
    const [, classes] = shapeOf(draft, logits) as [number, number];
    const hot = oneHot(draft, labels, classes, ignored);
    const { z, e, sums } = shifted(draft, logits);
    const logProbabilities = sub(draft, z, log(draft, sums));
    const one = scalar(draft, 1);
    const found = total(draft, hot);
    const count = where(draft, greater(draft, found, one), found, one);
    return {
      output: neg(draft, div(draft, total(draft, mul(draft, logProbabilities, hot)), count)),
      // (softmax·counted − onehot)/count
      vjp: (dy) => {
        const probabilities = mul(draft, div(draft, e, sums), rowSum(draft, hot));
        return [mul(draft, sub(draft, probabilities, hot), div(draft, dy, count))];
      },
    };
  });

/** Mean of (prediction − target)² over all elements. */
export function meanSquaredError(draft: Draft, prediction: ValueId, target: ValueId): ValueId {
  const error = sub(draft, prediction, target);
  const count = shapeOf(draft, error).reduce((product, dim) => product * dim, 1);
  return mul(draft, total(draft, mul(draft, error, error)), scalar(draft, 1 / count));
}

/** Mean binary cross-entropy of sigmoid(logits) against targets in [0, 1] of the same shape, which get no gradient. */
export const binaryCrossEntropy = (draft: Draft, logits: ValueId, targets: ValueId): ValueId =>
  composite(draft, [logits], () => {
    const count = shapeOf(draft, logits).reduce((product, dim) => product * dim, 1);
    const mean = scalar(draft, 1 / count);
    // max(x, 0) − x·t + log(1 + e^−|x|) overflows nowhere
    const small = exp(draft, neg(draft, emit(draft, "Abs", [logits])));
    const rest = log(draft, add(draft, small, scalar(draft, 1)));
    const terms = add(draft, sub(draft, relu(draft, logits), mul(draft, logits, targets)), rest);
    return {
      output: mul(draft, total(draft, terms), mean),
      // (sigmoid − t)/n: Log stays out of the gradient, so the state stays exact
      vjp: (dy) => [mul(draft, sub(draft, emit(draft, "Sigmoid", [logits]), targets), mul(draft, dy, mean))],
    };
  });
