import { TensorSizeError } from "./errors.ts";

/** Element types a tensor can hold, with their ONNX `TensorProto.DataType` code and size. */
export const dtypes = {
  float32: { code: 1, bytes: 4 },
  uint8: { code: 2, bytes: 1 },
  int32: { code: 6, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  bool: { code: 9, bytes: 1 },
} as const;

export type DType = keyof typeof dtypes;
export type Shape = readonly number[];

/** What a value is before anyone computed it. */
export type TensorType = { readonly dtype: DType; readonly shape: Shape };

/** Float64Array stands for float32 only inside gradient checks (`ops/arith.ts`), never in anything hashed. */
export type TensorData = Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array;

/** Row-major (ONNX order), little-endian: `bytesOf` is what is hashed, stored and sent. */
export type Tensor = TensorType & { readonly data: TensorData };

export const sizeOf = (shape: Shape): number => shape.reduce((product, dim) => product * dim, 1);

export const byteSizeOf = (type: TensorType): number => sizeOf(type.shape) * dtypes[type.dtype].bytes;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((dim, i) => dim === b[i]);

export const sameType = (a: TensorType, b: TensorType): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

/** The same bytes, be it in another shape. */
export const sameElements = (a: TensorType, b: TensorType): boolean =>
  a.dtype === b.dtype && sizeOf(a.shape) === sizeOf(b.shape);

export const describe = (type: TensorType): string => `${type.dtype}[${type.shape.join(",")}]`;

export function dtypeOfCode(code: number): DType | undefined {
  return (Object.keys(dtypes) as DType[]).find((name) => dtypes[name].code === code);
}

export function allocate(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "int32":
      return new Int32Array(length);
    case "int64":
      return new BigInt64Array(length);
    case "uint8":
    case "bool":
      return new Uint8Array(length);
  }
}

export const zeros = (type: TensorType): Tensor => ({ ...type, data: allocate(type.dtype, sizeOf(type.shape)) });

export const float32 = (shape: Shape, values: ArrayLike<number>): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

/** The tensor's bytes, sharing its memory (the host is little-endian: `runtime/host.ts` checks). */
export const bytesOf = (tensor: Tensor): Uint8Array =>
  new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);

/** A tensor over its own copy of `bytes`, so that it is aligned whatever `bytes` was a view of. */
export function fromBytes(type: TensorType, bytes: Uint8Array): Tensor {
  if (bytes.length !== byteSizeOf(type)) throw new TensorSizeError(describe(type), byteSizeOf(type), bytes.length);
  const tensor = zeros(type);
  bytesOf(tensor).set(bytes);
  return tensor;
}

/** A tensor over `bytes` themselves if they are aligned for it, else over a copy. Nobody may change them afterwards. */
export function viewOf(type: TensorType, bytes: Uint8Array): Tensor {
  const { buffer, byteOffset, length } = bytes;
  const size = sizeOf(type.shape);
  if (length !== byteSizeOf(type) || byteOffset % dtypes[type.dtype].bytes !== 0) return fromBytes(type, bytes);
  switch (type.dtype) {
    case "float32":
      return { ...type, data: new Float32Array(buffer, byteOffset, size) };
    case "int32":
      return { ...type, data: new Int32Array(buffer, byteOffset, size) };
    case "int64":
      return { ...type, data: new BigInt64Array(buffer, byteOffset, size) };
    case "uint8":
    case "bool":
      return { ...type, data: bytes };
  }
}
