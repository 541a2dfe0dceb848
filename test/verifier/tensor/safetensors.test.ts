import { describe, expect, it } from "vitest";
import { fromSafetensors, SafetensorsError, toSafetensors } from "../../../verifier/tensor/safetensors.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { seededRandom } from "../../support/random.ts";

const file = (tensors: ReadonlyMap<string, Tensor>, metadata?: Record<string, string>): Buffer =>
  Buffer.concat(toSafetensors(tensors, metadata));

/** A file with this header and data, whatever they say. */
const raw = (header: string | object, data = 0, length?: bigint): Buffer => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([head, text, Buffer.alloc(data)]);
};

const int32 = (shape: number[], start: number, end: number) => ({ dtype: "I32", shape, data_offsets: [start, end] });

describe("a malformed file", () => {
  it.each([
    ["is empty", Buffer.alloc(0)],
    ["ends within the length", Buffer.alloc(7)],
    ["ends within the header", raw("{}", 0, 3n)],
    ["has a header of 2⁶³ bytes", raw("{}", 0, 2n ** 63n)],
    ["has a header that is no object", raw("[]")],
    ["has a header that is no JSON", raw("{")],
    ["starts its header with a space", raw(" {}")],
    ["has metadata that are no strings", raw({ __metadata__: { a: 1 } })],
    ["leaves out the shape", raw({ a: { dtype: "I32", data_offsets: [0, 4] } }, 4)],
    ["has a negative dimension", raw({ a: int32([-1], 0, 4) }, 4)],
    ["has a shape that is no whole number", raw({ a: int32([0.5], 0, 2) }, 2)],
    ["has too few bytes for a shape", raw({ a: int32([2], 0, 4) }, 4)],
    ["has a shape beyond what a number holds", raw({ a: int32([2 ** 40, 2 ** 40], 0, 4) }, 4)],
    ["has offsets beyond its end", raw({ a: int32([1], 0, 4) }, 3)],
    ["has offsets the wrong way round", raw({ a: int32([1], 4, 0) }, 4)],
    ["has a hole before a tensor", raw({ a: int32([1], 4, 8) }, 8)],
    ["has bytes that two tensors share", raw({ a: int32([1], 0, 4), b: int32([1], 0, 4) }, 4)],
    ["has bytes left over", raw({ a: int32([1], 0, 4) }, 5)],
    ["has a type that is not held here", raw({ a: { dtype: "BF16", shape: [2], data_offsets: [0, 4] } }, 4)],
  ])("that %s is refused by name", (_, bytes) => {
    expect(() => fromSafetensors(bytes)).toThrow(SafetensorsError);
  });

  it("of random bytes never gives anything but that error", () => {
    const random = seededRandom(5);
    const good = file(new Map([["a", { dtype: "int32", shape: [2], data: Int32Array.of(1, 2) }]]));
    for (let i = 0; i < 2000; i++) {
      const bad = Buffer.from(good);
      bad[random.below(bad.length)] = random.below(256);
      try {
        fromSafetensors(bad);
      } catch (error) {
        expect(error).toBeInstanceOf(SafetensorsError);
      }
    }
  });

  it("is not written, either: a tensor cannot have the name of the metadata", () => {
    const tensor: Tensor = { dtype: "uint8", shape: [0], data: new Uint8Array() };
    expect(() => toSafetensors(new Map([["__metadata__", tensor]]))).toThrow(SafetensorsError);
  });
});

describe("safetensors", () => {
  // The example in the documentation of the reference implementation.
  const published = raw('{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}', 16);

  it("reads the published example", () => {
    expect(published.readBigUInt64LE()).toBe(BigInt("<".charCodeAt(0)));
    const { tensors, metadata } = fromSafetensors(published);
    expect(tensors).toEqual(new Map([["test", { dtype: "int32", shape: [2, 2], data: new Int32Array(4) }]]));
    expect(metadata).toEqual({});
  });

  it("writes it with the header padded to 8 bytes, as the reference does", () => {
    const written = file(new Map([["test", { dtype: "int32", shape: [2, 2], data: new Int32Array(4) }]]));
    const padded = raw('{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}    ', 16);
    expect(written).toEqual(padded);
  });

  it("lays the widest type first, then by name, numbers and accents included", () => {
    const one = (dtype: Tensor["dtype"], data: Tensor["data"]): Tensor => ({ dtype, shape: [1], data });
    const tensors = new Map<string, Tensor>([
      ["bool", one("bool", Uint8Array.of(1))],
      ["b", one("float32", Float32Array.of(-0))],
      ["7", one("float32", Float32Array.of(1e-45))],
      ["é", one("float32", Float32Array.of(3))],
      ["uint8", one("uint8", Uint8Array.of(255))],
      ["int64", one("int64", BigInt64Array.of(-(2n ** 63n)))],
      ["int32", one("int32", Int32Array.of(-(2 ** 31)))],
    ]);
    const written = file(tensors, { format: "pt" });
    const read = fromSafetensors(written);
    expect([...read.tensors.keys()]).toEqual(["int64", "7", "b", "é", "int32", "uint8", "bool"]);
    expect(read.metadata).toEqual({ format: "pt" });
    for (const [name, tensor] of tensors)
      expect(Buffer.from(bytesOf(read.tensors.get(name)!))).toEqual(Buffer.from(bytesOf(tensor)));
    expect(file(read.tensors, read.metadata)).toEqual(written);
  });

  it("holds no tensor, scalars, tensors without elements, and reads bytes that are not aligned", () => {
    expect(fromSafetensors(file(new Map())).tensors.size).toBe(0);
    const tensors = new Map<string, Tensor>([
      ["none", { dtype: "float32", shape: [0, 3], data: new Float32Array() }],
      ["scalar", { dtype: "float32", shape: [], data: Float32Array.of(2) }],
    ]);
    const shifted = Buffer.concat([Buffer.alloc(1), file(tensors)]).subarray(1);
    expect(fromSafetensors(shifted).tensors).toEqual(tensors);
  });
});
