import { composite, type Draft } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { add, div, mul, reshape, scalar, shapeOf, sqrt, sub } from "./build.ts";
import { ShapeError } from "./errors.ts";
import { rowSum } from "./sums.ts";

// Normalisations as primitives. A row is the last axis.

export const rowMean = (draft: Draft, x: ValueId): ValueId =>
  mul(draft, rowSum(draft, x), scalar(draft, 1 / (shapeOf(draft, x).at(-1) ?? 1)));

/** 1/√(variance + ε) */
export const inverseRoot = (draft: Draft, variance: ValueId, epsilon: number): ValueId =>
  div(draft, scalar(draft, 1), sqrt(draft, add(draft, variance, scalar(draft, epsilon))));

/** (x − mean)/√(variance + ε) of every row. */
export const standardize = (draft: Draft, x: ValueId, epsilon: number): ValueId =>
  composite(draft, [x], () => {
    const centred = sub(draft, x, rowMean(draft, x));
    const r = inverseRoot(draft, rowMean(draft, mul(draft, centred, centred)), epsilon);
    const y = mul(draft, centred, r);
    return {
      output: y,
      // dx = r·(dy − mean(dy) − y·mean(dy·y))
      vjp: (dy) => {
        const along = mul(draft, y, rowMean(draft, mul(draft, dy, y)));
        return [mul(draft, sub(draft, sub(draft, dy, rowMean(draft, dy)), along), r)];
      },
    };
  });

/** x/√(mean(x²) + ε) of every row. */
export const rootMeanSquare = (draft: Draft, x: ValueId, epsilon: number): ValueId =>
  composite(draft, [x], () => {
    const r = inverseRoot(draft, rowMean(draft, mul(draft, x, x)), epsilon);
    const y = mul(draft, x, r);
    return {
      output: y,
      // dx = r·(dy − y·mean(dy·y))
      vjp: (dy) => [mul(draft, sub(draft, dy, mul(draft, y, rowMean(draft, mul(draft, dy, y)))), r)],
    };
  });

/** Standardized rows times `scale`, plus `bias`, both as long as a row. */
export function layerNorm(
  draft: Draft,
  x: ValueId,
  scale: ValueId,
  bias: ValueId | undefined,
  epsilon = 1e-5,
): ValueId {
  const scaled = mul(draft, standardize(draft, x, epsilon), scale);
  return bias === undefined ? scaled : add(draft, scaled, bias);
}

export const rmsNorm = (draft: Draft, x: ValueId, scale: ValueId, epsilon = 1e-5): ValueId =>
  mul(draft, rootMeanSquare(draft, x, epsilon), scale);

/** [N, C, …]: each of `groups` equal parts of the channels standardized as one row; scale and bias [C]. */
export function groupNorm(
  draft: Draft,
  x: ValueId,
  { groups, scale, bias, epsilon = 1e-5 }: { groups: number; scale: ValueId; bias: ValueId; epsilon?: number },
): ValueId {
  const shape = shapeOf(draft, x);
  const [batch, channels, ...rest] = shape;
  if (batch === undefined || channels === undefined || groups < 1 || channels % groups !== 0) {
    throw new ShapeError(`channels that ${groups} groups divide`, `[${shape}]`);
  }
  const rows = reshape(draft, x, [batch * groups, (channels / groups) * sizeOf(rest)]);
  const y = reshape(draft, standardize(draft, rows, epsilon), shape);
  const perChannel = (id: ValueId) => reshape(draft, id, [channels, ...rest.map(() => 1)]);
  return add(draft, mul(draft, y, perChannel(scale)), perChannel(bias));
}
