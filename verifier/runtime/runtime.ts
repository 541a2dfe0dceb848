import type { Graph, ValueId } from "../graph/graph.ts";
import type { Tensor } from "../tensor/tensor.ts";

export type StepResult = {
  /** As `graph.stateOutputs`: the new state, or `[y]` of an inference. */
  readonly state: readonly Tensor[];
  /** Of a training graph, else null. */
  readonly loss: Tensor | null;
};

export type SegmentResult = {
  readonly state: readonly Tensor[];
  /** float32 [steps, …loss shape], or null where the graph has no loss. */
  readonly losses: Tensor | null;
  /** Some value of some step may have held an infinity or a NaN: they have to be looked at. Never false if one did. */
  readonly suspect: boolean;
};

/** A graph loaded into an executor. Calls are served one after the other. Tensors handed in are not changed, nor may they be
 * until the call is answered: those in shared memory are read where they lie. */
export type Session = {
  /** One step. `state` and `batch` as `graph.stateInputs` and `graph.batchInputs`. */
  readonly step: (state: readonly Tensor[], batch: readonly Tensor[]) => Promise<StepResult>;
  /** Any values of one step, inputs and constants included, in the order asked for. */
  readonly values: (
    state: readonly Tensor[],
    batch: readonly Tensor[],
    ids: readonly ValueId[],
  ) => Promise<readonly Tensor[]>;
  /** Consecutive steps in one call; each batch tensor has a leading axis of steps. Bitwise equal to single steps. */
  readonly segment: (state: readonly Tensor[], batches: readonly Tensor[]) => Promise<SegmentResult>;
  readonly close: () => Promise<void>;
};

export type Runtime = {
  readonly name: string;
  readonly open: (graph: Graph) => Promise<Session>;
};
