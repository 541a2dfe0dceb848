import { INIT } from "../../common/graph-encoding.ts";
import type { Draft } from "../graph/draft.ts";
import { batchInput, rename, stateInput, unusedName } from "../graph/draft.ts";
import { finish } from "../graph/finish.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { bitsOf } from "../numerics/float32.ts";
import type { InitRule } from "../numerics/start-draw.ts";
import { mul, scalar } from "../ops/build.ts";
import { newDraft } from "../ops/table.ts";
import type { Tensor, TensorType } from "../tensor/tensor.ts";
import { gradients } from "./backward.ts";
import { declareOptimizer, type Optimizer } from "./optimizer.ts";

/** `rule`: how a job has it drawn; `start` is then one of the values that it may begin with. */
export type StateSpec = { readonly name: string; readonly start: Tensor; readonly rule?: InitRule };
export type BatchSpec = { readonly name: string; readonly type: TensorType };

/** What a model builder hands over: parameters with start values, batch inputs, and how the loss comes about. */
export type Model<Result extends Loss = ValueId> = {
  readonly parameters: readonly StateSpec[];
  /** State that the forward pass renews and no gradient changes: running statistics. */
  readonly buffers?: readonly StateSpec[];
  readonly batch: readonly BatchSpec[];
  /** `state`: the parameters, then the buffers. */
  readonly loss: (draft: Draft, state: readonly ValueId[], batch: readonly ValueId[]) => Result;
};

/** The loss, with the new value of each buffer where there are any. */
export type Loss = ValueId | { readonly loss: ValueId; readonly buffers: readonly ValueId[] };

export type TrainStep = {
  readonly graph: Graph;
  /** One per state input of the graph: the parameters, the buffers, then the optimizer's. */
  readonly state: readonly StateSpec[];
};

/** Forward, loss, backward and update as one graph: state then batch in, new state and loss out. */
export function trainStep(model: Model<Loss>, optimizer: Optimizer): TrainStep {
  const draft = newDraft();
  const declared = (specs: readonly StateSpec[]) => specs.map(({ name, start }) => stateInput(draft, name, start));
  const parameters = declared(model.parameters);
  const buffers = declared(model.buffers ?? []);
  const update = declareOptimizer(draft, optimizer, parameters);
  const batch = model.batch.map(({ name, type }) => batchInput(draft, name, type));
  const result = model.loss(draft, [...parameters, ...buffers], batch);
  const { loss, buffers: renewed } = typeof result === "number" ? { loss: result, buffers } : result;
  const updated = update.apply(scaledGradients(draft, loss, parameters, optimizer.lossScale ?? 1));
  const stateOutputs = [...updated.slice(0, parameters.length), ...renewed, ...updated.slice(parameters.length)];
  const state: readonly StateSpec[] = [...model.parameters, ...(model.buffers ?? []), ...update.states];
  for (const [i, id] of stateOutputs.entries()) rename(draft, id, unusedName(draft, `next_${state[i]!.name}`));
  rename(draft, loss, unusedName(draft, "loss"));
  const graph = finish(draft, { kind: "train", stateOutputs, loss });
  return state.some(({ rule }) => rule !== undefined) ? withRules(graph, state) : { graph, state };
}

/** ∂(s·loss)/s, exact where s is a power of two and nothing leaves the range. */
function scaledGradients(draft: Draft, loss: ValueId, parameters: readonly ValueId[], scale: number): ValueId[] {
  if (scale === 1) return gradients(draft, loss, parameters);
  const scaled = gradients(draft, mul(draft, loss, scalar(draft, scale)), parameters);
  return scaled.map((gradient) => mul(draft, gradient, scalar(draft, 1 / scale)));
}

/** Where anything is drawn, what is one number throughout (biases, moments, counters) starts by a rule as well: nobody uploads it. */
function withRules(graph: Graph, specs: readonly StateSpec[]): TrainStep {
  const state = specs.map((spec): StateSpec => {
    const rule = spec.rule ?? fillRule(spec.start);
    return rule === undefined ? spec : { ...spec, rule };
  });
  const stateInputs = graph.stateInputs.map((input, i) => {
    const { rule } = state[i]!;
    return rule === undefined ? input : { ...input, rule };
  });
  return { graph: { ...graph, stateInputs }, state };
}

function fillRule({ dtype, data }: Tensor): InitRule | undefined {
  if (dtype !== "float32" || data.length === 0) return undefined;
  const bits = bitsOf(Number(data[0]));
  return data.every((x) => bitsOf(Number(x)) === bits) ? { init: INIT.fill, scaleBits: bits } : undefined;
}
