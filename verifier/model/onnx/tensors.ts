import type * as onnx from "onnx-buf";
import type { Draft } from "../../graph/draft.ts";
import { type ValueId, valueAt } from "../../graph/graph.ts";
import { allocate, type DType, dtypeOfCode, fromBytes, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { ModelFileError } from "../errors.ts";

/** Bytes of a file beside the model, by the location the model names. */
export type ExternalData = (location: string) => Uint8Array | undefined;

const DOUBLE = 11;
const EXTERNAL = 1;

/** A tensor of a foreign model, wherever it keeps its data. Doubles become float32: there is one float type here. */
export function tensorOf(proto: onnx.TensorProto, external: ExternalData): Tensor {
  const shape = proto.dims.map(Number);
  if (proto.dataType === DOUBLE) {
    const values = proto.doubleData.length > 0 ? proto.doubleData : doubles(proto.rawData);
    return { dtype: "float32", shape, data: Float32Array.from(values) };
  }
  const dtype = dtypeOfCode(proto.dataType);
  if (dtype === undefined) throw new ModelFileError(proto.name, "a known element type", String(proto.dataType));
  const type = { dtype, shape };
  if (proto.dataLocation === EXTERNAL) return fromBytes(type, externalBytes(proto, external));
  if (proto.rawData.length > 0 || sizeOf(shape) === 0) return fromBytes(type, proto.rawData);
  return { ...type, data: typedValues(proto, dtype) };
}

function typedValues(proto: onnx.TensorProto, dtype: DType): Tensor["data"] {
  const values: readonly (number | bigint)[] =
    dtype === "float32" ? proto.floatData : dtype === "int64" ? proto.int64Data : proto.int32Data;
  const length = sizeOf(proto.dims.map(Number));
  if (values.length !== length) throw new ModelFileError(proto.name, `${length} elements`, String(values.length));
  const data = allocate(dtype, length);
  for (const [i, value] of values.entries()) data[i] = value;
  return data;
}

function externalBytes(proto: onnx.TensorProto, external: ExternalData): Uint8Array {
  const entry = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entry.get("location") ?? "";
  const file = external(location);
  if (file === undefined) throw new ModelFileError(proto.name, `the file ${location} beside the model`, "none");
  const offset = Number(entry.get("offset") ?? 0);
  const length = Number(entry.get("length") ?? file.length - offset);
  return file.subarray(offset, offset + length);
}

function doubles(bytes: Uint8Array): Float64Array {
  const copy = bytes.slice();
  return new Float64Array(copy.buffer, 0, Math.floor(copy.length / 8));
}

/** The content of a value that is a constant of the draft. */
export function constantIn(draft: Draft, id: ValueId): Tensor | undefined {
  const known = draft.constants.find(({ value }) => value === id);
  return known === undefined ? undefined : fromBytes(valueAt(draft, id), known.bytes);
}
