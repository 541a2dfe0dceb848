import type { Optimizer } from "../autodiff/optimizer.ts";
import type { StateSpec } from "../autodiff/train-step.ts";
import type { Draft } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { batchNorm, type Normalisation, normalised } from "../ops/batch-norm.ts";
import { add, cast, mul, relu, reshape, scalar, shapeOf } from "../ops/build.ts";
import { convolve } from "../ops/convolve.ts";
import { maxPooled } from "../ops/pool.ts";
import { product } from "../ops/product.ts";
import { float32, sizeOf, zeros } from "../tensor/tensor.ts";
import { type Classifier, classifierTrainStep, evaluateGraph, inferGraph } from "./classifier.ts";
import { UnsupportedModelError } from "./errors.ts";
import type { ModelGraphs } from "./mlp.ts";
import { uniformWeight } from "./start.ts";

/** A convolution that keeps its image's size, then a max pool of blocks of `pool` (1: none). */
export type CnnBlock = {
  readonly filters: number;
  /** Odd. */
  readonly kernel: number;
  readonly pool: number;
  /** The block's input is added to its convolution's output; both have the same channels then. */
  readonly residual: boolean;
};

/** A convolutional classifier of uint8 images, stored row by row: blocks, then products. */
export type CnnSpec = {
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  readonly blocks: readonly CnnBlock[];
  readonly batchNorm: boolean;
  /** Sizes behind the blocks: [hidden …, classes]. */
  readonly dense: readonly number[];
  /** Start weights are a pure function of it; `drawn`: of the job's seed. */
  readonly seed: number;
  readonly drawn?: boolean;
  readonly batchRows: number;
  readonly evaluateBatchRows: number;
  readonly optimizer: Optimizer;
};

export function cnnGraphs(spec: CnnSpec): ModelGraphs {
  const network = cnn(spec);
  return {
    train: classifierTrainStep(network, spec.batchRows, spec.optimizer),
    infer: inferGraph(network, 1),
    evaluate: evaluateGraph(network, spec.evaluateBatchRows),
  };
}

const EPSILON = 1e-5;
const MOMENTUM = 0.9;

export function cnn(spec: CnnSpec): Classifier {
  check(spec);
  const { parameters, buffers } = stateOf(spec);
  const rowShape = [sizeOf([spec.image.channels, spec.image.height, spec.image.width])];
  const network: Classifier = {
    parameters,
    buffers,
    input: { dtype: "uint8", rowShape },
    forward: (draft, state, x) => forward(draft, spec, reader(parameters, buffers, state), x, running(draft)),
  };
  if (!spec.batchNorm) return network;
  return {
    ...network,
    train: (draft, state, x) => {
      const renewed = new Map<string, ValueId>();
      const y = forward(draft, spec, reader(parameters, buffers, state), x, own(draft, renewed));
      return { y, buffers: buffers.map(({ name }) => renewed.get(name)!) };
    },
  };
}

type Reader = (name: string) => ValueId;
type Normalise = (x: ValueId, of: Normalisation, block: string) => ValueId;

const reader = (parameters: readonly StateSpec[], buffers: readonly StateSpec[], state: readonly ValueId[]): Reader => {
  const ids = new Map([...parameters, ...buffers].map(({ name }, i) => [name, state[i]!]));
  return (name) => ids.get(name)!;
};

/** By the running statistics. */
const running =
  (draft: Draft): Normalise =>
  (x, of) =>
    normalised(draft, x, of, EPSILON);

/** By the batch's own, which renew the running ones. */
const own =
  (draft: Draft, renewed: Map<string, ValueId>): Normalise =>
  (x, of, block) => {
    const { y, mean, variance } = batchNorm(draft, x, of, { epsilon: EPSILON, momentum: MOMENTUM });
    renewed.set(`${block}_mean`, mean);
    renewed.set(`${block}_variance`, variance);
    return y;
  };

