// Whole models' gradients against PyTorch's, both in double precision. Runs where Debian's python3-torch is.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasTorch, openTorch, type Torch, wireOf } from "../../../cli/bench/peer/torch.ts";
import type { TrainStep } from "../../../verifier/autodiff/train-step.ts";
import { type CnnSpec, cnnGraphs } from "../../../verifier/model/cnn.ts";
import { type GptSpec, gptGraphs } from "../../../verifier/model/gpt.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { DESCENT } from "../../support/descent-error.ts";
import { float64 } from "../../support/float64.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

let torch: Torch;
beforeAll(() => {
  if (hasTorch()) torch = openTorch();
});
afterAll(() => torch?.close());

type Peer = { readonly loss: number; readonly gradients: Readonly<Record<string, string>> };

/** Constants of a graph are binary32: 1/255, and angles. */
const RELATIVE = 1e-6;

async function compared(network: string, spec: object, { graph, state }: TrainStep, batch: Tensor[], buffers: RegExp) {
  const random = uniform(11);
  const at = state.map(({ start }): Tensor => {
    const off = randomTensor(random, "float32", start.shape, -0.3, 0.3).data as Float32Array;
    return { ...start, data: Float64Array.from(start.data as Float32Array, (x, i) => x + off[i]!) };
  });
  const after = evaluate(graph, at, batch, float64);
  const names = state.map(({ name }) => name);
  const parameters = Object.fromEntries(
    names.flatMap((name, i) => (buffers.test(name) ? [] : [[name, wireOf(at[i]!)]])),
  );
  const peer = await torch.ask<Peer>({ call: "gradients", network, spec, parameters, batch: batch.map(wireOf) });
  const loss = after[graph.loss!]!.data[0] as number;
  expect(Math.abs(loss - peer.loss) / peer.loss).toBeLessThan(RELATIVE);
  let compared = 0;
  for (const [i, name] of names.entries()) {
    if (buffers.test(name)) continue;
    const bytes = Buffer.from(peer.gradients[name]!, "base64");
    const theirs = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const next = after[graph.stateOutputs[i]!]!.data as Float64Array;
    const norm = Math.hypot(...theirs);
    expect(norm, name).toBeGreaterThan(0);
    const off = theirs.map((g, k) => g - ((at[i]!.data[k] as number) - next[k]!));
    expect(Math.hypot(...off) / norm, name).toBeLessThan(RELATIVE);
    compared += theirs.length;
  }
  return compared;
}

const bytes = (seed: number, shape: number[], below: number) => randomTensor(uniform(seed), "uint8", shape, 0, below);

describe.runIf(hasTorch())("gradients of all parameters are PyTorch's", () => {
  test("a perceptron", async () => {
    const spec = { sizes: [20, 16, 12, 10], seed: 1, batchRows: 5, evaluateBatchRows: 5, optimizer: DESCENT };
    const batch = [bytes(1, [5, 20], 256), bytes(2, [5], 10)];
    expect(await compared("mlp", spec, mlpGraphs(spec).train, batch, /^$/)).toBe(336 + 204 + 130);
  });

  test.each<[string, Partial<CnnSpec>]>([
    ["batch norm, a residual and a pool", {}],
    ["none of them", { batchNorm: false, blocks: [{ filters: 4, kernel: 5, pool: 1, residual: false }] }],
  ])("a convolutional network: %s", async (_, changes) => {
    const spec = smallCnn({ optimizer: DESCENT, ...changes });
    const batch = [bytes(3, [4, 72], 256), bytes(4, [4], 10)];
    const compare = compared("cnn", spec, cnnGraphs(spec).train, batch, /_(mean|variance)$/);
    expect(await compare).toBeGreaterThan(300);
  });

  test.each<[string, Partial<GptSpec>]>([
    ["as GPT-2's: gelu by tanh, layer norms, learned positions", { activation: "gelu-tanh" }],
    ["exact gelu, tied scores", { tied: true }],
    ["as Llama's: SwiGLU, RMS norms, rotary positions", { activation: "swiglu", norm: "rms", positionCode: "rotary" }],
  ])("a transformer: %s", async (_, changes) => {
    const spec = smallGpt({ optimizer: DESCENT, ...changes });
    const batch = [bytes(5, [3, 6], 20), bytes(6, [3, 6], 20)];
    expect(await compared("gpt", spec, gptGraphs(spec).train, batch, /^$/)).toBeGreaterThan(1000);
  });
});
