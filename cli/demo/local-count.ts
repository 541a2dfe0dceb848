import type { Hex } from "viem";
import type { Digits } from "../../examples/data/mnist.ts";
import { openDataClient } from "../../verifier/data/client.ts";
import { byteSizeOf, fromBytes } from "../../verifier/tensor/tensor.ts";
import { stateTypes } from "../../verifier/trace/inputs.ts";
import type { PlannedTraining } from "./plans.ts";

/** Weights by the root that was claimed, every byte checked against it. */
export async function fetchWeights(
  urls: readonly string[],
  resultRoot: Hex,
  training: PlannedTraining,
): Promise<Float32Array[]> {
  const data = openDataClient({ urls, timeoutMs: 30_000 });
  const types = stateTypes(training.graphs.train.graph);
  const roots = await data.roots(resultRoot, types.length);
  const parameters = training.graphs.infer.stateInputs.map(({ source }) => source);
  return Promise.all(
    parameters.map(async (i) => {
      const type = types[i]!;
      return fromBytes(type, await data.tensor(roots[i]!, byteSizeOf(type))).data as Float32Array;
    }),
  );
}

/** Plain loops in double precision, sharing nothing with the verifier: how many digits these weights read right. */
export function countRight([w0, b0, w1, b1]: readonly Float32Array[], { images, labels, rows }: Digits): number {
  const hiddenSize = b0!.length;
  const classes = b1!.length;
  const pixels = images.length / rows;
  const hidden = new Float64Array(hiddenSize);
  const scores = new Float64Array(classes);
  let right = 0;
  for (let row = 0; row < rows; row++) {
    hidden.set(b0!);
    for (let p = 0; p < pixels; p++) {
      const x = images[row * pixels + p]! / 255;
      if (x === 0) continue;
      for (let h = 0; h < hiddenSize; h++) hidden[h]! += x * w0![p * hiddenSize + h]!;
    }
    scores.set(b1!);
    for (let h = 0; h < hiddenSize; h++) {
      const a = hidden[h]!;
      if (a <= 0) continue;
      for (let c = 0; c < classes; c++) scores[c]! += a * w1![h * classes + c]!;
    }
    if (scores.indexOf(Math.max(...scores)) === labels[row]) right++;
  }
  return right;
}
