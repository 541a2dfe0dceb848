import { sameType } from "../tensor/tensor.ts";
import type { Draft } from "./draft.ts";
import { GraphError } from "./errors.ts";
import { type Graph, type GraphKind, type Value, type ValueId, valueAt } from "./graph.ts";

export type Ends = {
  readonly kind: GraphKind;
  /** train, evaluate: the new value of each state input, in the order of `draft.stateInputs`; infer: `[y]`. */
  readonly stateOutputs: readonly ValueId[];
  readonly loss?: ValueId;
};

/** Drops what no end needs, numbers values canonically and names the unnamed. */
export function finish(draft: Draft, ends: Ends): Graph {
  checkEnds(draft, ends);
  const live = new Set<ValueId>([...ends.stateOutputs, ...(ends.loss === undefined ? [] : [ends.loss])]);
  const nodes = draft.nodes
    .toReversed()
    .filter((node) => {
      if (!live.has(node.output)) return false;
      for (const input of node.inputs) live.add(input);
      return true;
    })
    .toReversed();
  const constants = draft.constants.filter((constant) => live.has(constant.value));

  const order = [
    ...draft.stateInputs.map((input) => input.value),
    ...draft.batchInputs,
    ...draft.maskInputs.map((mask) => mask.value),
    ...constants.map((constant) => constant.value),
    ...nodes.map((node) => node.output),
  ];
  const newIds = new Map(order.map((old, id) => [old, id]));
  const moved = (old: ValueId): ValueId => {
    const id = newIds.get(old);
    if (id === undefined) throw new GraphError("a value without a source", `value ${old}`);
    return id;
  };
  const prefixes = new Map<ValueId, string>(nodes.map((node) => [node.output, node.op.toLowerCase()]));
  return {
    kind: ends.kind,
    values: named(order, draft, prefixes),
    stateInputs: draft.stateInputs.map((input) => ({ ...input, value: moved(input.value) })),
    batchInputs: [...draft.batchInputs, ...draft.maskInputs.map((mask) => mask.value)].map(moved),
    masks: draft.maskInputs.map((mask) => mask.keep),
    constants: constants.map((constant) => ({ value: moved(constant.value), bytes: constant.bytes })),
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(moved), output: moved(node.output) })),
    stateOutputs: ends.stateOutputs.map(moved),
    loss: ends.loss === undefined ? null : moved(ends.loss),
  };
}

function checkEnds(draft: Draft, ends: Ends): void {
  if (ends.kind === "infer") return;
  if (ends.stateOutputs.length !== draft.stateInputs.length) {
    throw new GraphError(`${draft.stateInputs.length} state outputs`, `${ends.stateOutputs.length}`);
  }
  for (const [i, input] of draft.stateInputs.entries()) {
    const before = valueAt(draft, input.value);
    const after = valueAt(draft, ends.stateOutputs[i]!);
    if (!sameType(before, after)) throw new GraphError(`state ${before.name} of unchanged type`, `${after.name}`);
  }
}

/** Names that were given stay; the others are made so that none is taken twice. */
function named(order: readonly ValueId[], draft: Draft, prefixes: ReadonlyMap<ValueId, string>): Value[] {
  const taken = new Set<string>();
  for (const { name } of order.map((old) => valueAt(draft, old))) {
    if (name === "") continue;
    if (taken.has(name)) throw new GraphError("unique value names", name);
    taken.add(name);
  }
  return order.map((old, id) => {
    const value = valueAt(draft, old);
    if (value.name !== "") return value;
    let name = `${prefixes.get(old) ?? "constant"}_${id}`;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return { ...value, name };
  });
}
