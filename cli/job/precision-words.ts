import { AnhError } from "../../common/errors.ts";
import { PRECISIONS, type Precision } from "../../verifier/model/precision.ts";

/** What lets gradients of usual size keep off the smallest numbers of fp16, and far from its largest. */
const FP16_LOSS_SCALE = 1024;
const MAX_LOSS_SCALE = 2 ** 24;

export function precisionFrom(words: string): Precision {
  const found = PRECISIONS.find((name) => name === words);
  if (found === undefined)
    throw new AnhError("usage", `--precision is "${words}"`, { expected: PRECISIONS.join(", "), actual: words });
  return found;
}

/** A power of two, so that scaling rounds nothing. */
export function lossScaleFrom(words: string | undefined, precision: Precision): number {
  if (words === undefined) return precision === "fp16" ? FP16_LOSS_SCALE : 1;
  const value = /^\d{1,8}$/.test(words) ? Number(words) : 0;
  if (value < 1 || value > MAX_LOSS_SCALE || (value & (value - 1)) !== 0)
    throw new AnhError("usage", `--loss-scale is "${words}"`, {
      expected: `a power of two up to ${MAX_LOSS_SCALE}`,
      actual: words,
    });
  return value;
}
