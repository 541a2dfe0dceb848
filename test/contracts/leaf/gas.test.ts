// Gas of a whole `judge` transaction (calldata and its floor included) for leaves of a real training step: MLP 784-128-10,
// batch 128, Adam. None may come near the cap of a transaction (EIP-7825), nor any verifier near the limit of code (EIP-170).
import { encodeAbiParameters, keccak256 } from "viem";
import { beforeAll, describe, expect, test } from "vitest";
import { OP } from "../../../common/graph-encoding.ts";
import type { ProfileName } from "../../../common/job.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { PART_TERMS, publishedOf } from "../../../verifier/model/parts.ts";
import type { Profile } from "../../../verifier/ops/judge.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { bytesOf } from "../../../verifier/tensor/tensor.ts";
import { datasetOf, datasetRoot, datasetTensorRoots } from "../../../verifier/trace/dataset.ts";
import { chunksOf } from "../../../verifier/witness/chunks.ts";
import { buildFeedWitness } from "../../../verifier/witness/content.ts";
import { buildElementWitness } from "../../../verifier/witness/element.ts";
import { buildPartWitness } from "../../../verifier/witness/part.ts";
import { expectSnapshot } from "../../support/gas-snapshot.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { contextOf, type LeafCase, leafCase, oneNode, sourceOf, testedNode } from "./leaf-case.ts";
import { codeSize, judge, VERIFIERS } from "./verifiers.ts";

const BATCH = 128;
const ROWS = 256;
const TRANSACTION_CAP = 16_777_216;
const CODE_LIMIT = 24_576;
const random = uniform(17);

const { graph, state } = mlpGraphs({
  sizes: [784, 128, 10],
  seed: 1,
  batchRows: BATCH,
  evaluateBatchRows: BATCH,
  optimizer: { kind: "adam", learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
}).train;
const dataset = datasetOf([
  randomTensor(random, "uint8", [ROWS, 784], 0, 256),
  randomTensor(random, "uint8", [ROWS], 0, 10),
]);
const batch = dataset.tensors.map((tensor) => {
  const shape = [BATCH, ...tensor.shape.slice(1)];
  return { ...tensor, shape, data: tensor.data.slice(0, tensor.data.length / 2) };
});

let leaf: LeafCase;
beforeAll(() => {
  leaf = leafCase(
    graph,
    evaluate(
      graph,
      state.map(({ start }) => start),
      batch,
    ),
  );
});

/** First node with the op whose first operand has the shape. */
function nodeOf(op: keyof typeof OP, shape: readonly number[], skip = 0): number {
  const found = leaf.encoded.nodes
    .map((node, index) => ({ node, index }))
    .filter(({ node }) => node.op === OP[op] && String(node.inputs[0]!.value.shape) === String(shape))[skip];
  if (found === undefined) throw new Error(`no ${op} of [${shape}]`);
  return found.index;
}

async function elementGas(node: number, profile: Profile): Promise<number> {
  const size = leaf.values[graph.nodes[node]!.output]!.data.length;
  const witness = await buildElementWitness(sourceOf(leaf), node, Math.floor(size / 3));
  const { wrong, transactionGas } = await judge(contextOf(leaf, profile), 1, witness);
  expect(wrong).toBe(false);
  return Number(transactionGas);
}

/** The longest rows that a canonical graph reduces (longer ones are split into nodes). */
async function longRowGas(op: "ReduceMax" | "ArgMax"): Promise<number> {
  const attributes = op === "ArgMax" ? { axis: 1, keepdims: 0 } : { axes: [1], keepdims: 0 };
  const long = oneNode(op, [randomTensor(random, "float32", [2, 2048])], attributes);
  const witness = await buildElementWitness(sourceOf(long), testedNode(long), 1);
  return Number((await judge(contextOf(long), 1, witness)).transactionGas);
}

/** A product whose factors are all denormal, which the gpu column looks at one by one. */
async function denormalGas(): Promise<number> {
  const tiny = (...shape: number[]) => randomTensor(random, "float32", shape, 1e-45, 1e-38);
  const product = oneNode("Gemm", [tiny(2, 784), tiny(784, 2)], { transA: 0, transB: 0 });
  const witness = await buildElementWitness(sourceOf(product), testedNode(product), 1);
  return Number((await judge(contextOf(product, "tolerant-gpu"), 1, witness)).transactionGas);
}

/** Adding 1,024 gradients of a lookup: all of them (the dearest), or one of 64. */
async function scatterGas(profile: ProfileName, rows: number): Promise<number> {
  const [count, columns] = [1024, 16];
  const indices = randomTensor(random, "int64", [count, columns], 0, rows);
  const added = oneNode(
    "ScatterElements",
    [randomTensor(random, "float32", [64, columns]), indices, randomTensor(random, "float32", [count, columns])],
    { axis: 0 },
  );
  const witness = await buildElementWitness(sourceOf(added), testedNode(added), 7);
  return Number((await judge(contextOf(added, profile), 1, witness)).transactionGas);
}

/** One part of a product of more terms than one proof adds up. */
async function partGas(profile: ProfileName): Promise<number> {
  const long = oneNode("Gemm", [floats(2, PART_TERMS + 1), floats(PART_TERMS + 1, 3)], { transA: 0, transB: 0 });
  const at = { node: testedNode(long), element: 1 };
  const published = publishedOf({ ...at, graph: long.graph, profile, tensorAt: (id) => long.values[id]! });
  const witness = await buildPartWitness(sourceOf(long), { ...at, part: 0, published }, profile);
  const handedOn = encodeAbiParameters([{ type: "bytes32" }, { type: "bytes" }], [keccak256(published), witness]);
  return Number((await judge(contextOf(long, profile), 11, handedOn)).transactionGas);
}

const floats = (...shape: number[]) => randomTensor(random, "float32", shape);
const window = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };

