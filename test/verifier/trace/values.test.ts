import { expect, it } from "vitest";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { valueBytes } from "../../../verifier/trace/values.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const { graph } = gptGraphs(smallGpt()).train;
const random = uniform(7);

/** Any numbers; what comes out of a Reshape has those that go in. */
const values: Tensor[] = graph.values.map(({ dtype, shape }) => randomTensor(random, dtype, shape, 0, 2));
for (const { op, inputs, output } of graph.nodes)
  if (op === "Reshape") values[output] = { ...values[output]!, data: values[inputs[0]!]!.data } as Tensor;

it("of a step that is held in part, has all that a proof of a node opens where what the node reads and gives is there", () => {
  let reshaped = 0;
  for (const [i, { inputs, outputs }] of encodeGraph(graph).nodes.entries()) {
    const node = graph.nodes[i]!;
    const held: Tensor[] = [];
    for (const id of [...node.inputs, node.output]) held[id] = values[id]!;
    const places = [
      ...inputs.map(({ value }) => value),
      ...inputs
        .filter(({ layout }) => layout.length > 0)
        .map(({ layoutPlace: place, layoutIndex: index }) => ({ place, index })),
      ...outputs,
    ];
    for (const { place, index } of places)
      expect(valueBytes(graph, held, place, index), `${i} ${node.op}`).toEqual(valueBytes(graph, values, place, index));
    if (node.inputs.some((id) => graph.nodes.some(({ op, output }) => op === "Reshape" && output === id))) reshaped++;
  }
  expect(reshaped).toBeGreaterThan(10);
});

it("has nothing at a place of which no value is there", () => {
  const node = graph.nodes[0]!;
  const [{ inputs }] = encodeGraph(graph).nodes as [ReturnType<typeof encodeGraph>["nodes"][number]];
  const { place, index } = inputs[0]!.value;
  expect(valueBytes(graph, [], place, index)).toBeUndefined();
  expect(valueBytes(graph, values, place, index)).toBeDefined();
  expect(node.inputs.length).toBeGreaterThan(0);
});
