import { createKeccak } from "hash-wasm";
import type { Hex } from "viem";
import type { Mask } from "./masks.ts";

const keccak = await createKeccak(256);

/** Which dataset rows a step reads (P4.4), and the masks behind them (P4.6). */
export type RowOrder = {
  readonly sequential: boolean;
  readonly seed: Hex;
  readonly datasetRows: number;
  readonly batchRows: number;
  readonly masks: readonly Mask[];
};

/** Dataset rows of step `step`, in batch order. Sequential: tB + j. Random: ⌊w·N/2³²⌋ with the words of
 * keccak(abi(seed, t, ⌊j/8⌋)). */
export function rowsOfStep(order: Omit<RowOrder, "masks">, step: number): number[] {
  const { batchRows, datasetRows } = order;
  if (order.sequential) return Array.from({ length: batchRows }, (_, j) => step * batchRows + j);
  const preimage = new Uint8Array(96);
  preimage.set(Buffer.from(order.seed.slice(2), "hex"));
  const view = new DataView(preimage.buffer);
  view.setBigUint64(56, BigInt(step));
  const rows: number[] = [];
  for (let group = 0; 8 * group < batchRows; group++) {
    view.setBigUint64(88, BigInt(group));
    const words = keccak.init().update(preimage).digest("binary");
    const wordView = new DataView(words.buffer, words.byteOffset);
    for (let j = 8 * group; j < Math.min(8 * group + 8, batchRows); j++)
      rows.push(scaled(wordView.getUint32(4 * (j % 8)), datasetRows));
  }
  return rows;
}

/** ⌊word·rows/2³²⌋, exact: the product of a 32-bit word and fewer than 2²¹ rows is exact in a double. */
function scaled(word: number, rows: number): number {
  if (rows < 2 ** 21) return Math.floor((word * rows) / 2 ** 32);
  return Number((BigInt(word) * BigInt(rows)) >> 32n);
}
