import type { Hex } from "viem";
import type { EncodedGraph, EncodedStateInput, EncodedValue } from "../../common/graph-encoding.ts";
import type { Task } from "../../common/task.ts";
import { ZERO_SOURCE } from "../graph/graph.ts";
import { sameShape } from "../tensor/tensor.ts";
import { type HeaderProof, type NextStateProof, nextStateProof } from "./proofs.ts";

/** Where an inference or evaluation starts from something that its model is not (P14.2), and what shows it. */
export type SourceFlaw = {
  readonly kind: "source";
  readonly state: number;
  readonly reason: string;
  /** Any claim of the model. */
  readonly claimHash: Hex;
  readonly task: Task;
  readonly header: HeaderProof;
  /** What the model has there; undefined: no such tensor. */
  readonly tensor: NextStateProof | undefined;
};

/** A model as a claim of it shows it: its task, the header of its graph and, where anybody serves it, the graph. */
export type ShownModel = Pick<SourceFlaw, "claimHash" | "task" | "header"> & {
  readonly encoded: EncodedGraph | undefined;
};

/**
 * The first state that starts from a tensor which the model has not, or has of another type. Where nobody serves the model's graph, its
 * tensors count as being of the types that are asked for: L1 knows them by their bytes alone, too.
 */
export function sourceFlaw(states: readonly EncodedStateInput[], model: ShownModel): SourceFlaw | undefined {
  const { claimHash, task, header, encoded } = model;
  const count = header.header.nextStates;
  for (const [state, input] of states.entries()) {
    const { source } = input;
    if (source === ZERO_SOURCE) continue;
    const flaw = { kind: "source", state, claimHash, task, header } as const;
    if (source >= count) {
      const reason = `state ${state} starts from tensor ${source} of a model of ${count}`;
      return { ...flaw, reason, tensor: undefined };
    }
    if (encoded === undefined || isOfType(encoded.nextStates[source]!, input)) continue;
    const reason = `state ${state} starts from tensor ${source} of the model, which is of another type`;
    return { ...flaw, reason, tensor: nextStateProof(encoded, source) };
  }
  return undefined;
}

const isOfType = (value: EncodedValue, { dtype, shape }: EncodedStateInput): boolean =>
  value.dtype === dtype && sameShape(value.shape, shape);
