import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import type { Session } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { uncanonicalValue } from "../trace/canonical.ts";
import type { StepRoots } from "../trace/step.ts";
import { rootsInParts, type StepValues } from "../trace/values.ts";
import { openSpill, type Spill } from "./spill.ts";

/** The challenger's own computation of one step, of which no more than a slice is in memory at once. */
export type OwnStep = {
  readonly roots: StepRoots;
  /** The first value that no claim may hold, and where. */
  readonly broken: { readonly id: ValueId; readonly element: number } | undefined;
  /** By value id: what the step starts from and ends in; all of it where one slice holds it. */
  readonly ends: StepValues;
  /** Whether `ends` is all of it. */
  readonly isWhole: boolean;
  /** `ends` and these values. */
  readonly values: (ids: readonly ValueId[]) => Promise<StepValues>;
  readonly close: () => Promise<void>;
};

/** @param slices see `slicesOf`; of more than one, what has to be looked at again is computed once more and lies on the disk */
export async function computeOwnStep(
  graph: Graph,
  session: Session,
  slices: readonly (readonly ValueId[])[],
  state: readonly Tensor[],
  batch: readonly Tensor[],
): Promise<OwnStep> {
  const computed = new Set(graph.nodes.map(({ output }) => output));
  const isEnd = (id: ValueId) => !computed.has(id) || graph.stateOutputs.includes(id) || id === graph.loss;
  const isWhole = slices.length === 1;
  const parts = rootsInParts(graph);
  const ends: Tensor[] = [];
  let broken: OwnStep["broken"];
  for (const slice of slices) {
    const tensors = await session.values(state, batch, slice);
    const values = new Map(slice.map((id, i) => [id, tensors[i]!]));
    parts.add(values);
    const found = uncanonicalValue(graph, values);
    if (found !== undefined && (broken === undefined || found.id < broken.id)) broken = found;
    for (const [id, tensor] of values) if (isWhole || isEnd(id)) ends[id] = tensor;
  }
  let spilling: Promise<Spill> | undefined;

  async function spill(): Promise<Spill> {
    const file = await openSpill();
    for (const slice of slices) {
      const ids = slice.filter((id) => !isEnd(id));
      if (ids.length === 0) continue;
      const tensors = await session.values(state, batch, ids);
      for (const [i, id] of ids.entries()) await file.put(id, tensors[i]!);
    }
    return file;
  }

  return {
    roots: parts.roots(),
    broken,
    ends,
    isWhole,
    values: async (ids) => {
      const values = [...ends];
      for (const id of ids) {
        if (values[id] !== undefined) continue;
        spilling ??= spill();
        const { dtype, shape } = valueAt(graph, id);
        values[id] = await (await spilling).get(id, { dtype, shape });
      }
      return values;
    },
    close: async () => (await spilling)?.close(),
  };
}
