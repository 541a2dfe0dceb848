// Rounding to fewer bits (docs/numerics.md N9), by its primitives in onnxruntime and in the reference, against onnxruntime's own
// Cast there and back, against the rounding of bits as integers, and against the published Cast cases.
import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { batchInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { tensorOf } from "../../../verifier/model/onnx/tensors.ts";
import { fromBits } from "../../../verifier/numerics/float32.ts";
import { type Narrow, rounded } from "../../../verifier/ops/narrow.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { float32 } from "../../../verifier/tensor/tensor.ts";
import { hasOnnxCases, publishedTensors } from "../../support/onnx-cases.ts";
import { int, node, port } from "../../support/onnx-model.ts";
import { randomBits } from "../numerics/random.ts";

const FORMATS = ["tf32", "bf16", "fp16"] as const;
const WORDS = 2 ** 20;

function graphOf(format: Narrow, length: number) {
  const draft = newDraft();
  const y = rounded(draft, batchInput(draft, "x", { dtype: "float32", shape: [length] }), format);
  return finish(draft, { kind: "infer", stateOutputs: [y] });
}

const byReference = (format: Narrow, x: Float32Array): Float32Array => {
  const graph = graphOf(format, x.length);
  return evaluate(graph, [], [float32([x.length], x)])[graph.stateOutputs[0]!]!.data as Float32Array;
};

async function byRuntime(format: Narrow, x: Float32Array): Promise<Float32Array> {
  const session = await onnxRuntime({ threads: 1 }).open(graphOf(format, x.length));
  const { state } = await session.step([], [float32([x.length], x)]);
  await session.close();
  return state[0]!.data as Float32Array;
}

/** Cast float32 → the format → float32, by onnxruntime. */
async function byCast(to: 10 | 16, x: Float32Array): Promise<Float32Array> {
  const cast = (name: string, from: string, into: string, type: number) =>
    create(onnx.NodeProtoSchema, { ...node("Cast", [from], into, [int("to", type)]), name });
  const bytes = toBinary(
    onnx.ModelProtoSchema,
    create(onnx.ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph: {
        name: "casts",
        node: [cast("down", "x", "h", to), cast("up", "h", "y", 1)],
        input: [port("x", ["n"])],
        output: [port("y", ["n"])],
      },
    }),
  );
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: "disabled" });
  const { y } = await session.run({ x: new ort.Tensor("float32", x, [x.length]) });
  await session.release();
  return y!.data as Float32Array;
}

/** Every value of the format, the ties between neighbours, and the binary32 values around all of them; of tf32 a sample. */
function boundaries(format: Narrow): Float32Array {
  const found: number[] = [];
  const next = randomBits(4);
  const around = (bits: number) => found.push(bits, bits + 1, Math.max(bits - 1, 0));
  if (format === "fp16") {
    // Its values above 2⁻¹⁴ are words of which 13 bits are 0; below, the multiples of 2⁻²⁴. The last tie is that before 2¹⁶.
    for (let word = bitsOf(2 ** -14); word <= bitsOf(65_536); word += 2 ** 12) around(word);
    for (let half = 0; half <= 2048; half++) around(bitsOf(half * 2 ** -25));
  } else {
    const tie = format === "bf16" ? 2 ** 15 : 2 ** 12;
    const count = Math.floor(0x7f800000 / tie);
    const all = format === "bf16";
    for (let i = 0; i < (all ? count : WORDS / 8); i++) around((all ? i : next() % count) * tie);
    // The largest that is rounded to a finite number, and the words before it.
    for (let i = 1; i < 9; i++) found.push(0x7f800000 - tie - i);
  }
  const finite = found.filter((bits) => bits < 0x7f800000);
  return Float32Array.from([...finite, ...finite.map((bits) => bits + 0x80000000)], fromBits);
}

function words(seed: number): Float32Array {
  const next = randomBits(seed);
  return Float32Array.from({ length: WORDS }, () => {
    const bits = next();
    return fromBits(((bits >>> 23) & 0xff) === 0xff ? (bits & 0xbfffffff) >>> 0 : bits);
  });
}

const view = new DataView(new ArrayBuffer(4));
function bitsOf(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

/** The last `dropped` bits rounded away, to nearest even, in integers. */
function roundedBits(value: number, dropped: number): number {
  const bits = bitsOf(value);
  const magnitude = bits & 0x7fffffff;
  const odd = (magnitude >>> dropped) & 1;
  const kept = Math.floor((magnitude + 2 ** (dropped - 1) - 1 + odd) / 2 ** dropped) * 2 ** dropped;
  return fromBits((kept + (bits & 0x80000000)) >>> 0);
}

/** Numbers of elements that differ, and the first; zeros are equal whatever their sign. */
function differences(x: Float32Array, got: Float32Array, want: (i: number) => number) {
  const wrong = [...x.keys()].filter((i) => got[i] !== want(i));
  return { wrong: wrong.length, first: wrong.slice(0, 3).map((i) => [x[i], got[i], want(i)]) };
}

const none = { wrong: 0, first: [] };

describe.each(FORMATS)("%s", (format) => {
  test.each([
    ["its values, ties and their neighbours", boundaries(format)],
    [`${WORDS} random words`, words(11)],
  ])("%s", async (_, x) => {
    const got = await byRuntime(format, x);
    if (format !== "fp16") {
      const dropped = format === "bf16" ? 16 : 13;
      expect(differences(x, got, (i) => roundedBits(x[i]!, dropped))).toEqual(none);
    }
    if (format !== "tf32") {
      const cast = await byCast(format === "fp16" ? 10 : 16, x);
      // A Cast to float16 gives infinities.
      const held = format === "fp16" ? (y: number) => Math.min(Math.max(y, -65_504), 65_504) : (y: number) => y;
      expect(differences(x, got, (i) => held(cast[i]!))).toEqual(none);
    }
    expect(differences(x, byReference(format, x), (i) => got[i]!)).toEqual(none);
    expect(got.every((y) => !Object.is(y, -0))).toBe(true);
  });
});

// The published case to bfloat16 is older than the standard's word on rounding: it cuts off.
test.runIf(hasOnnxCases)("published: a Cast from float32 to float16", () => {
  const { input, output } = publishedTensors("cast_FLOAT_to_FLOAT16");
  const x = tensorOf(input, () => undefined).data as Float32Array;
  const bytes = output.rawData;
  expect(bytes).toHaveLength(2 * x.length);
  const want = (i: number) => float16(bytes[2 * i]! + 256 * bytes[2 * i + 1]!);
  expect(x.length).toBeGreaterThan(5);
  expect(differences(x, byReference("fp16", x), want)).toEqual(none);
});

/** What the 16 bits of a finite float16 say. */
function float16(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits < 0x8000 ? magnitude : -magnitude;
}
