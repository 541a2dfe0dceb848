import { composite, type Draft } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { add, div, mul, reshape, scalar, shapeOf, sqrt, sub } from "./build.ts";
import { sumOver, sumTo } from "./sums.ts";

/** All of shape [C]. */
export type Normalisation = {
  readonly scale: ValueId;
  readonly shift: ValueId;
  readonly mean: ValueId;
  readonly variance: ValueId;
};

/** One value per channel, broadcast over [N, C, …]. */
const perChannel = (draft: Draft, x: ValueId, values: ValueId): ValueId => {
  const shape = shapeOf(draft, x);
  return reshape(
    draft,
    values,
    shape.slice(1).map((dim, i) => (i === 0 ? dim : 1)),
  );
};

/** (x − mean)·(scale/√(variance + ε)) + shift, per channel of [N, C, …]. The statistics are given: they get no gradient. */
export const normalised = (draft: Draft, x: ValueId, of: Normalisation, epsilon: number): ValueId =>
  composite(draft, [x, of.scale, of.shift], () => {
    const spread = sqrt(draft, add(draft, of.variance, scalar(draft, epsilon)));
    const factor = perChannel(draft, x, div(draft, of.scale, spread));
    const centred = sub(draft, x, perChannel(draft, x, of.mean));
    const sums = (values: ValueId): ValueId => sumTo(draft, values, shapeOf(draft, factor));
    return {
      output: add(draft, mul(draft, centred, factor), perChannel(draft, x, of.shift)),
      vjp: (dy) => [
        mul(draft, dy, factor),
        div(draft, reshape(draft, sums(mul(draft, dy, centred)), shapeOf(draft, of.scale)), spread),
        reshape(draft, sums(dy), shapeOf(draft, of.shift)),
      ],
    };
  });

export type BatchNorm = {
  readonly y: ValueId;
  /** New running statistics: momentum·old + (1 − momentum)·batch. As in ONNX, the variance is that of the batch itself. */
  readonly mean: ValueId;
  readonly variance: ValueId;
};

/** Normalisation by the batch's own statistics, as primitives; `of` holds the running ones. */
export function batchNorm(
  draft: Draft,
  x: ValueId,
  of: Normalisation,
  { epsilon, momentum }: { readonly epsilon: number; readonly momentum: number },
): BatchNorm {
  const shape = shapeOf(draft, x);
  const axes = shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const count = sizeOf(shape) / shape[1]!;
  const meanOf = (values: ValueId) => mul(draft, sumOver(draft, values, axes), scalar(draft, 1 / count));
  const mean = meanOf(x);
  const centred = sub(draft, x, perChannel(draft, x, mean));
  const variance = meanOf(mul(draft, centred, centred));
  const factor = div(draft, of.scale, sqrt(draft, add(draft, variance, scalar(draft, epsilon))));
  const y = add(draft, mul(draft, centred, perChannel(draft, x, factor)), perChannel(draft, x, of.shift));
  const moved = (old: ValueId, batch: ValueId) =>
    add(draft, mul(draft, old, scalar(draft, momentum)), mul(draft, batch, scalar(draft, 1 - momentum)));
  return { y, mean: moved(of.mean, mean), variance: moved(of.variance, variance) };
}
