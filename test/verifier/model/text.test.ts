import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, numberToHex } from "viem";
import { describe, expect, test } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG, type Job, PROFILE } from "../../../common/job.ts";
import { NO_PROPERTY } from "../../../common/property.ts";
import { trainTask } from "../../../common/task.ts";
import { nodeProse } from "../../../examples/data/prose.ts";
import { characterGpt } from "../../../examples/networks.ts";
import { batchInput, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { type GptSpec, gptGraphs, gptModel } from "../../../verifier/model/gpt.ts";
import { graphRef } from "../../../verifier/model/root.ts";
import { textRows, vocabularyOf } from "../../../verifier/model/text.ts";
import { fromBits } from "../../../verifier/numerics/float32.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { byteSizeOf, bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { datasetBytes, datasetOf, datasetRoot } from "../../../verifier/trace/dataset.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { runTask } from "../../../verifier/trace/run.ts";
import { rootOfList } from "../../../verifier/trace/step.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("vocabulary", () => {
  test("the most frequent bytes, equal ones by value, the rest 0", () => {
    const { size, idOf, byteOf } = vocabularyOf(bytes("abbccc!"), 4);
    expect(size).toBe(4);
    expect(Array.from(bytes("cba!z"), (byte) => idOf[byte])).toEqual([1, 2, 0, 3, 0]);
    expect(Array.from(byteOf)).toEqual([0, ...bytes("cb!")]);
  });
  test("no more ids than the text needs", () => {
    expect(vocabularyOf(bytes("aa"), 100).size).toBe(2);
    expect(vocabularyOf(bytes(""), 100).size).toBe(1);
  });
});

describe("rows", () => {
  const vocabulary = vocabularyOf(bytes("abcdef"), 256);
  test("each row's labels are one byte ahead", () => {
    const [x, labels] = textRows(bytes("abcdef"), vocabulary, { positions: 3, stride: 2 });
    expect(x).toEqual({ dtype: "uint8", shape: [2, 3], data: Uint8Array.of(1, 2, 3, 3, 4, 5) });
    expect(labels.data).toEqual(Uint8Array.of(2, 3, 4, 4, 5, 6));
  });
  test.each([
    ["", 0],
    ["abc", 0],
    ["abcd", 1],
  ] as const)("%o has %i rows of three", (text, count) => {
    expect(textRows(bytes(text), vocabulary, { positions: 3, stride: 2 })[0].shape[0]).toBe(count);
  });
});

const STEPS = Number(process.env.ANH_GPT_STEPS ?? 800);
const SEGMENT = 20;

/** Mean loss of rows, from the parameters alone. */
function lossGraph(spec: GptSpec): Graph {
  const model = gptModel(spec);
  const draft = newDraft();
  const parameters = model.parameters.map(({ name, start }) => stateInput(draft, name, start));
  const batch = model.batch.map(({ name, type }) => batchInput(draft, name, type));
  return finish(draft, { kind: "infer", stateOutputs: [model.loss(draft, parameters, batch)] });
}

// A transformer of four layers learns English from the documentation of Node, as an executor runs it, commitments and all.
test.runIf(process.env.ANH_LONG === "1")(
  "800 steps of a transformer bring the loss on held-out text below 1.9",
  { timeout: 3_600_000 },
  async () => {
    const text = nodeProse();
    const split = Math.floor(text.length * 0.9);
    const vocabulary = vocabularyOf(text, 96);
    const [training, heldOut] = [text.subarray(0, split), text.subarray(split)];
    const spec = characterGpt(vocabulary.size, STEPS);
    const graphs = gptGraphs(spec);
    const dataset = datasetOf(textRows(training, vocabulary, { positions: spec.positions, stride: 16 }));
    const start = graphs.train.state.map((state) => state.start);
    const job: Job = {
      chainId: 42n,
      requester: "0x00000000000000000000000000000000000000aa",
      salt: numberToHex(0, { size: 32 }),
      trainGraph: graphRef(encodeGraph(graphs.train.graph)),
      inferGraph: graphRef(encodeGraph(graphs.infer)),
      evaluateGraph: graphRef(encodeGraph(graphs.evaluate)),
      datasetRoot: datasetRoot(dataset),
      datasetRows: BigInt(dataset.rows),
      datasetBytes: BigInt(datasetBytes(dataset)),
      startRoot: rootOfList(start.map((tensor) => tensorRoot(bytesOf(tensor)))),
      stateBytes: BigInt(start.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0)),
      steps: STEPS,
      segmentSteps: SEGMENT,
      batchRows: spec.batchRows,
      evaluateBatchRows: spec.evaluateBatchRows,
      profile: PROFILE.strict,
      flags: 0,
      priceWeiPerGflop: 1n,
      deadline: 2n ** 40n,
      windowSeconds: 60,
      property: NO_PROPERTY,
    };
    expect(job.flags & JOB_FLAG.sequentialRows).toBe(0);
    const seed: Hex = ZERO_HASH.replace(/0$/, "1") as Hex;
    const folder = await mkdtemp(join(tmpdir(), "anh-gpt-"));
    const session = await onnxRuntime({ threads: 1 }).open(graphs.train.graph);
    const gatherer = openGatherer(dataset);
    try {
      const begun = performance.now();
      const { state } = await runTask(
        { task: trainTask(job), seed, graph: graphs.train.graph, dataset, start },
        {
          steps: stepsOf(session),
          gatherer,
          store: openBlobStore(join(folder, "blobs")),
          checkpoints: openCheckpoints(join(folder, "run")),
          onSegment: ({ index, metrics }) => {
            const losses = metrics.map(fromBits);
            const seconds = ((performance.now() - begun) / 1000).toFixed(0);
            if (index % 5 === 4) {
              const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
              console.log(`step ${(index + 1) * SEGMENT}: loss ${mean.toFixed(3)}, ${seconds} s`);
            }
          },
        },
      );
      const loss = await heldOutLoss(
        spec,
        state,
        textRows(heldOut, vocabulary, { positions: spec.positions, stride: 64 }),
      );
      console.log(`held-out loss ${loss.toFixed(3)}`);
      expect(loss).toBeLessThan(1.9);
    } finally {
      await session.close();
      gatherer.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

async function heldOutLoss(spec: GptSpec, state: readonly Tensor[], [x, labels]: readonly [Tensor, Tensor]) {
  const graph = lossGraph(spec);
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  const parameters = state.slice(0, graph.stateInputs.length);
  const size = spec.batchRows * spec.positions;
  const batches = Math.floor(x.data.length / size);
  const part = (tensor: Tensor, i: number): Tensor => ({
    dtype: "uint8",
    shape: [spec.batchRows, spec.positions],
    data: (tensor.data as Uint8Array).slice(i * size, (i + 1) * size),
  });
  let sum = 0;
  for (let i = 0; i < batches; i++) {
    const { state: ends } = await session.step(parameters, [part(x, i), part(labels, i)]);
    sum += ends[0]!.data[0] as number;
  }
  await session.close();
  return sum / batches;
}
