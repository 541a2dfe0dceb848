// Every node of real training, inference and evaluation graphs, on what onnxruntime computed: no honest element is wrong on
// L1, one ulp (strict) or two tolerances (tolerant) off always is.
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { hasLeaf, leafOf } from "../../../verifier/model/leaf.ts";
import { type ModelGraphs, mlpGraphs } from "../../../verifier/model/mlp.ts";
import { type LieAmount, lieOf, type Profile } from "../../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { zeros } from "../../../verifier/tensor/tensor.ts";
import { buildElementWitness } from "../../../verifier/witness/element.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { contextOf, type LeafCase, leafCase, sourceOf, withLie } from "./leaf-case.ts";
import { judge } from "./verifiers.ts";

const mlp = mlpGraphs({
  sizes: [300, 24, 10],
  seed: 3,
  batchRows: 100,
  evaluateBatchRows: 10,
  optimizer: { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
});
const cnn = cnnGraphs(smallCnn());
const gpt = gptGraphs(smallGpt({ layers: 1 }));

type Trained = { readonly graph: Graph; readonly of: ModelGraphs; readonly below: number };

async function claimed({ graph, of, below }: Trained, threads: number): Promise<LeafCase> {
  const random = uniform(2);
  const start = of.train.state.map((spec) => spec.start);
  const state = graph.stateInputs.map(({ value, source }) => start[source] ?? zeros(graph.values[value]!));
  const batch = graph.batchInputs.map((id) => {
    const { shape } = graph.values[id]!;
    return randomTensor(random, "uint8", shape, 0, shape.length === 1 ? 10 : below);
  });
  const session = await onnxRuntime({ threads }).open(graph);
  const ids = graph.values.map((_, id) => id);
  const values = await session.values(state, batch, ids);
  await session.close();
  return leafCase(graph, values);
}

async function isWrong(leaf: LeafCase, profile: Profile, node: number, element: number): Promise<boolean> {
  const witness = await buildElementWitness(sourceOf(leaf), node, element);
  return (await judge(contextOf(leaf, profile), 1, witness)).wrong;
}

const profiles: readonly { profile: Profile; threads: number; wrong: LieAmount; right: LieAmount | undefined }[] = [
  { profile: "strict", threads: 1, wrong: { unit: "ulp", count: 1 }, right: undefined },
  { profile: "tolerant", threads: 2, wrong: { unit: "tol", factor: 2 }, right: { unit: "tol", factor: 0.5 } },
  { profile: "tolerant-gpu", threads: 2, wrong: { unit: "tol", factor: 2 }, right: { unit: "tol", factor: 0.5 } },
];

describe.each([
  { title: "training with Adam", graph: mlp.train.graph, of: mlp, below: 256 },
  { title: "inference", graph: mlp.infer, of: mlp, below: 256 },
  { title: "evaluation", graph: mlp.evaluate, of: mlp, below: 256 },
  ...(process.env.ANH_LONG === "1"
    ? [
        {
          title: "training a transformer with AdamW, clipped and scheduled",
          graph: gpt.train.graph,
          of: gpt,
          below: 20,
        },
        { title: "a transformer's inference", graph: gpt.infer, of: gpt, below: 20 },
        {
          title: "training a convolutional network with batch norm and Adam",
          graph: cnn.train.graph,
          of: cnn,
          below: 256,
        },
        { title: "a convolutional network's inference", graph: cnn.infer, of: cnn, below: 256 },
      ]
    : []),
])("$title", ({ graph, of, below }) => {
  test.each(profiles)(
    "$profile, $threads threads",
    { timeout: 900_000 },
    async ({ profile, threads, wrong, right }) => {
      const leaf = await claimed({ graph, of, below }, threads);
      const random = uniform(graph.nodes.length);
      // Equal ops on equal shapes are judged alike: one of each, at one element.
      const seen = new Set<string>();
      for (const [node, { op, inputs, output, ...rest }] of graph.nodes.entries()) {
        const { dtype, data } = leaf.values[output]!;
        const kind = JSON.stringify([op, rest.attributes, ...[...inputs, output].map((id) => graph.values[id]!.shape)]);
        if (!hasLeaf(graph.nodes[node]!) || seen.has(kind)) continue;
        seen.add(kind);
        const element = Math.floor(random() * data.length);
        const label = `${op} ${graph.values[output]!.name}[${element}]`;
        expect(await isWrong(leaf, profile, node, element), `honest ${label}`).toBe(false);
        const { bound } = leafOf(graph, node, element, (id) => leaf.values[id]!);
        const lie = (amount: LieAmount) => lieOf(bound, dtype, data[element]!, amount, profile);
        if (profile !== "strict" || bound.replay !== null) {
          const told = withLie(leaf, node, element, lie(wrong)!);
          expect(await isWrong(told, profile, node, element), `lied ${label}`).toBe(true);
        }
        const within = right && lie(right);
        if (within !== undefined) {
          const told = withLie(leaf, node, element, within);
          expect(await isWrong(told, profile, node, element), `within ${label}`).toBe(false);
        }
      }
      expect(seen.size).toBeGreaterThan(4);
    },
  );
});
