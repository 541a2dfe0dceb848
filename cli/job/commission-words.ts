import { type Hex, isAddress, parseEther, zeroAddress } from "viem";
import { AnhError } from "../../common/errors.ts";
import type { CommissionSpec } from "../../verifier/model/commission.ts";
import { describe, sameShape } from "../../verifier/tensor/tensor.ts";
import { wholeNumber } from "../whole-number.ts";
import { type NamedDataset, readTensors } from "./dataset-file.ts";

/** What makes a commission of a job: weights with a property instead of a training (docs/protocol.md P13). */
export interface CommissionOptions {
  readonly heldOut?: string;
  readonly samples?: string;
  readonly minCorrect?: string;
  readonly priceEth?: string;
  readonly deliverer?: string;
}

export type Commissioned = Pick<CommissionSpec, "property"> & {
  readonly heldOut: NamedDataset;
  /** Nobody sees the held-out rows before the one who delivers has delivered: they are not uploaded now (P13.8). */
  readonly isHidden: boolean;
};

/** Undefined where no rows are held out: a training. The rows have what the dataset's have, column by column. */
export function commissionFrom(options: CommissionOptions, known: NamedDataset): Commissioned | undefined {
  const { heldOut, samples, minCorrect, priceEth, deliverer } = options;
  const others = { samples, "min-correct": minCorrect, "price-eth": priceEth };
  if (heldOut === undefined) {
    const [odd] = Object.entries({ ...others, deliverer }).find(([, words]) => words !== undefined) ?? [];
    if (odd === undefined) return undefined;
    throw new AnhError("usage", `--${odd} without --held-out`, {
      expected: "--held-out with the rows that the weights are measured on, or a training without any of these",
      actual: `--${odd}`,
    });
  }
  const [missing] = Object.entries(others).find(([, words]) => words === undefined) ?? [];
  if (missing !== undefined)
    throw new AnhError("usage", `--held-out without --${missing}`, {
      expected: "--samples, --min-correct and --price-eth: of how many drawn rows how many must be right, and what for",
      actual: "--held-out alone",
    });
  return {
    property: {
      samples: wholeNumber("samples", samples!),
      minCorrect: wholeNumber("min-correct", minCorrect!),
      priceWei: weiFrom(priceEth!),
      deliverer: delivererFrom(deliverer),
    },
    heldOut: heldOutLike(heldOut, known),
    isHidden: deliverer !== undefined,
  };
}

function heldOutLike(file: string, { columns }: NamedDataset): NamedDataset {
  const found = readTensors(
    file,
    columns.map(({ name }) => name),
  );
  for (const [i, { name, type }] of found.columns.entries()) {
    const { dtype, shape } = columns[i]!.type;
    if (type.dtype === dtype && sameShape(type.shape.slice(1), shape.slice(1))) continue;
    throw new AnhError("dataset", `${file}: ${name} is ${describe(type)}`, {
      expected: `rows as the dataset's, ${describe({ dtype, shape })}`,
      actual: describe(type),
    });
  }
  return found;
}

function weiFrom(words: string): bigint {
  if (!/^\d{1,18}(\.\d{1,18})?$/.test(words))
    throw new AnhError("usage", `--price-eth is "${words}"`, { expected: "ether, e.g. 0.05", actual: words });
  return parseEther(words);
}

function delivererFrom(words: string | undefined): Hex {
  if (words === undefined) return zeroAddress;
  if (isAddress(words, { strict: false }) && words !== zeroAddress) return words;
  throw new AnhError("usage", `--deliverer is "${words}"`, {
    expected: "the L1 address of the one executor that may deliver",
    actual: words,
    hint: "Leave it out, and anybody may: then the held-out rows are uploaded at once.",
  });
}
