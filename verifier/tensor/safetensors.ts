import { z } from "zod";
import { AnhError } from "../../common/errors.ts";
import { byteSizeOf, bytesOf, type DType, fromBytes, type Tensor } from "./tensor.ts";

// The safetensors format (github.com/huggingface/safetensors): the header's length as a little-endian uint64, the header as
// JSON padded with spaces to 8 bytes, the tensors' bytes (row-major, little-endian) one after the other without a hole.

export class SafetensorsError extends AnhError {
  constructor(what: string, expected: string, actual: string | number) {
    super("safetensors", `${what}: expected ${expected}, got ${actual}`, { expected, actual });
  }
}

export type NamedTensors = ReadonlyMap<string, Tensor>;

/** In the format's own order, which decides where a tensor lies: the widest first. */
const DTYPES: readonly (readonly [string, DType])[] = [
  ["I64", "int64"],
  ["F32", "float32"],
  ["I32", "int32"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
];
const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** As the reference implementation: no header of a stranger's file takes more memory. */
const MAX_HEADER_BYTES = 100_000_000;

const rankOf = ({ dtype }: Tensor): number => DTYPES.findIndex(([, own]) => own === dtype);
const compareNames = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The file, piece by piece: equal tensors give equal bytes, the reference implementation's. */
export function toSafetensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): readonly Uint8Array[] {
  if (tensors.has(METADATA)) throw new SafetensorsError("a tensor's name", "another", METADATA);
  const sorted = [...tensors].sort(([a, left], [b, right]) => rankOf(left) - rankOf(right) || compareNames(a, b));
  let end = 0;
  const entries = sorted.map(([name, tensor]) => {
    const start = end;
    end += byteSizeOf(tensor);
    return [name, { dtype: DTYPES[rankOf(tensor)]![0], shape: tensor.shape, data_offsets: [start, end] }] as const;
  });
  const hasMetadata = Object.keys(metadata).length > 0;
  // Written entry by entry: an object would put names that are numbers first.
  const parts = [...(hasMetadata ? [[METADATA, metadata] as const] : []), ...entries].map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  const json = Buffer.from(`{${parts.join(",")}}`);
  const padded = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const head = Buffer.alloc(LENGTH_BYTES + padded, " ");
  head.writeBigUInt64LE(BigInt(padded));
  json.copy(head, LENGTH_BYTES);
  return [head, ...sorted.map(([, tensor]) => bytesOf(tensor))];
}

const entry = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const strings = z.record(z.string(), z.string());

/** The tensors of a file in the order of their bytes. Throws `SafetensorsError`, naming the tensor. */
export function fromSafetensors(file: Uint8Array): {
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
} {
  const header = readHeader(file);
  const data = file.subarray(LENGTH_BYTES + header.bytes);
  const { [METADATA]: rawMetadata, ...raw } = header.json;
  const metadata = strings.safeParse(rawMetadata ?? {});
  if (!metadata.success) throw new SafetensorsError(METADATA, "strings by name", JSON.stringify(rawMetadata));
  const entries = Object.entries(raw)
    .map(([name, value]) => {
      const parsed = entry.safeParse(value);
      if (!parsed.success)
        throw new SafetensorsError(name, "dtype, shape and data_offsets", JSON.stringify(value) ?? "nothing");
      return { name, ...parsed.data };
    })
    .sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  const tensors = new Map<string, Tensor>();
  let at = 0;
  for (const { name, dtype: spelled, shape, data_offsets } of entries) {
    const dtype = DTYPES.find(([known]) => known === spelled)?.[1];
    if (dtype === undefined)
      throw new SafetensorsError(name, `one of ${DTYPES.map(([known]) => known).join(", ")}`, spelled);
    const [start, end] = data_offsets;
    // No hole, no overlap: with two of a name, or bytes that two tensors share, the file would say two things.
    if (start !== at) throw new SafetensorsError(name, `its bytes from ${at} on`, start);
    if (end - start !== byteSizeOf({ dtype, shape }))
      throw new SafetensorsError(name, `${byteSizeOf({ dtype, shape })} bytes`, end - start);
    if (end > data.length) throw new SafetensorsError(name, `${end} bytes of data`, data.length);
    tensors.set(name, fromBytes({ dtype, shape }, data.subarray(start, end)));
    at = end;
  }
  if (at !== data.length) throw new SafetensorsError("the file's end", `${at} bytes of data`, data.length);
  return { tensors, metadata: metadata.data };
}

function readHeader(file: Uint8Array): { readonly bytes: number; readonly json: Record<string, unknown> } {
  const view = Buffer.from(file.buffer, file.byteOffset, file.length);
  if (file.length < LENGTH_BYTES) throw new SafetensorsError("the file", "a header", `${file.length} bytes`);
  const bytes = Number(view.readBigUInt64LE());
  // A text's first letters are a length as well: nobody would know a CSV file by that number.
  if (bytes > MAX_HEADER_BYTES)
    throw new SafetensorsError(
      "the file",
      `safetensors, which begins with its header's length, at most ${MAX_HEADER_BYTES} bytes`,
      JSON.stringify(view.toString("latin1", 0, 2 * LENGTH_BYTES)),
    );
  if (LENGTH_BYTES + bytes > file.length)
    throw new SafetensorsError("the header", `${bytes} bytes`, file.length - LENGTH_BYTES);
  const text = view.toString("utf8", LENGTH_BYTES, LENGTH_BYTES + bytes);
  if (!text.startsWith("{")) throw new SafetensorsError("the header", "a JSON object", text.slice(0, 20));
  try {
    return { bytes, json: JSON.parse(text) };
  } catch {
    throw new SafetensorsError("the header", "a JSON object", text.slice(0, 20));
  }
}
