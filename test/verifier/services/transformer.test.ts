// A transformer through executor, challenger and the contracts on a real L1: what a training consists of can be lied about in
// the forward pass, the backward pass or the optimizer, and is proven wrong in each.
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { eachPassIsJudged, nodeNamed } from "../../support/each-pass.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const spec = smallGpt({ tied: true, positionCode: "rotary", activation: "gelu-tanh", dropout: 0.1 });
const graphs = gptGraphs(spec);
const random = uniform(9);
const dataset = datasetOf(
  ["x", "labels"].map(() => randomTensor(random, "uint8", [40, spec.positions], 0, spec.vocabulary)),
);

const { graph } = graphs.train;
const lies = [
  { title: "forward: attention's scores", node: nodeNamed(graph, "MatMul", 0) },
  { title: "forward: an activation", node: nodeNamed(graph, "Tanh", 0) },
  { title: "backward: the gradient of the embedding", node: nodeNamed(graph, "ScatterElements", 0) },
  { title: "backward: attention's keys", node: nodeNamed(graph, "MatMul", -1) },
  { title: "optimizer: the root of a second moment", node: nodeNamed(graph, "Sqrt", -1) },
  { title: "optimizer: a new parameter", node: "next_tokens" },
];

eachPassIsJudged(graphs, dataset, spec.batchRows, lies);
