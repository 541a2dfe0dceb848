// A convolutional network through executor, challenger and the contracts on a real L1: what a training consists of can be lied about in
// the forward pass, the backward pass or the optimizer, and is proven wrong in each.
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { eachPassIsJudged, nodeNamed } from "../../support/each-pass.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const spec = smallCnn();
const graphs = cnnGraphs(spec);
const random = uniform(9);
const dataset = datasetOf([
  randomTensor(random, "uint8", [40, 72], 0, 256),
  randomTensor(random, "uint8", [40], 0, 10),
]);

const { graph } = graphs.train;
const lies = [
  { title: "forward: a convolution", node: nodeNamed(graph, "Conv", 0) },
  { title: "forward: a pool", node: nodeNamed(graph, "MaxPool", 0) },
  { title: "backward: the gradient of an image", node: nodeNamed(graph, "ConvTranspose", 0) },
  { title: "backward: the gradient of the filters", node: nodeNamed(graph, "MatMul", -1) },
  { title: "optimizer: the root of a second moment", node: nodeNamed(graph, "Sqrt", -1) },
  { title: "running statistics: a variance", node: "next_block0_variance" },
];

eachPassIsJudged(graphs, dataset, spec.batchRows, lies);
