// A network, a dataset and the options that `anh job create` is given with them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toSafetensors } from "../../verifier/tensor/safetensors.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { exportedClassifier } from "../support/onnx-model.ts";
import { randomTensor, uniform } from "../support/tensors.ts";

export const random = uniform(8);
export const ROWS = 20;
export const x = randomTensor(random, "float32", [ROWS, 1, 4, 3]);
export const labels = randomTensor(random, "uint8", [ROWS], 0, 5);

/** In a folder of their own, until they are closed. */
export function openJobFiles() {
  const folder = mkdtempSync(join(tmpdir(), "anh-create-job-"));
  const at = (name: string) => join(folder, name);
  const dataset = (tensors: Readonly<Record<string, Tensor>>) => {
    const file = at("data.safetensors");
    writeFileSync(file, Buffer.concat(toSafetensors(new Map(Object.entries(tensors)))));
    return file;
  };
  writeFileSync(at("net.onnx"), exportedClassifier());

  const options = {
    model: at("net.onnx"),
    dataset: "",
    loss: "ce",
    optimizer: "adam:0.001",
    warmupSteps: "0",
    steps: "10",
    batchRows: "4",
    dim: [],
    requester: "0x00000000000000000000000000000000000000aa",
    profile: "strict",
    precision: "fp32",
    freeze: [],
    soft: false,
    stepRoots: false,
    lastPosition: false,
    sequentialRows: false,
    drawWeights: false,
    column: "cpu",
    salt: "0",
    priceWeiPerGflop: "1",
    deadlineSeconds: "60",
    windowSeconds: "60",
    nodeUrl: "http://127.0.0.1:1",
    json: true,
  } as const;

  let heldOutFiles = 0;

  /** The options of a commission, with these rows held out. */
  function bought(tensors: Readonly<Record<string, Tensor>> = { x, labels }) {
    const heldOut = at(`${heldOutFiles++}-held-out.safetensors`);
    writeFileSync(heldOut, Buffer.concat(toSafetensors(new Map(Object.entries(tensors)))));
    return { heldOut, samples: "8", minCorrect: "7", priceEth: "0.05" };
  }

  return { at, dataset, options, bought, close: () => rmSync(folder, { recursive: true, force: true }) };
}
