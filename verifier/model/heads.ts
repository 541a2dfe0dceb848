import { binaryCrossEntropy, maskedCrossEntropy, meanSquaredError, softmaxCrossEntropy } from "../autodiff/loss.ts";
import { type Draft, emit } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import { cast, equal, greater, reshape, scalar, shapeOf } from "../ops/build.ts";
import { rowSum } from "../ops/sums.ts";
import { type DType, sameShape, sizeOf } from "../tensor/tensor.ts";
import { TargetError } from "./errors.ts";

/** What a network is trained to make small: the mean over all rows (and positions) of its error against the target. */
export type LossSpec =
  /** Cross-entropy of the classes on the last axis; labels `ignored` count for nothing. */
  | { readonly kind: "ce"; readonly ignored?: number }
  /** Mean squared error. */
  | { readonly kind: "mse" }
  /** Binary cross-entropy of each element on its own, against targets in [0, 1]. */
  | { readonly kind: "bce" };

/** What is put behind a network's output: the loss, and which rows it gets right. */
export type Head = {
  /** The activation that the loss contains: of a network that ends in it, what stands before it is scored. */
  readonly holds: "Softmax" | "Sigmoid" | null;
  readonly loss: (draft: Draft, output: ValueId, target: ValueId) => ValueId;
  /** 1 where the output is right, else 0, float32: one per label (`ce`) or per row (`bce`); nothing is right or wrong in `mse`. */
  readonly hits: ((draft: Draft, output: ValueId, target: ValueId) => ValueId) | null;
};

export function headOf(loss: LossSpec): Head {
  switch (loss.kind) {
    case "ce":
      return crossEntropyHead(loss.ignored);
    case "mse":
      return { holds: null, loss: (draft, y, t) => meanSquaredError(draft, y, likeOutput(draft, y, t)), hits: null };
    case "bce":
      return {
        holds: "Sigmoid",
        loss: (draft, y, t) => binaryCrossEntropy(draft, y, likeOutput(draft, y, t)),
        hits: rowsAllRight,
      };
  }
}

const crossEntropyHead = (ignored: number | undefined): Head => ({
  holds: "Softmax",
  loss: (draft, y, target) => {
    const { scores, labels } = labelled(draft, y, target);
    return ignored === undefined
      ? softmaxCrossEntropy(draft, scores, labels)
      : maskedCrossEntropy(draft, scores, labels, ignored);
  },
  hits: (draft, y, target) => {
    const { scores, labels } = labelled(draft, y, target);
    const best = emit(draft, "ArgMax", [scores], { axis: 1, keepdims: 0 });
    return cast(draft, equal(draft, best, cast(draft, labels, "int64")), "float32");
  },
});

const INTEGERS: readonly DType[] = ["uint8", "int32", "int64"];

/** Scores [labels, classes] and labels [labels], from an output […, classes] and a target […]. */
function labelled(draft: Draft, output: ValueId, target: ValueId): { scores: ValueId; labels: ValueId } {
  const [scored, given] = [valueAt(draft, output), valueAt(draft, target)];
  const [places, classes = 0] = [scored.shape.slice(0, -1), scored.shape.at(-1)];
  if (places.length === 0 || classes < 2)
    throw new TargetError("an output of shape […, classes] for ce, of 2 classes or more", scored);
  if (!INTEGERS.includes(given.dtype) || !sameShape(given.shape, places))
    throw new TargetError(`whole numbers of shape [${places}] as labels of an output of [${scored.shape}]`, given);
  const rows = sizeOf(places);
  return { scores: reshape(draft, output, [rows, classes]), labels: reshape(draft, target, [rows]) };
}

/** The target as float32 in the output's shape: [rows] stands for [rows, 1]. */
function likeOutput(draft: Draft, output: ValueId, target: ValueId): ValueId {
  const [wanted, given] = [shapeOf(draft, output), valueAt(draft, target)];
  const bare = (shape: readonly number[]) => (shape.length === 2 && shape[1] === 1 ? shape.slice(0, 1) : shape);
  if (!sameShape(bare(given.shape), bare(wanted)))
    throw new TargetError(`numbers of shape [${wanted}], as the output's`, given);
  return reshape(draft, cast(draft, target, "float32"), wanted);
}

/** A row is right if each of its scores is on its target's side. */
function rowsAllRight(draft: Draft, output: ValueId, target: ValueId): ValueId {
  const aim = likeOutput(draft, output, target);
  const side = (x: ValueId, border: number) => cast(draft, greater(draft, x, scalar(draft, border)), "int64");
  const right = cast(draft, equal(draft, side(output, 0), side(aim, 0.5)), "float32");
  const [rows = 1, ...rest] = shapeOf(draft, output);
  const width = sizeOf(rest);
  const found = rowSum(draft, reshape(draft, right, [rows, width]));
  return width === 1 ? found : cast(draft, greater(draft, found, scalar(draft, width - 0.5)), "float32");
}