/** 3×3 windows of 64 channels. */
async function windowGas(op: "Conv" | "ConvTranspose" | "MaxPool", profile: ProfileName): Promise<number> {
  const images = floats(2, 64, 14, 14);
  const leafOfOp = {
    Conv: () => oneNode("Conv", [images, floats(16, 64, 3, 3), floats(16)], { ...window, group: 1 }),
    ConvTranspose: () =>
      oneNode("ConvTranspose", [images, floats(64, 16, 3, 3)], { ...window, group: 1, output_padding: [0, 0] }),
    MaxPool: () => oneNode("MaxPool", [images], { ...window, kernel_shape: [3, 3] }),
  }[op]();
  const witness = await buildElementWitness(sourceOf(leafOfOp), testedNode(leafOfOp), 1000);
  return Number((await judge(contextOf(leafOfOp, profile), 1, witness)).transactionGas);
}

async function feedGas(): Promise<number> {
  const source = {
    roots: datasetTensorRoots(dataset),
    rows: ROWS,
    chunks: async (tensor: number, first: number, last: number) =>
      chunksOf(bytesOf(dataset.tensors[tensor]!), first, last),
  };
  const witness = await buildFeedWitness(sourceOf(leaf), source, { feed: 0, row: 3, datasetRow: 3, element: 700 });
  const context = contextOf(leaf);
  const task = {
    ...context.task,
    datasetRoot: datasetRoot(dataset),
    datasetRows: BigInt(ROWS),
    batchRows: BATCH,
    flags: 5,
  };
  return Number((await judge({ ...context, task }, 4, witness)).transactionGas);
}

describe("leaves", () => {
  test("gas is the recorded one and below the cap of a transaction", async () => {
    const figures: Record<string, number> = {};
    for (const profile of ["strict", "tolerant"] as const) {
      figures[`gemm-784-${profile}`] = await elementGas(nodeOf("Gemm", [BATCH, 784]), profile);
      figures[`gemm-128-${profile}`] = await elementGas(nodeOf("Gemm", [BATCH, 128]), profile);
      figures[`gemm-weight-gradient-128-${profile}`] = await elementGas(nodeOf("Gemm", [BATCH, 784], 1), profile);
      figures[`reduce-sum-128-${profile}`] = await elementGas(nodeOf("ReduceSum", [BATCH, 128]), profile);
      figures[`scatter-1024-of-1-${profile}`] = await scatterGas(profile, 1);
      figures[`scatter-1024-of-64-${profile}`] = await scatterGas(profile, 64);
      figures[`exp-${profile}`] = await elementGas(nodeOf("Exp", [BATCH, 10]), profile);
    }
    figures["gemm-784-tolerant-gpu"] = await elementGas(nodeOf("Gemm", [BATCH, 784]), "tolerant-gpu");
    figures["gemm-784-tolerant-gpu-denormal"] = await denormalGas();
    for (const profile of ["strict", "tolerant"] as const) {
      figures[`conv-576-${profile}`] = await windowGas("Conv", profile);
      figures[`conv-transpose-576-${profile}`] = await windowGas("ConvTranspose", profile);
    }
    figures["max-pool-9"] = await windowGas("MaxPool", "strict");
    const strict: [string, number][] = [
      ["log", leaf.encoded.nodes.findIndex(({ op }) => op === OP.Log)],
      ["reduce-max-10", leaf.encoded.nodes.findIndex(({ op }) => op === OP.ReduceMax)],
      ["mul", leaf.encoded.nodes.findIndex(({ op }) => op === OP.Mul)],
      ["sqrt", leaf.encoded.nodes.findIndex(({ op }) => op === OP.Sqrt)],
      ["cast", leaf.encoded.nodes.findIndex(({ op }) => op === OP.Cast)],
    ];
    for (const [name, node] of strict) figures[name] = await elementGas(node, "strict");
    figures["reduce-max-2048"] = await longRowGas("ReduceMax");
    figures["arg-max-2048"] = await longRowGas("ArgMax");
    figures["feed-row"] = await feedGas();
    for (const profile of ["strict", "tolerant"] as const)
      figures[`product-part-8192-${profile}`] = await partGas(profile);
    for (const [name, value] of Object.entries(figures)) expect(value, name).toBeLessThan(TRANSACTION_CAP / 2);
    for (const name of VERIFIERS) expect(codeSize(name), name).toBeLessThan(CODE_LIMIT);
    expectSnapshot("gas-leaves", figures);
  });
});
