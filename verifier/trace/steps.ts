import type { ValueId } from "../graph/graph.ts";
import type { SegmentResult, Session } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A session that is told which step of the run it computes. The honest one does not care. */
export type Steps = {
  /** Consecutive steps from `first`; each batch tensor has a leading axis of steps. */
  readonly segment: (first: number, state: readonly Tensor[], batches: readonly Tensor[]) => Promise<SegmentResult>;
  /** Values of one step, in the order asked for. */
  readonly values: (
    step: number,
    state: readonly Tensor[],
    batch: readonly Tensor[],
    ids: readonly ValueId[],
  ) => Promise<readonly Tensor[]>;
  readonly close: () => Promise<void>;
};

export const stepsOf = (session: Session): Steps => ({
  segment: (_first, state, batches) => session.segment(state, batches),
  values: (_step, state, batch, ids) => session.values(state, batch, ids),
  close: () => session.close(),
});
