import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { reshape, shapeOf, transpose } from "./build.ts";
import { inPieces } from "./pieces.ts";
import { tapsOf } from "./spatial.ts";
import { stackedProduct } from "./stacked-product.ts";
import { leadingSum, sumTo } from "./sums.ts";
import type { Window } from "./window.ts";

/**
 * Gradient of the filters of a convolution: dW[f,c,i,j] = Σ image[n, c, p·s + i·d − pad, …]·positions[n,f,p,q], with the image
 * of group g for its filters. One product per image and group of the unrolled windows [kh·kw·C/g, P·Q] with the positions
 * [P·Q, F/g], then the sum over the images: faster than a convolution with a kernel as large as the image, and no long sums.
 */
export function filterGradient(
  draft: Draft,
  { image, positions, window, group }: { image: ValueId; positions: ValueId; window: Window; group: number },
): ValueId {
  const [images, filters, ...spots] = shapeOf(draft, positions) as [number, number, number, number];
  const [own, perGroup] = [shapeOf(draft, image)[1]! / group, filters / group];
  const [taps, count] = [sizeOf(window.kernel), sizeOf(spots)];
  const views = tapsOf(draft, image, window, spots).map((tap) => reshape(draft, tap, [images, group, own, count]));
  const unrolled = taps === 1 ? views[0]! : emit(draft, "Concat", views, { axis: 2 });
  const turned = transpose(draft, reshape(draft, positions, [images, group, perGroup, count]), [0, 1, 3, 2]);
  const products = inPieces(
    draft,
    [
      { id: unrolled, axis: 3 },
      { id: turned, axis: 2 },
    ],
    ([a, b]) => stackedProduct(draft, a!, b!),
  );
  const sum = reshape(draft, leadingSum(draft, products, 1), [group, ...window.kernel, own, perGroup]);
  return reshape(draft, transpose(draft, sum, [0, 4, 3, 1, 2]), [filters, own, ...window.kernel]);
}

/** Gradient of one bias per channel: the sum over images and positions. */
export function biasGradient(draft: Draft, dy: ValueId): ValueId {
  const channels = shapeOf(draft, dy)[1]!;
  return reshape(draft, sumTo(draft, dy, [channels, 1, 1]), [channels]);
}
