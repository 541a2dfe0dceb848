// What the gate reckons a proof's transaction to take, against the transactions that a challenger would send.
import { type Abi, encodeAbiParameters, encodeFunctionData, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import { disputesAbi } from "../../../common/contracts/disputes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { proofSizes } from "../../../verifier/model/proof-size.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { linkParameter } from "../../../verifier/witness/abi.ts";
import { buildElementWitness } from "../../../verifier/witness/element.ts";
import { contextOf, type LeafCase, leafCase, sourceOf } from "../../contracts/leaf/leaf-case.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

/** What signing adds to the calldata. */
const ENVELOPE_BYTES = 200;
const adam = { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** The deepest place a step can have: a segment among 2³², a step among 64. */
function proofBytes(leaf: LeafCase, witness: Hex): number {
  const { task, trace, segment } = contextOf(leaf);
  const siblings = (count: number) => Array.from({ length: count }, () => ZERO_HASH);
  const link = { segment: { leaf: segment, proof: siblings(32) }, step: { trace, proof: siblings(6) } };
  const whole = encodeAbiParameters([linkParameter, { type: "bytes" }], [link, witness]);
  const args = [ZERO_HASH, 1, task, whole];
  return (encodeFunctionData({ abi: disputesAbi as Abi, functionName: "prove", args }).length - 2) / 2 + ENVELOPE_BYTES;
}

const random = uniform(31);
const networks = {
  perceptron: mlpGraphs({ sizes: [300, 40, 10], batchRows: 16, evaluateBatchRows: 16, optimizer: adam, seed: 1 }),
  convolutions: cnnGraphs(smallCnn()),
  transformer: gptGraphs(smallGpt()),
};

describe.each(Object.entries(networks))("proofs of a %s", (_, { train: { graph, state } }) => {
  const values = evaluate(
    graph,
    state.map(({ start }) => start),
    graph.batchInputs.map((id) => {
      const { dtype, shape } = graph.values[id]!;
      return randomTensor(random, dtype, shape, 0, 4);
    }),
  );
  const leaf = leafCase(graph, values);
  const sizeOf = proofSizes(graph);

  /** The first and the last of each op. */
  const chosen = graph.nodes.flatMap(({ op }, node) => {
    const same = graph.nodes.flatMap((other, i) => (other.op === op ? [i] : []));
    return sizeOf(node) > 0 && (same[0] === node || same.at(-1) === node) ? [{ op, node }] : [];
  });

  it("are no larger than reckoned, and not much smaller than they may be", async () => {
    for (const { op, node } of chosen) {
      const reckoned = sizeOf(node);
      const last = values[graph.nodes[node]!.output]!.data.length - 1;
      for (const element of new Set([0, Math.floor(last / 3), last])) {
        const bytes = proofBytes(leaf, await buildElementWitness(sourceOf(leaf), node, element));
        expect(bytes, `${op} ${node}`).toBeLessThanOrEqual(reckoned);
        if (element === 0) expect(reckoned, `${op} ${node}`).toBeLessThan(2 * bytes);
      }
    }
  });
});
