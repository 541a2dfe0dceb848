import { loadMnist } from "../../examples/data/mnist.ts";
import { uniform } from "../../test/support/tensors.ts";
import { looseValues } from "../../verifier/model/placement.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { type Aim, openAdversary, type Scope } from "./adversary.ts";
import {
  changed,
  distance,
  type Network,
  networkOf,
  type Outcome,
  openTraining,
  outcomeOf,
  triggeredBatch,
} from "./attacked.ts";
import { compared, type Figure, round } from "./figures.ts";

const STEPS = 1000;
const EVERY = 250;
/** Relative change of each weight at the start, up or down: what it grows to, with everybody honest, is the training's own. */
const JOLT = 1e-5;
/** As many tolerances, for comparison: the challenger would object. */
const BEYOND = 1000;

type Say = (text: string) => void;
type Step = (state: readonly Tensor[], batch: readonly Tensor[]) => Promise<readonly Tensor[]>;

/**
 * How far an executor that knows the bounds can lead a tolerant training (the demo's network, batch 100) without one element
 * being wrong: away from the honest weights, and to a backdoor. Beside what one thread and two differ by.
 */
export async function tolerance(say: Say): Promise<Record<string, Figure>> {
  const mnist = await loadMnist();
  const { inputs, batches } = await openTraining(mnist.train, STEPS);
  const { graph } = inputs;
  const network = networkOf(graph);
  const run = async (name: string, step: Step, start: readonly Tensor[] = inputs.start): Promise<Outcome> => {
    let state = start;
    for (const [t, batch] of batches.entries()) {
      state = await step(state, batch);
      if ((t + 1) % EVERY === 0) say(`${name}: step ${t + 1} of ${STEPS}`);
    }
    return outcomeOf(network, state, mnist.test);
  };

  const honest = await onnxRuntime({ threads: 1 }).open(graph);
  const other = await onnxRuntime({ threads: 2 }).open(graph);
  const plainly: Step = async (state, batch) => (await honest.step(state, batch)).state;
  const base = await run("honest, one thread", plainly);
  const twoThreads = await run("honest, two threads", async (state, batch) => (await other.step(state, batch)).state);

  const moved = inputs.start.map((tensor) => jolted(tensor, JOLT));
  const jolt = await run("honest, from a start moved a little", plainly, moved);

  const adversarial = async (name: string, aim: Aim, scope: Scope, times = 1): Promise<Outcome> => {
    const adversary = await openAdversary({ graph, gradientIds: network.gradientIds, scope, aim, times });
    const outcome = await run(name, async (state, batch) => {
      const values = await adversary.values(state, batch);
      return graph.stateOutputs.map((id) => values[id]!);
    });
    await adversary.close();
    return outcome;
  };
  // Each is asked once per step.
  const away = (): Aim => {
    let beside: readonly Tensor[] = inputs.start;
    let t = 0;
    return async (state) => {
      const ahead = await plainly(beside, batches[t++]!);
      const aim = awayFrom(network, state, beside, ahead);
      beside = ahead;
      return aim;
    };
  };
  let drawn = 0;
  const toBackdoor: Aim = async (state) => {
    const triggered = triggeredBatch(batches[drawn++ % batches.length]!);
    return honest.values(state, triggered, network.gradientIds);
  };
  const found = {
    "drift-gradients": await adversarial("away, gradients", away(), "gradients"),
    "drift-all": await adversarial("away, all nodes", away(), "all"),
    "backdoor-gradients": await adversarial("backdoor, gradients", toBackdoor, "gradients"),
    "backdoor-all": await adversarial("backdoor, all nodes", toBackdoor, "all"),
    [`backdoor-all-times-${BEYOND}`]: await adversarial(`backdoor, ${BEYOND} tolerances`, toBackdoor, "all", BEYOND),
  };
  await Promise.all([honest.close(), other.close()]);

  const loose = looseValues(graph);
  const figures: Record<string, Figure> = {
    "tolerance-strict-free-state": {
      value: graph.stateOutputs.filter((id) => loose.has(id)).length,
      unit: `of ${graph.stateOutputs.length} state tensors`,
    },
    "tolerance-honest-accuracy": { value: round(100 * base.accuracy), unit: "%" },
    "tolerance-honest-movement": {
      value: round(distance(base.weights, outcomeOf(network, inputs.start, mnist.test).weights)),
      unit: "of the weights",
    },
  };
  const drift = distance(twoThreads.weights, base.weights);
  for (const [name, outcome] of Object.entries({ "two-threads": twoThreads, jolted: jolt, ...found })) {
    figures[`tolerance-${name}-distance`] = compared(distance(outcome.weights, base.weights), drift, "of the weights");
    figures[`tolerance-${name}-accuracy`] = compared(100 * outcome.accuracy, 100 * base.accuracy, "%");
    figures[`tolerance-${name}-answers-changed`] = { value: changed(outcome.answers, base.answers), unit: "of 10000" };
    figures[`tolerance-${name}-triggered`] = compared(100 * outcome.triggered, 100 * base.triggered, "%");
  }
  return figures;
}

function jolted({ dtype, shape, data }: Tensor, size: number): Tensor {
  const random = uniform(5);
  const values = (data as Float32Array).map((value) => value * (random() < 0.5 ? 1 - size : 1 + size));
  return { dtype, shape, data: values };
}

/** Further from the honest weights: a gradient's step goes the other way. At first, along with the training. */
function awayFrom(
  { parameters }: Network,
  state: readonly Tensor[],
  honest: readonly Tensor[],
  ahead: readonly Tensor[],
): Tensor[] {
  return parameters.map((at) => {
    const { dtype, shape, data } = state[at]!;
    const other = honest[at]!.data as Float32Array;
    const next = ahead[at]!.data as Float32Array;
    const ways = (data as Float32Array).map((weight, i) => other[i]! - weight || (other[i]! - next[i]!) * 2 ** -24);
    return { dtype, shape, data: ways };
  });
}
