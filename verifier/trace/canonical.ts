import { AnhError } from "../../common/errors.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Index of the first element that no claim may hold (P7.5): an infinity, a NaN, a bool beyond 1. */
export function firstUncanonical({ dtype, data }: Tensor): number | undefined {
  if (dtype !== "float32" && dtype !== "bool") return undefined;
  const elements = data as Float32Array | Uint8Array;
  const isFloat = dtype === "float32";
  // A loop: datasets have millions of elements.
  for (let i = 0; i < elements.length; i++) if (isFloat ? !Number.isFinite(elements[i]) : elements[i]! > 1) return i;
  return undefined;
}

/** The first value of a step, by its id, with such an element. Constants are the graph's, which was checked. */
export function uncanonicalValue(
  graph: Graph,
  values: Pick<ReadonlyMap<ValueId, Tensor>, "entries">,
): { id: ValueId; element: number } | undefined {
  const constants = new Set(graph.constants.map(({ value }) => value));
  for (const [id, tensor] of values.entries()) {
    const element = constants.has(id) ? undefined : firstUncanonical(tensor);
    if (element !== undefined) return { id, element };
  }
  return undefined;
}

/** Where a run holds what no claim may hold. */
export type Uncanonical = {
  readonly segment: number;
  /** Of the run; undefined where a segment's steps are not looked at one by one. */
  readonly step: number | undefined;
  /** Name of the graph's value, "state" or "metrics". */
  readonly value: string;
};

/** A run whose honest result could be proven wrong, or left without an answer: it is not claimed. */
export class DeclinedError extends AnhError {
  readonly at: Uncanonical | undefined;
  constructor(message: string, at?: Uncanonical) {
    super("declined", message, { hint: "a claim of it could be lost (docs/numerics.md N1.5)" });
    this.at = at;
  }
}

/** Throws `DeclinedError` if a dataset, an input or a start state holds such an element. */
export function requireCanonical(inputs: {
  readonly dataset: { readonly tensors: readonly Tensor[] };
  readonly start: readonly Tensor[];
}): void {
  for (const [name, tensors] of [
    ["dataset", inputs.dataset.tensors],
    ["start state", inputs.start],
  ] as const)
    for (const [i, tensor] of tensors.entries()) {
      const element = firstUncanonical(tensor);
      if (element !== undefined) throw new DeclinedError(`element ${element} of tensor ${i} of the ${name}`);
    }
}
