import { softmaxCrossEntropy } from "../autodiff/loss.ts";
import type { Optimizer } from "../autodiff/optimizer.ts";
import { type Model, type StateSpec, type TrainStep, trainStep } from "../autodiff/train-step.ts";
import type { Draft } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import { cast, mul, relu, scalar } from "../ops/build.ts";
import { product } from "../ops/product.ts";
import { float32, type TensorType, zeros } from "../tensor/tensor.ts";
import { uniformStart } from "./start.ts";

/** A classifier over uint8 rows: sizes [inputs, hidden …, classes]. */
export type MlpSpec = {
  readonly sizes: readonly number[];
  readonly batchRows: number;
  readonly optimizer: Optimizer;
  /** Start weights are a pure function of it. */
  readonly seed: number;
};

/** x/255 → (Gemm → Relu)… → Gemm. Pixels stay uint8 in the dataset; the conversion is in the graph. */
export function mlpLogits(draft: Draft, parameters: readonly ValueId[], x: ValueId): ValueId {
  let hidden = valueAt(draft, x).dtype === "uint8" ? mul(draft, cast(draft, x, "float32"), scalar(draft, 1 / 255)) : x;
  for (let layer = 0; 2 * layer < parameters.length; layer++) {
    if (layer > 0) hidden = relu(draft, hidden);
    hidden = product(draft, { a: hidden, b: parameters[2 * layer]!, bias: parameters[2 * layer + 1]! });
  }
  return hidden;
}

export function mlpParameters(sizes: readonly number[], seed: number): StateSpec[] {
  return sizes.slice(1).flatMap((width, layer) => {
    const fanIn = sizes[layer]!;
    return [
      // Uniform in ±√(6/fan-in): variance 2/fan-in (He et al., 2015)
      {
        name: `weight${layer}`,
        start: float32([fanIn, width], uniformStart(seed, layer, fanIn * width, Math.sqrt(6 / fanIn))),
      },
      { name: `bias${layer}`, start: zeros({ dtype: "float32", shape: [width] }) },
    ];
  });
}

export function mlpTrainStep(spec: MlpSpec): TrainStep {
  const x: TensorType = { dtype: "uint8", shape: [spec.batchRows, spec.sizes[0]!] };
  const labels: TensorType = { dtype: "uint8", shape: [spec.batchRows] };
  const model: Model = {
    parameters: mlpParameters(spec.sizes, spec.seed),
    batch: [
      { name: "x", type: x },
      { name: "labels", type: labels },
    ],
    loss: (draft, parameters, [images, classes]) =>
      softmaxCrossEntropy(draft, mlpLogits(draft, parameters, images!), classes!),
  };
  return trainStep(model, spec.optimizer);
}
