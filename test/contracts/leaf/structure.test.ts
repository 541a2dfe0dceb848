// Kinds 2–9: for each, the honest claim stands and the lie it is made for is wrong.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { segmentLeafHash } from "../../../common/claim.ts";
import { PLACE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { rangeProof, treeProof, treeRoot } from "../../../common/merkle.ts";
import { batchInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { dropout } from "../../../verifier/ops/dropout.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf } from "../../../verifier/tensor/tensor.ts";
import { rowsOfStep } from "../../../verifier/trace/rows.ts";
import { metricsRootOf, stepTraceOf } from "../../../verifier/trace/step.ts";
import { valueBytes } from "../../../verifier/trace/values.ts";
import { buildCanonicalWitness, buildFiniteWitness, nameValue } from "../../../verifier/witness/canonical.ts";
import { chunkLeaves, chunksOf } from "../../../verifier/witness/chunks.ts";
import {
  buildFeedWitness,
  buildInputWitness,
  buildLayoutWitness,
  buildMaskWitness,
  buildMetricWitness,
} from "../../../verifier/witness/content.ts";
import { headerProof } from "../../../verifier/witness/proofs.ts";
import {
  buildEndLinkWitness,
  buildNextStateWitness,
  buildSegmentLinkWitness,
  buildStartLinkWitness,
  buildStartWitness,
  buildStepLinkWitness,
  type ConsumedResult,
  tensorsOf,
} from "../../../verifier/witness/structure.ts";
import { MASK_SEED, masksOf } from "../../support/masks.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { contextOf, type LeafCase, leafCase, oneNode, sourceOf, taskOf, withValue } from "./leaf-case.ts";
import {
  consuming,
  consumingContext,
  dataset,
  datasetSource,
  finalRoots,
  lossOf,
  orderAt,
  segmentLeaves,
  segmentSteps,
  stepHashesOf,
  steps,
  trainContext,
  trainTaskOf,
} from "./run.ts";
import { judge } from "./verifiers.ts";

/** The same step with other roots, as a claimant might commit them. */
const withRoots = (leaf: LeafCase, roots: Partial<LeafCase["roots"]>): LeafCase => ({
  ...leaf,
  roots: { ...leaf.roots, ...roots },
});
const OTHER_ROOT = `0x${"0d".repeat(32)}` as const;

describe("kind 2: links", () => {
  const broken = withRoots(steps[1]!, { stateIn: steps[1]!.roots.stateIn.with(0, OTHER_ROOT) });

  test("step to step", async () => {
    const witness = (claimed: readonly LeafCase[]) =>
      buildStepLinkWitness(stepTraceOf(claimed[0]!.roots), treeProof(stepHashesOf(segmentSteps(claimed, 0)), 0));
    expect((await judge(trainContext(steps, 1), 2, witness(steps))).wrong).toBe(false);
    const claimed = steps.with(1, broken);
    expect((await judge(trainContext(claimed, 1), 2, witness(claimed))).wrong).toBe(true);
    await expect(judge(trainContext(claimed, 1), 2, witness(steps))).rejects.toMatchObject({
      errorName: "RootMismatch",
    });
  });

  test("segment to segment", async () => {
    const leaves = segmentLeaves(steps);
    const hashes = leaves.map(segmentLeafHash);
    const witness = buildSegmentLinkWitness(leaves[0]!, treeProof(hashes, 0));
    expect((await judge(trainContext(steps, 2), 2, witness)).wrong).toBe(false);
    const lied = leaves.with(0, { ...leaves[0]!, endState: OTHER_ROOT });
    const proof = buildSegmentLinkWitness(lied[0]!, treeProof(lied.map(segmentLeafHash), 0));
    expect((await judge(trainContext(steps, 2, lied), 2, proof)).wrong).toBe(true);
    await expect(judge(trainContext(steps, 2), 2, proof)).rejects.toMatchObject({ errorName: "RootMismatch" });
  });

  test("the start root", async () => {
    const context = trainContext(steps, 0);
    expect((await judge(context, 2, buildStartLinkWitness())).wrong).toBe(false);
    const lied = { ...context, task: { ...context.task, startRoot: OTHER_ROOT } };
    expect((await judge(lied, 2, buildStartLinkWitness())).wrong).toBe(true);
  });

  test("the end of a segment, and only there", async () => {
    expect((await judge(trainContext(steps, 1), 2, buildEndLinkWitness())).wrong).toBe(false);
    expect((await judge(trainContext(steps, 2), 2, buildEndLinkWitness())).wrong).toBe(false);
    await expect(judge(trainContext(steps, 0), 2, buildEndLinkWitness())).rejects.toMatchObject({
      errorName: "NotLastStep",
    });
    const leaves = segmentLeaves(steps);
    const lied = leaves.with(1, { ...leaves[1]!, endState: OTHER_ROOT });
    expect((await judge(trainContext(steps, 2, lied), 2, buildEndLinkWitness())).wrong).toBe(true);
  });
});

describe("kind 3: starts", () => {
  const consumed: ConsumedResult = {
    task: trainTaskOf(),
    header: headerProof(steps[0]!.encoded),
    tensor: tensorsOf(finalRoots),
  };
  const evaluation = consuming("evaluate");
  const counter = evaluation.encoded.header.states - 1;

  test("every state tensor of an evaluation is the model's or zeros", async () => {
    for (let state = 0; state <= counter; state++) {
      const witness = buildStartWitness(evaluation.encoded, evaluation.roots, state, consumed);
      expect((await judge(consumingContext(evaluation), 3, witness)).wrong).toBe(false);
    }
  });

  test("another weight, or a counter that does not start at zero, is wrong", async () => {
    for (const state of [0, counter]) {
      const lied = withRoots(evaluation, { stateIn: evaluation.roots.stateIn.with(state, OTHER_ROOT) });
      const witness = buildStartWitness(lied.encoded, lied.roots, state, consumed);
      expect((await judge(consumingContext(lied), 3, witness)).wrong).toBe(true);
    }
  });

  test("another task's graph does not count the model's tensors", async () => {
    const other = { ...consumed, task: trainTaskOf({ steps: 4 }) };
    const witness = buildStartWitness(evaluation.encoded, evaluation.roots, 0, other);
    await expect(judge(consumingContext(evaluation), 3, witness)).rejects.toMatchObject({
      errorName: "ConsumedTaskMismatch",
    });
  });

  test("a training has no model to start from", async () => {
    const witness = buildStartWitness(steps[0]!.encoded, steps[0]!.roots, 0, consumed);
    await expect(judge(trainContext(steps, 0), 3, witness)).rejects.toMatchObject({ errorName: "TrainingHasNoModel" });
  });
});

describe("kind 4: feeds", () => {
  test("each row is the dataset's at the seed's index", async () => {
    for (const t of [0, 2])
      for (const [row, datasetRow] of rowsOfStep(orderAt, t).entries()) {
        const at = { feed: row % 2, row, datasetRow, element: row % 2 === 0 ? 39 : 0 };
        const witness = await buildFeedWitness(sourceOf(steps[t]!), datasetSource, at);
        expect((await judge(trainContext(steps, t), 4, witness)).wrong).toBe(false);
      }
  });

  test("one changed byte is wrong; another row of the dataset is no witness", async () => {
    const row = 2;
    const datasetRow = rowsOfStep(orderAt, 1)[row]!;
    const honest = steps[1]!.values[steps[1]!.graph.batchInputs[0]!]!.data[row * 40 + 5] as number;
    const claimed = steps.with(1, withValue(steps[1]!, "x", row * 40 + 5, (honest + 1) & 0xff));
    const at = { feed: 0, row, datasetRow, element: 5 };
    const witness = await buildFeedWitness(sourceOf(claimed[1]!), datasetSource, at);
    expect((await judge(trainContext(claimed, 1), 4, witness)).wrong).toBe(true);
    const chosen = await buildFeedWitness(sourceOf(steps[1]!), datasetSource, {
      ...at,
      datasetRow: (datasetRow + 26) % 50,
    });
    await expect(judge(trainContext(steps, 1), 4, chosen)).rejects.toThrow();
  });

  test("rows and elements beyond the batch are none", async () => {
    const at = { feed: 0, row: 0, datasetRow: rowsOfStep(orderAt, 0)[0]!, element: 40 };
    const witness = await buildFeedWitness(sourceOf(steps[0]!), datasetSource, at);
    await expect(judge(trainContext(steps, 0), 4, witness)).rejects.toMatchObject({ errorName: "NoSuchElement" });
  });

  test("masks: every element is what the seed, the step and the feed draw, and no other", async () => {
    const draft = newDraft();
    const x = batchInput(draft, "x", { dtype: "float32", shape: [3, 7] });
    const graph = finish(draft, { kind: "infer", stateOutputs: [dropout(draft, dropout(draft, x, 0.5), 0.1)] });
    const ones = { dtype: "float32" as const, shape: [3, 7], data: new Float32Array(21).fill(1) };
    const leaf = leafCase(graph, evaluate(graph, [], [ones, ...masksOf(graph, 9)]));
    const context = (claimed: LeafCase) =>
      contextOf(claimed, "strict", { task: { ...taskOf(claimed), kind: 1 }, seed: MASK_SEED, globalStep: 9 });
    for (const feed of [1, 2]) {
      for (let e = 0; e < 21; e += 3) {
        const at = { feed, row: Math.floor(e / 7), element: e % 7 };
        const witness = await buildMaskWitness(sourceOf(leaf), at);
        expect((await judge(context(leaf), 4, witness)).wrong).toBe(false);
        const honest = leaf.values[graph.batchInputs[feed]!]!.data[e] as number;
        const lied = withValue(leaf, `mask${feed - 1}`, e, 1 - honest);
        const proof = await buildMaskWitness(sourceOf(lied), at);
        expect((await judge(context(lied), 4, proof)).wrong).toBe(true);
      }
    }
    // Of another step and under another seed other bools would be right: some of 21.
    const verdicts = async (changes: object) => {
      const all = Array.from({ length: 21 }, async (_, e) => {
        const witness = await buildMaskWitness(sourceOf(leaf), { feed: 1, row: Math.floor(e / 7), element: e % 7 });
        return (await judge({ ...context(leaf), ...changes }, 4, witness)).wrong;
      });
      return (await Promise.all(all)).some((wrong) => wrong);
    };
    expect(await verdicts({ globalStep: 8 })).toBe(true);
    expect(await verdicts({ seed: MASK_SEED.replace("5e", "5f") })).toBe(true);
  });

  test("sequential rows", async () => {
    const evaluation = consuming("evaluate");
    const context = consumingContext(evaluation, {
      datasetRoot: treeRoot(datasetSource.roots),
      datasetRows: 50n,
    });
    const at = { feed: 1, row: 4, datasetRow: 4, element: 0 };
    const witness = await buildFeedWitness(sourceOf(evaluation), datasetSource, at);
    expect((await judge(context, 4, witness)).wrong).toBe(false);
    // The same batch as the step after it would be of rows 5 … 9.
    const next = await buildFeedWitness(sourceOf(evaluation), datasetSource, { ...at, datasetRow: 9 });
    const differs = dataset.tensors[1]!.data[4] !== dataset.tensors[1]!.data[9];
    expect((await judge({ ...context, globalStep: 1 }, 4, next)).wrong).toBe(differs);
  });

  test("the input of an inference", async () => {
    const inference = consuming("infer");
    const witness = buildInputWitness(sourceOf(inference));
    const context = (datasetRoot: `0x${string}`) => consumingContext(inference, { datasetRoot });
    expect((await judge(context(inference.roots.feeds[0]!), 4, witness)).wrong).toBe(false);
    expect((await judge(context(OTHER_ROOT), 4, witness)).wrong).toBe(true);
  });
});

describe("kind 5: next states", () => {
  const evaluation = consuming("evaluate");

  test("an untouched parameter keeps its root", async () => {
    const witness = buildNextStateWitness(evaluation.encoded, evaluation.roots, 1);
    expect((await judge(consumingContext(evaluation), 5, witness)).wrong).toBe(false);
    const lied = withRoots(evaluation, { stateOut: evaluation.roots.stateOut.with(1, OTHER_ROOT) });
    const proof = buildNextStateWitness(lied.encoded, lied.roots, 1);
    expect((await judge(consumingContext(lied), 5, proof)).wrong).toBe(true);
  });

  test("a computed one comes from itself: no witness", async () => {
    const last = evaluation.encoded.header.nextStates - 1;
    const witness = buildNextStateWitness(evaluation.encoded, evaluation.roots, last);
    await expect(judge(consumingContext(evaluation), 5, witness)).rejects.toMatchObject({
      errorName: "ComesFromItself",
    });
  });
});

describe("kind 6: layouts", () => {
  const random = uniform(9);
  const inputs = [randomTensor(random, "float32", [2, 3, 40]), randomTensor(random, "float32", [2, 40, 9])];
  const leaf = oneNode("MatMul", inputs);
  const node = leaf.graph.nodes.length - 1;
  const entry = leaf.encoded.nodes[node]!.inputs[1]!;

  test("every element stands at its turned place; one that does not is wrong", async () => {
    for (const element of [0, 1, 359, 360, 500, 719]) {
      const witness = await buildLayoutWitness(sourceOf(leaf), node, 1, element);
      expect((await judge(contextOf(leaf), 6, witness)).wrong).toBe(false);
    }
    // Element 500: matrix 1, row 15, column 5 stands at 360 + 5·40 + 15 of the layout.
    const bytes = valueBytes(leaf.graph, leaf.values, entry.layoutPlace, entry.layoutIndex)!.slice();
    bytes[4 * (360 + 5 * 40 + 15)]! ^= 1;
    const lied = withRoots(leaf, { exact: leaf.roots.exact.with(entry.layoutIndex, tensorRoot(bytes)) });
    const source = sourceOf(lied);
    const lying = {
      ...source,
      chunks: async (range: Parameters<typeof source.chunks>[0]) =>
        range.place === entry.layoutPlace && range.index === entry.layoutIndex
          ? chunksOf(bytes, range.firstChunk, range.lastChunk)
          : source.chunks(range),
    };
    const proof = await buildLayoutWitness(lying, node, 1, 500);
    expect((await judge(contextOf(lied), 6, proof)).wrong).toBe(true);
    const elsewhere = await buildLayoutWitness(lying, node, 1, 499);
    expect((await judge(contextOf(lied), 6, elsewhere)).wrong).toBe(false);
  });
});

describe("kind 7: metrics", () => {
  test("the segment's metric is the loss", async () => {
    const bits = segmentSteps(steps, 0).map(lossOf);
    const witness = await buildMetricWitness(sourceOf(steps[1]!), bits, 1);
    expect((await judge(trainContext(steps, 1), 7, witness)).wrong).toBe(false);
    const lies = bits.with(1, bits[1]! + 1);
    const leaves = segmentLeaves(steps);
    const lied = leaves.with(0, { ...leaves[0]!, metricsRoot: metricsRootOf(lies) });
    const proof = await buildMetricWitness(sourceOf(steps[1]!), lies, 1);
    expect((await judge(trainContext(steps, 1, lied), 7, proof)).wrong).toBe(true);
    const other = await buildMetricWitness(sourceOf(steps[0]!), lies, 0);
    expect((await judge(trainContext(steps, 0, lied), 7, other)).wrong).toBe(false);
  });

  test("no loss, no metrics", async () => {
    const inference = consuming("infer");
    const witness = await buildMetricWitness(sourceOf(inference), [], 0);
    const context = consumingContext(inference);
    expect((await judge(context, 7, witness)).wrong).toBe(false);
    const lied = { ...context, segment: { ...context.segment, metricsRoot: OTHER_ROOT } };
    expect((await judge(lied, 7, witness)).wrong).toBe(true);
  });
});

describe("kind 8: canonical form", () => {
  // 2,800 bytes: chunks of 1,024, 1,024 and 752 bytes, and one leaf of padding.
  const leaf = oneNode("Neg", [randomTensor(uniform(2), "float32", [700])]);
  const named = nameValue(leaf.encoded, PLACE.feed, 0);
  const bytes = bytesOf(leaf.values[leaf.graph.batchInputs[0]!]!);

  /** The feed's tree with one leaf replaced. */
  const claimedLeaves = (changed: number, hash: `0x${string}`) => {
    const leaves = [...chunkLeaves(bytes), ZERO_HASH].with(changed, hash);
    return { leaves, lied: withRoots(leaf, { feeds: [treeRoot(leaves)] }) };
  };

  test("chunks and padding as they should be are no wrong", async () => {
    const leaves = [...chunkLeaves(bytes), ZERO_HASH];
    for (const chunk of [0, 2, 3]) {
      const data = chunk < 3 ? bytes.slice(1024 * chunk, 1024 * (chunk + 1)) : new Uint8Array();
      const proof = rangeProof(leaves, chunk, chunk);
      const witness = buildCanonicalWitness(sourceOf(leaf), named, { chunk, data, proof });
      expect((await judge(contextOf(leaf), 8, witness)).wrong, `chunk ${chunk}`).toBe(false);
    }
  });

  test("a chunk a byte too long or too short, and padding that is not zero, are wrong", async () => {
    for (const [chunk, data] of [
      [0, new Uint8Array(1023)],
      [1, new Uint8Array(1025)],
      [2, new Uint8Array(1024)],
      [2, new Uint8Array(0)],
    ] as const) {
      const { leaves, lied } = claimedLeaves(chunk, `0x${createHash("sha256").update(data).digest("hex")}`);
      const witness = buildCanonicalWitness(sourceOf(lied), named, {
        chunk,
        data,
        proof: rangeProof(leaves, chunk, chunk),
      });
      expect((await judge(contextOf(lied), 8, witness)).wrong, `chunk ${chunk} of ${data.length}`).toBe(true);
    }
    const { leaves, lied } = claimedLeaves(3, OTHER_ROOT);
    const proof = rangeProof(leaves, 3, 3);
    const witness = buildCanonicalWitness(sourceOf(lied), named, { chunk: 3, padding: OTHER_ROOT, proof });
    expect((await judge(contextOf(lied), 8, witness)).wrong).toBe(true);
    const beyond = buildCanonicalWitness(sourceOf(lied), named, { chunk: 4, padding: OTHER_ROOT, proof });
    await expect(judge(contextOf(lied), 8, beyond)).rejects.toMatchObject({ errorName: "LeafOutOfRange" });
  });

  test("a bool of 2 is wrong", async () => {
    const honest = oneNode("Not", [randomTensor(uniform(3), "bool", [20], 0, 2)]);
    const lied = withValue(honest, "tested", 19, 2);
    for (const [claimed, wrong] of [
      [honest, false],
      [lied, true],
    ] as const) {
      const data = bytesOf(claimed.values[claimed.graph.nodes[0]!.output]!);
      const output = nameValue(claimed.encoded, PLACE.nextState, 0);
      const witness = buildCanonicalWitness(sourceOf(claimed), output, { chunk: 0, data, proof: [] });
      expect((await judge(contextOf(claimed), 8, witness)).wrong).toBe(wrong);
    }
  });
});

describe("kind 9: infinities and NaN", () => {
  const random = uniform(4);
  const floats = (...shape: number[]) => randomTensor(random, "float32", shape);
  const leaf = oneNode("Gemm", [floats(5, 6), floats(6, 7)], { transA: 0, transB: 0 }, { inner: true });
  const values: readonly [string, number, number][] = [
    ["operand0", PLACE.feed, 0],
    ["operand1", PLACE.state, 0],
    ["tested", PLACE.exact, 1],
  ];

  test.each(values)("%s", async (name, place, index) => {
    for (const [claimed, wrong] of [
      [leaf, false],
      [withValue(leaf, name, 4, Number.NaN), true],
      [withValue(leaf, name, 4, Number.NEGATIVE_INFINITY), true],
      [withValue(leaf, name, 5, Number.NaN), false],
    ] as const) {
      const witness = await buildFiniteWitness(sourceOf(claimed), nameValue(claimed.encoded, place, index), 4);
      expect((await judge(contextOf(claimed), 9, witness)).wrong).toBe(wrong);
    }
  });

  test("in a layout", async () => {
    const lied = withValue(leaf, "operand1", 0, Number.NaN);
    const witness = await buildFiniteWitness(sourceOf(lied), nameValue(lied.encoded, PLACE.exact, 0), 0);
    expect((await judge(contextOf(lied), 9, witness)).wrong).toBe(true);
  });

  test("integers are always finite: no witness", async () => {
    const integers = oneNode("Cast", [randomTensor(random, "int32", [8], 0, 9)], { to: 1 });
    const witness = await buildFiniteWitness(sourceOf(integers), nameValue(integers.encoded, PLACE.feed, 0), 0);
    await expect(judge(contextOf(integers), 9, witness)).rejects.toMatchObject({ errorName: "WrongDType" });
  });
});
