// A network out of an ONNX file through executor, challenger and the contracts on a real L1: its own nodes, their gradients and the
// optimizer can be lied about, and are proven wrong.
import { onnxGraphs } from "../../../verifier/model/onnx/graphs.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { eachPassIsJudged, nodeNamed } from "../../support/each-pass.ts";
import { int, ints, model, node, port, weights } from "../../support/onnx-model.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const ROWS = 40;
const BATCH_ROWS = 4;
const random = uniform(17);

/** Conv → HardSwish → AveragePool → Flatten → Gemm → LayerNormalization → Gemm → Softmax. */
const file = model(
  [
    node("Conv", ["pixels", "filters", "shift"], "c", [ints("pads", 1, 1, 1, 1)]),
    node("HardSwish", ["c"], "s"),
    node("AveragePool", ["s"], "p", [ints("kernel_shape", 2, 2), ints("strides", 2, 2)]),
    node("Flatten", ["p"], "f"),
    node("Gemm", ["f", "w0", "b0"], "h", [int("transB", 1)]),
    node("LayerNormalization", ["h", "scale", "bias"], "n"),
    node("Add", ["n", "b1"], "scores"),
    node("Softmax", ["scores"], "y"),
  ],
  [
    weights("filters", [2, 1, 3, 3]),
    weights("shift", [2]),
    weights("w0", [5, 24]),
    weights("b0", [5]),
    weights("scale", [5]),
    weights("bias", [5]),
    weights("b1", [5]),
  ],
  17,
  { input: [port("pixels", ["batch", 1, 8, 6])] },
);
const dataset = datasetOf([
  randomTensor(random, "uint8", [ROWS, 1, 8, 6], 0, 256),
  randomTensor(random, "uint8", [ROWS], 0, 5),
]);
const { train, infer, evaluate } = onnxGraphs(
  {
    file,
    loss: { kind: "ce" },
    optimizer: { kind: "adamw", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    scale: 1 / 255,
    batchRows: BATCH_ROWS,
    evaluateBatchRows: 10,
    profile: "strict",
  },
  dataset.tensors.map((type, i) => ({ name: ["pixels", "labels"][i]!, type })),
);

const { graph } = train;
const lies = [
  { title: "forward: a convolution", node: nodeNamed(graph, "Conv", 0) },
  { title: "forward: the root in a layer norm", node: nodeNamed(graph, "Sqrt", 0) },
  { title: "backward: the gradient of the filters", node: nodeNamed(graph, "MatMul", -1) },
  { title: "optimizer: new filters", node: "next_filters" },
];

eachPassIsJudged({ train, infer, evaluate: evaluate! }, dataset, BATCH_ROWS, lies);
