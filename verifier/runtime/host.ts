import { endianness } from "node:os";
import { batchInput, constant, emit, stateInput } from "../graph/draft.ts";
import { finish } from "../graph/finish.ts";
import { type Graph, valueAt } from "../graph/graph.ts";
import { add, cast, div, exp, mul, reshape, sqrt } from "../ops/build.ts";
import { convolve, convolveTransposed } from "../ops/convolve.ts";
import { product } from "../ops/product.ts";
import { newDraft } from "../ops/table.ts";
import { bytesOf, float32, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { HostError } from "./errors.ts";
import { evaluate } from "./reference.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Runs a few operations whose bits differ on hosts that cannot execute strict claims (no fused multiply-add, denormals
 * flushed, another kernel) and compares them with the reference. Throws `HostError`.
 */
export async function checkHost(runtime: Runtime): Promise<void> {
  if (endianness() !== "LE") throw new HostError("byte order", "little-endian", endianness());
  const { graph, state, batch } = probe();
  const expected = evaluate(graph, state, batch);
  const session = await runtime.open(graph);
  try {
    const ids = graph.nodes.map((node) => node.output);
    const actual = await session.values(state, batch, ids);
    for (const [i, id] of ids.entries()) {
      const [right, got] = [bytesOf(expected[id]!), bytesOf(actual[i]!)];
      if (Buffer.compare(right, got) !== 0) {
        throw new HostError(
          valueAt(graph, id).name,
          Buffer.from(right).toString("hex"),
          Buffer.from(got).toString("hex"),
        );
      }
    }
  } finally {
    await session.close();
  }
}

/** Thirds and sevenths, whose sums show in what order they were made. */
const uneven = (...shape: number[]): Tensor =>
  float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 37) % 101) / 3 - ((i * 53) % 89) / 7),
  );
// 270 products at 81 positions: blocks of 128.
const IMAGE = uneven(1, 30, 9, 9);
const FILTERS = uneven(2, 30, 3, 3);

function probe(): { graph: Graph; state: Tensor[]; batch: Tensor[] } {
  const draft = newDraft();
  // (1 + 2⁻¹²)² − 1 keeps its last bit only if the product is not rounded on the way.
  const factor = 1 + 2 ** -12;
  const left = float32([2, 2], [-1, factor, factor, -1]);
  const right = float32([2, 2], [1, 1, factor, factor]);
  const tiny = float32([2, 2], [1e-30, 3e-39, -7e-42, 1.5]);
  const a = stateInput(draft, "left", left);
  const b = batchInput(draft, "right", right);
  const c = batchInput(draft, "tiny", tiny);
  const fused = product(draft, { a, b });
  const denormal = mul(draft, c, constant(draft, float32([], [1e-9])));
  const restored = mul(draft, c, constant(draft, float32([], [1e9])));
  const rest = emit(draft, "ReduceSum", [sqrt(draft, exp(draft, div(draft, fused, b)))], { axes: [0], keepdims: 1 });
  // Beyond ±2³¹, which other processors make the nearest integer of.
  const large = mul(draft, a, constant(draft, float32([], [1e12])));
  const integers = (["int32", "uint8"] as const).map((to) => cast(draft, cast(draft, large, to), "float32"));
  const sum = [add(draft, denormal, restored), rest, ...integers].reduce(
    (left, right) => add(draft, left, right),
    fused,
  );
  const image = batchInput(draft, "image", IMAGE);
  const filters = batchInput(draft, "filters", FILTERS);
  const window = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
  const convolved = convolve(draft, { x: image, w: filters, window, group: 1 });
  const back = convolveTransposed(draft, { x: convolved, w: filters, window, group: 1, widened: [0, 0] });
  const spread = mul(
    draft,
    sum,
    emit(draft, "ReduceMax", [reshape(draft, back, [sizeOf(IMAGE.shape)])], { axes: [0], keepdims: 1 }),
  );
  return {
    graph: finish(draft, { kind: "train", stateOutputs: [spread] }),
    state: [left],
    batch: [right, tiny, IMAGE, FILTERS],
  };
}
