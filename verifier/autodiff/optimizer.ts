import { constant, type Draft, stateInput } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import { add, div, mul, reshape, scalar, shapeOf, sqrt, sub } from "../ops/build.ts";
import { float32, type Tensor, zeros } from "../tensor/tensor.ts";
import { clipGradients } from "./clip-gradients.ts";
import { type Schedule, scheduledRate } from "./schedule.ts";

/** Rates are constants of the graph, or looked up by a step counter in its state: there are no host scalars. */
export type Optimizer = Rule & {
  readonly learningRate: number;
  /** Without it the learning rate stays as it is. */
  readonly schedule?: Schedule;
  /** Gradients are shortened together to at most this norm. */
  readonly clipNorm?: number;
  /** Gradients are computed of so many times the loss, and divided by it before anything else: small ones are not lost in fp16. */
  readonly lossScale?: number;
};

type Rule =
  | { readonly kind: "sgd" }
  | { readonly kind: "momentum"; readonly momentum: number }
  | ({ readonly kind: "adam" } & AdamRule)
  /** Weight decay apart from the gradient (Loshchilov and Hutter, 2019), of matrices alone, not of biases and scales. */
  | ({ readonly kind: "adamw"; readonly weightDecay: number } & AdamRule);

type AdamRule = { readonly beta1: number; readonly beta2: number; readonly epsilon: number };

/** A state tensor the optimizer adds behind the parameters, with its value before step 0. */
export type OptimizerState = { readonly name: string; readonly start: Tensor };

export type Update = {
  readonly states: readonly OptimizerState[];
  /** Given the gradients, in the order of the parameters: the new value of every state tensor. */
  readonly apply: (gradients: readonly ValueId[]) => ValueId[];
};

/** The step's learning rate: as a constant of either shape, or of shape [1] where it is scheduled. */
type Rate = (shape: readonly [] | readonly [1]) => ValueId;

type RuleUpdate = {
  readonly states: readonly OptimizerState[];
  readonly apply: (gradients: readonly ValueId[], rate: Rate) => ValueId[];
};

/** Declares the optimizer's state inputs; call it after the parameters and before the batch inputs. */
export function declareOptimizer(draft: Draft, optimizer: Optimizer, parameters: readonly ValueId[]): Update {
  const { learningRate, schedule, clipNorm } = optimizer;
  const rule = declareRule(draft, optimizer, parameters);
  const clipped = (gradients: readonly ValueId[]) =>
    clipNorm === undefined || gradients.length === 0 ? gradients : clipGradients(draft, gradients, clipNorm);
  if (schedule === undefined) {
    return {
      states: rule.states,
      apply: (gradients) => rule.apply(clipped(gradients), (shape) => constant(draft, float32(shape, [learningRate]))),
    };
  }
  const counter = { name: "step", start: zeros({ dtype: "float32", shape: [1] }) };
  const step = stateInput(draft, counter.name, counter.start);
  return {
    states: [...rule.states, counter],
    apply: (gradients) => {
      const rate = scheduledRate(draft, schedule, learningRate, step);
      return [...rule.apply(clipped(gradients), () => rate), add(draft, step, scalar(draft, 1))];
    },
  };
}

function declareRule(draft: Draft, rule: Rule, parameters: readonly ValueId[]): RuleUpdate {
  switch (rule.kind) {
    case "sgd":
      return {
        states: [],
        apply: (gradients, rate) => parameters.map((p, i) => descend(draft, p, gradients[i]!, rate)),
      };
    case "momentum":
      return declareMomentum(draft, rule, parameters);
    case "adam":
      return declareAdam(draft, rule, 0, parameters);
    case "adamw":
      return declareAdam(draft, rule, rule.weightDecay, parameters);
  }
}

/** A rate of shape [1] would make a scalar parameter one of rank 1. */
const descend = (draft: Draft, parameter: ValueId, direction: ValueId, rate: Rate): ValueId =>
  reshape(draft, sub(draft, parameter, mul(draft, direction, rate([]))), shapeOf(draft, parameter));

const alike = (draft: Draft, prefix: string, parameters: readonly ValueId[]): OptimizerState[] =>
  parameters.map((id) => {
    const { name, dtype, shape } = valueAt(draft, id);
    return { name: `${prefix}_${name}`, start: zeros({ dtype, shape }) };
  });

const declared = (draft: Draft, states: readonly OptimizerState[]): ValueId[] =>
  states.map(({ name, start }) => stateInput(draft, name, start));

/** v' = μv + g, p' = p − ηv' */
function declareMomentum(draft: Draft, { momentum }: { momentum: number }, parameters: readonly ValueId[]): RuleUpdate {
  const states = alike(draft, "velocity", parameters);
  const velocities = declared(draft, states);
  return {
    states,
    apply: (gradients, rate) => {
      const next = velocities.map((v, i) => add(draft, mul(draft, v, scalar(draft, momentum)), gradients[i]!));
      return [...parameters.map((p, i) => descend(draft, p, next[i]!, rate)), ...next];
    },
  };
}

/**
 * m' = β₁m + (1−β₁)g, v' = β₂v + (1−β₂)g², p' = p·(1 − ηλ) − (η/(1−β₁ᵗ))·m' / (√v'/√(1−β₂ᵗ) + ε), λ the weight decay.
 * β₁ᵗ and β₂ᵗ are state of shape [1], multiplied once a step: Pow has no order that a contract could replay.
 */
function declareAdam(
  draft: Draft,
  { beta1, beta2, epsilon }: AdamRule,
  weightDecay: number,
  parameters: readonly ValueId[],
): RuleUpdate {
  const one = float32([1], [1]);
  const moments = [...alike(draft, "first_moment", parameters), ...alike(draft, "second_moment", parameters)];
  const states = [...moments, { name: "beta1_power", start: one }, { name: "beta2_power", start: one }];
  const ids = declared(draft, states);
  const count = parameters.length;
  return {
    states,
    apply: (gradients, rate) => {
      const whole = (value: number) => constant(draft, float32([1], [value]));
      const averaged = (moment: ValueId, beta: number, term: ValueId) =>
        add(draft, mul(draft, moment, scalar(draft, beta)), mul(draft, term, scalar(draft, 1 - beta)));
      const power1 = mul(draft, ids[2 * count]!, whole(beta1));
      const power2 = mul(draft, ids[2 * count + 1]!, whole(beta2));
      const stepSize = div(draft, rate([1]), sub(draft, whole(1), power1));
      const correction = sqrt(draft, sub(draft, whole(1), power2));
      const first = gradients.map((g, i) => averaged(ids[i]!, beta1, g));
      const second = gradients.map((g, i) => averaged(ids[count + i]!, beta2, mul(draft, g, g)));
      const kept = (p: ValueId) =>
        weightDecay === 0 || shapeOf(draft, p).length < 2
          ? p
          : mul(draft, p, sub(draft, scalar(draft, 1), mul(draft, rate([]), scalar(draft, weightDecay))));
      const next = parameters.map((p, i) => {
        const width = add(draft, div(draft, sqrt(draft, second[i]!), correction), scalar(draft, epsilon));
        const step = div(draft, mul(draft, first[i]!, stepSize), width);
        return reshape(draft, sub(draft, kept(p), step), shapeOf(draft, p));
      });
      return [...next, ...first, ...second, power1, power2];
    },
  };
}
