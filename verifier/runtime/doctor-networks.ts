import type { Graph } from "../graph/graph.ts";
import { cnnGraphs } from "../model/cnn.ts";
import { gptGraphs } from "../model/gpt.ts";
import { type ModelGraphs, mlpGraphs } from "../model/mlp.ts";
import { sizeOf, type Tensor, zeros } from "../tensor/tensor.ts";

/** A training of some steps that a provider is examined with. */
export type Patient = {
  readonly name: string;
  readonly graph: Graph;
  readonly state: readonly Tensor[];
  /** Stacked: a leading axis of steps. */
  readonly batches: readonly Tensor[];
};

export const DOCTOR_STEPS = 3;
const adam = { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const shared = { seed: 1, evaluateBatchRows: 2, optimizer: adam } as const;

/** A network of every kind, with long and short sums, small enough to be judged element by element. */
export const doctorNetworks = (): Patient[] => [
  patient("mlp", mlpGraphs({ ...shared, sizes: [784, 128, 10], batchRows: 32 }), 256),
  patient(
    "cnn",
    cnnGraphs({
      ...shared,
      image: { channels: 1, height: 14, width: 14 },
      blocks: [
        { filters: 8, kernel: 3, pool: 2, residual: false },
        { filters: 8, kernel: 3, pool: 1, residual: true },
      ],
      batchNorm: true,
      dense: [16, 10],
      batchRows: 8,
    }),
    256,
  ),
  patient(
    "gpt",
    gptGraphs({
      ...shared,
      vocabulary: 10,
      positions: 16,
      layers: 2,
      heads: 2,
      dim: 32,
      hidden: 64,
      activation: "gelu",
      norm: "layer",
      positionCode: "learned",
      tied: false,
      batchRows: 4,
    }),
    10,
  ),
];

/** Data that is the same everywhere: multiples of a prime, below what is named; labels and tokens below 10. */
function patient(name: string, { train }: ModelGraphs, below: number): Patient {
  const { graph } = train;
  const state = graph.stateInputs.map(({ value, source }) => train.state[source]?.start ?? zeros(graph.values[value]!));
  const batches = graph.batchInputs.map((id) => {
    const { dtype, shape } = graph.values[id]!;
    const tensor = zeros({ dtype, shape: [DOCTOR_STEPS, ...shape] });
    const most = shape.length === 1 ? 10 : below;
    for (let i = 0; i < sizeOf(tensor.shape); i++) tensor.data[i] = (i * 7919 + (i >> 5)) % most;
    return tensor;
  });
  return { name, graph, state, batches };
}
