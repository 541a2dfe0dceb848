import type { Draft } from "../graph/draft.ts";
import { batchInput, rename, stateInput } from "../graph/draft.ts";
import { finish } from "../graph/finish.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { newDraft } from "../ops/table.ts";
import type { Tensor, TensorType } from "../tensor/tensor.ts";
import { gradients } from "./backward.ts";
import { declareOptimizer, type Optimizer } from "./optimizer.ts";

export type StateSpec = { readonly name: string; readonly start: Tensor };
export type BatchSpec = { readonly name: string; readonly type: TensorType };

/** What a model builder hands over: parameters with start values, batch inputs, and how the loss comes about. */
export type Model = {
  readonly parameters: readonly StateSpec[];
  readonly batch: readonly BatchSpec[];
  readonly loss: (draft: Draft, parameters: readonly ValueId[], batch: readonly ValueId[]) => ValueId;
};

export type TrainStep = {
  readonly graph: Graph;
  /** One per state input of the graph: the parameters, then the optimizer's. */
  readonly state: readonly StateSpec[];
};

/** Forward, loss, backward and update as one graph: state then batch in, new state and loss out. */
export function trainStep(model: Model, optimizer: Optimizer): TrainStep {
  const draft = newDraft();
  const parameters = model.parameters.map(({ name, start }) => stateInput(draft, name, start));
  const update = declareOptimizer(draft, optimizer, parameters);
  const batch = model.batch.map(({ name, type }) => batchInput(draft, name, type));
  const loss = model.loss(draft, parameters, batch);
  const stateOutputs = update.apply(gradients(draft, loss, parameters));
  const state = [...model.parameters, ...update.states];
  for (const [i, id] of stateOutputs.entries()) rename(draft, id, `next_${state[i]!.name}`);
  rename(draft, loss, "loss");
  return { graph: finish(draft, { kind: "train", stateOutputs, loss }), state };
}
