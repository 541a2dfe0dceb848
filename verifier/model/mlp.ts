import type { Optimizer } from "../autodiff/optimizer.ts";
import type { StateSpec, TrainStep } from "../autodiff/train-step.ts";
import type { Draft } from "../graph/draft.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { cast, mul, relu, scalar } from "../ops/build.ts";
import { product } from "../ops/product.ts";
import { zeros } from "../tensor/tensor.ts";
import { type Classifier, classifierTrainStep, evaluateGraph, inferGraph } from "./classifier.ts";
import { type StartSource, uniformWeight } from "./start.ts";

/** A multilayer perceptron over uint8 rows: sizes [inputs, hidden …, classes]. */
export type MlpSpec = {
  readonly sizes: readonly number[];
  /** Start weights are a pure function of it; `drawn`: of the job's seed. */
  readonly seed: number;
  readonly drawn?: boolean;
  readonly batchRows: number;
  readonly evaluateBatchRows: number;
  readonly optimizer: Optimizer;
};

/** The graphs a job names; `train.state` holds the start tensors. */
export type ModelGraphs = { readonly train: TrainStep; readonly infer: Graph; readonly evaluate: Graph };

export function mlpGraphs(spec: MlpSpec): ModelGraphs {
  const network = mlp(spec.sizes, spec);
  return {
    train: classifierTrainStep(network, spec.batchRows, spec.optimizer),
    infer: inferGraph(network, 1),
    evaluate: evaluateGraph(network, spec.evaluateBatchRows),
  };
}

/** x/255 → Gemm (→ Relu → Gemm)… Pixels stay uint8 in the dataset; the conversion is in the graph. */
export const mlp = (sizes: readonly number[], source: StartSource): Classifier => ({
  parameters: parametersOf(sizes, source),
  input: { dtype: "uint8", rowShape: [sizes[0]!] },
  forward: (draft, parameters, x) => {
    const pixels = mul(draft, cast(draft, x, "float32"), scalar(draft, 1 / 255));
    return layers(draft, parameters, pixels);
  },
});

function layers(draft: Draft, parameters: readonly ValueId[], x: ValueId): ValueId {
  let hidden = x;
  for (let layer = 0; 2 * layer < parameters.length; layer++) {
    if (layer > 0) hidden = relu(draft, hidden);
    hidden = product(draft, { a: hidden, b: parameters[2 * layer]!, bias: parameters[2 * layer + 1]! });
  }
  return hidden;
}

function parametersOf(sizes: readonly number[], source: StartSource): StateSpec[] {
  return sizes.slice(1).flatMap((width, layer) => {
    const fanIn = sizes[layer]!;
    // Uniform in ±√(6/fan-in): variance 2/fan-in (He et al., 2015)
    const limit = Math.sqrt(6 / fanIn);
    return [
      uniformWeight(source, `weight${layer}`, [fanIn, width], { stream: layer, limit }),
      { name: `bias${layer}`, start: zeros({ dtype: "float32", shape: [width] }) },
    ];
  });
}
