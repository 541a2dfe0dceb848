import { composite, constant, type Draft } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import { cast, div, equal, log, mul, reshape, scalar, shapeOf, sub } from "../ops/build.ts";
import { shifted } from "../ops/softmax.ts";
import { total } from "../ops/sums.ts";
import { describe } from "../tensor/tensor.ts";
import { GradientError } from "./errors.ts";

/** 1 where the label names the column, else 0: [N, C] float32 from integer labels [N]. */
export function oneHot(draft: Draft, labels: ValueId, classes: number): ValueId {
  const type = valueAt(draft, labels);
  if (type.shape.length !== 1 || !["uint8", "int32", "int64"].includes(type.dtype)) {
    throw new GradientError("integer labels of rank 1", describe(type));
  }
  // int32 holds every class index, and unlike uint8 it can be compared by the runtime.
  const columns = constant(draft, {
    dtype: "int32",
    shape: [1, classes],
    data: Int32Array.from({ length: classes }, (_, i) => i),
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

/** Mean of (prediction − target)² over all elements. */
export function meanSquaredError(draft: Draft, prediction: ValueId, target: ValueId): ValueId {
  const error = sub(draft, prediction, target);
  const count = shapeOf(draft, error).reduce((product, dim) => product * dim, 1);
  return mul(draft, total(draft, mul(draft, error, error)), scalar(draft, 1 / count));
}
