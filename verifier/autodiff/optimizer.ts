import { constant, type Draft, stateInput } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import { add, div, mul, scalar, sqrt, sub } from "../ops/build.ts";
import { float32, type Tensor, zeros } from "../tensor/tensor.ts";

/** Rates are constants of the graph: there are no host scalars. */
export type Optimizer =
  | { readonly kind: "sgd"; readonly learningRate: number }
  | { readonly kind: "momentum"; readonly learningRate: number; readonly momentum: number }
  | {
      readonly kind: "adam";
      readonly learningRate: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
    };

/** A state tensor the optimizer adds behind the parameters, with its value before step 0. */
export type OptimizerState = { readonly name: string; readonly start: Tensor };

export type Update = {
  readonly states: readonly OptimizerState[];
  /** Given the gradients, in the order of the parameters: the new value of every state tensor. */
  readonly apply: (gradients: readonly ValueId[]) => ValueId[];
};

/** Declares the optimizer's state inputs; call it after the parameters and before the batch inputs. */
export function declareOptimizer(draft: Draft, optimizer: Optimizer, parameters: readonly ValueId[]): Update {
  switch (optimizer.kind) {
    case "sgd":
      return {
        states: [],
        apply: (gradients) => parameters.map((p, i) => descend(draft, p, gradients[i]!, optimizer.learningRate)),
      };
    case "momentum":
      return declareMomentum(draft, optimizer, parameters);
    case "adam":
      return declareAdam(draft, optimizer, parameters);
  }
}

const descend = (draft: Draft, parameter: ValueId, direction: ValueId, rate: number): ValueId =>
  sub(draft, parameter, mul(draft, direction, scalar(draft, rate)));

const alike = (draft: Draft, prefix: string, parameters: readonly ValueId[]): OptimizerState[] =>
  parameters.map((id) => {
    const { name, dtype, shape } = valueAt(draft, id);
    return { name: `${prefix}_${name}`, start: zeros({ dtype, shape }) };
  });

const declared = (draft: Draft, states: readonly OptimizerState[]): ValueId[] =>
  states.map(({ name, start }) => stateInput(draft, name, start));

/** v' = μv + g, p' = p − ηv' */
function declareMomentum(
  draft: Draft,
  { learningRate, momentum }: Extract<Optimizer, { kind: "momentum" }>,
  parameters: readonly ValueId[],
): Update {
  const states = alike(draft, "velocity", parameters);
  const velocities = declared(draft, states);
  return {
    states,
    apply: (gradients) => {
      const next = velocities.map((v, i) => add(draft, mul(draft, v, scalar(draft, momentum)), gradients[i]!));
      return [...parameters.map((p, i) => descend(draft, p, next[i]!, learningRate)), ...next];
    },
  };
}

/**
 * m' = β₁m + (1−β₁)g, v' = β₂v + (1−β₂)g², p' = p − (η/(1−β₁ᵗ))·m' / (√v'/√(1−β₂ᵗ) + ε).
 * β₁ᵗ and β₂ᵗ are state of shape [1], multiplied once a step: Pow has no order that a contract could replay.
 */
function declareAdam(
  draft: Draft,
  { learningRate, beta1, beta2, epsilon }: Extract<Optimizer, { kind: "adam" }>,
  parameters: readonly ValueId[],
): Update {
  const one = float32([1], [1]);
  const moments = [...alike(draft, "first_moment", parameters), ...alike(draft, "second_moment", parameters)];
  const states = [...moments, { name: "beta1_power", start: one }, { name: "beta2_power", start: one }];
  const ids = declared(draft, states);
  const count = parameters.length;
  return {
    states,
    apply: (gradients) => {
      const rate = (value: number) => constant(draft, float32([1], [value]));
      const decayed = (moment: ValueId, beta: number, term: ValueId) =>
        add(draft, mul(draft, moment, scalar(draft, beta)), mul(draft, term, scalar(draft, 1 - beta)));
      const power1 = mul(draft, ids[2 * count]!, rate(beta1));
      const power2 = mul(draft, ids[2 * count + 1]!, rate(beta2));
      const stepSize = div(draft, rate(learningRate), sub(draft, rate(1), power1));
      const correction = sqrt(draft, sub(draft, rate(1), power2));
      const first = gradients.map((g, i) => decayed(ids[i]!, beta1, g));
      const second = gradients.map((g, i) => decayed(ids[count + i]!, beta2, mul(draft, g, g)));
      const next = parameters.map((p, i) => {
        const width = add(draft, div(draft, sqrt(draft, second[i]!), correction), scalar(draft, epsilon));
        return sub(draft, p, div(draft, mul(draft, first[i]!, stepSize), width));
      });
      return [...next, ...first, ...second, power1, power2];
    },
  };
}
