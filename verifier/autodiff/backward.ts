import type { Composite, Draft } from "../graph/draft.ts";
import { constant } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { valueAt } from "../graph/graph.ts";
import { add, scalar } from "../ops/build.ts";
import { ops } from "../ops/table.ts";
import { describe, sizeOf, zeros } from "../tensor/tensor.ts";
import { GradientError } from "./errors.ts";

type Step = {
  readonly inputs: readonly ValueId[];
  readonly output: ValueId;
  readonly vjp: (gradient: ValueId) => readonly (ValueId | null)[];
};

/**
 * Reverse-mode differentiation that emits graph: the gradients of the scalar `loss` with respect to `parameters` are
 * nodes of the same draft, committed and disputed like any others. A parameter the loss does not depend on gets zeros.
 */
export function gradients(draft: Draft, loss: ValueId, parameters: readonly ValueId[]): ValueId[] {
  const lossType = valueAt(draft, loss);
  if (lossType.dtype !== "float32" || sizeOf(lossType.shape) !== 1) {
    throw new GradientError("a loss of one float32 element", describe(lossType));
  }
  const steps = stepsOf(draft);
  const needed = descendants(steps, parameters);
  const gradientOf = new Map<ValueId, ValueId>([[loss, seed(draft, loss)]]);
  for (const step of steps.toReversed()) {
    const gradient = gradientOf.get(step.output);
    if (gradient === undefined || !step.inputs.some((input) => needed.has(input))) continue;
    for (const [i, partial] of step.vjp(gradient).entries()) {
      const input = step.inputs[i]!;
      if (partial === null || !needed.has(input)) continue;
      const earlier = gradientOf.get(input);
      gradientOf.set(input, earlier === undefined ? partial : add(draft, earlier, partial));
    }
  }
  return parameters.map((parameter) => gradientOf.get(parameter) ?? constant(draft, zeros(valueAt(draft, parameter))));
}

/** The nodes so far, each composite's as one. */
function stepsOf(draft: Draft): Step[] {
  const composites = new Map<number, Composite>(draft.composites.map((item) => [item.firstNode, item]));
  const steps: Step[] = [];
  for (let i = 0; i < draft.nodes.length; i++) {
    const whole = composites.get(i);
    if (whole !== undefined) {
      steps.push(whole);
      i = Math.max(i, whole.lastNode);
      continue;
    }
    const node = draft.nodes[i]!;
    steps.push({
      inputs: node.inputs,
      output: node.output,
      vjp: (gradient) => ops[node.op].vjp(draft, node, gradient),
    });
  }
  return steps;
}

function descendants(steps: readonly Step[], roots: readonly ValueId[]): Set<ValueId> {
  const reached = new Set(roots);
  for (const step of steps) if (step.inputs.some((input) => reached.has(input))) reached.add(step.output);
  return reached;
}

function seed(draft: Draft, loss: ValueId): ValueId {
  const { shape } = valueAt(draft, loss);
  return shape.length === 0 ? scalar(draft, 1) : constant(draft, { dtype: "float32", shape, data: Float32Array.of(1) });
}