function forward(draft: Draft, spec: CnnSpec, read: Reader, rows: ValueId, normalise: Normalise): ValueId {
  const { channels, height, width } = spec.image;
  const images = shapeOf(draft, rows)[0]!;
  const pixels = mul(draft, cast(draft, rows, "float32"), scalar(draft, 1 / 255));
  let x = reshape(draft, pixels, [images, channels, height, width]);
  for (const [i, block] of spec.blocks.entries()) x = blockOf(draft, spec, block, `block${i}`, read, x, normalise);
  let hidden = reshape(draft, x, [images, sizeOf(shapeOf(draft, x).slice(1))]);
  for (const layer of spec.dense.keys()) {
    if (layer > 0) hidden = relu(draft, hidden);
    hidden = product(draft, { a: hidden, b: read(`dense${layer}_weight`), bias: read(`dense${layer}_bias`) });
  }
  return hidden;
}

function blockOf(
  draft: Draft,
  spec: CnnSpec,
  block: CnnBlock,
  name: string,
  read: Reader,
  x: ValueId,
  normalise: Normalise,
): ValueId {
  const { kernel, pool, residual } = block;
  const window = {
    kernel: [kernel, kernel],
    strides: [1, 1],
    dilations: [1, 1],
    pads: new Array(4).fill((kernel - 1) / 2),
  };
  const of = (part: string): ValueId => read(`${name}_${part}`);
  const convolved = spec.batchNorm
    ? normalise(
        convolve(draft, { x, w: of("weight"), window, group: 1 }),
        { scale: of("scale"), shift: of("bias"), mean: of("mean"), variance: of("variance") },
        name,
      )
    : convolve(draft, { x, w: of("weight"), bias: of("bias"), window, group: 1 });
  const y = relu(draft, residual ? add(draft, convolved, x) : convolved);
  const tiles = { kernel: [pool, pool], strides: [pool, pool], dilations: [1, 1], pads: [0, 0, 0, 0] };
  return pool === 1 ? y : maxPooled(draft, y, tiles);
}

function check({ image, blocks }: CnnSpec): void {
  let { channels, height, width } = image;
  for (const [i, { filters, kernel, pool, residual }] of blocks.entries()) {
    if (kernel % 2 !== 1) throw new UnsupportedModelError(`block ${i}`, `a kernel of ${kernel}`, "Choose an odd one.");
    if (residual && filters !== channels)
      throw new UnsupportedModelError(`block ${i}`, `${channels} channels added to ${filters}`, "Choose equal ones.");
    [channels, height, width] = [filters, Math.floor(height / pool), Math.floor(width / pool)];
    if (height * width === 0) throw new UnsupportedModelError(`block ${i}`, "nothing is left to pool", "Pool less.");
  }
}

function stateOf(spec: CnnSpec): { parameters: StateSpec[]; buffers: StateSpec[] } {
  const parameters: StateSpec[] = [];
  const buffers: StateSpec[] = [];
  // Uniform in ±√(6/fan-in): variance 2/fan-in (He et al., 2015)
  const weights = (name: string, shape: readonly number[], fanIn: number) =>
    parameters.push(
      uniformWeight(spec, `${name}_weight`, shape, { stream: parameters.length, limit: Math.sqrt(6 / fanIn) }),
    );
  const filled = (length: number, value: number) => float32([length], new Float32Array(length).fill(value));
  let { channels, height, width } = spec.image;
  for (const [i, { filters, kernel, pool }] of spec.blocks.entries()) {
    weights(`block${i}`, [filters, channels, kernel, kernel], channels * kernel * kernel);
    parameters.push({ name: `block${i}_bias`, start: zeros({ dtype: "float32", shape: [filters] }) });
    if (spec.batchNorm) {
      parameters.push({ name: `block${i}_scale`, start: filled(filters, 1) });
      buffers.push({ name: `block${i}_mean`, start: filled(filters, 0) });
      buffers.push({ name: `block${i}_variance`, start: filled(filters, 1) });
    }
    [channels, height, width] = [filters, Math.floor(height / pool), Math.floor(width / pool)];
  }
  let inputs = channels * height * width;
  for (const [layer, outputs] of spec.dense.entries()) {
    weights(`dense${layer}`, [inputs, outputs], inputs);
    parameters.push({ name: `dense${layer}_bias`, start: zeros({ dtype: "float32", shape: [outputs] }) });
    inputs = outputs;
  }
  return { parameters, buffers };
}
