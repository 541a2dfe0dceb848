import type { Hex } from "viem";
import { PLACE } from "../../common/graph-encoding.ts";
import type { Graph } from "../graph/graph.ts";
import { layoutBytes } from "../model/layout.ts";
import { type Entry, type Placement, placementOf } from "../model/placement.ts";
import { tensorRoot } from "../tensor/root.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import type { StepRoots } from "./step.ts";

/** Every value of one step, by value id of its graph. */
export type StepValues = readonly Tensor[];

const placements = new WeakMap<Graph, Placement>();

/** The places of a graph's values, worked out once per graph. */
export function placementIn(graph: Graph): Placement {
  const known = placements.get(graph) ?? placementOf(graph);
  placements.set(graph, known);
  return known;
}

/** Roots of tensors that were hashed before. */
export type KnownRoots = ReadonlyMap<Tensor, Hex>;

/** Roots of all committed values of a step. */
export function stepRootsOf(graph: Graph, values: StepValues, known: KnownRoots = new Map()): StepRoots {
  const { exact, loose } = placementIn(graph);
  const rootOf = (id: number): Hex => known.get(values[id]!) ?? tensorRoot(bytesOf(values[id]!));
  const rootOfEntry = (entry: Entry): Hex => tensorRoot(entryBytes(entry, values));
  return {
    stateIn: graph.stateInputs.map(({ value }) => rootOf(value)),
    feeds: graph.batchInputs.map(rootOf),
    exact: exact.map(rootOfEntry),
    loose: loose.map(rootOfEntry),
    stateOut: graph.stateOutputs.map(rootOf),
  };
}

const entryBytes = ({ value, layout }: Entry, values: StepValues): Uint8Array =>
  layout === null ? bytesOf(values[value]!) : layoutBytes(values[value]!, layout);

/** Bytes of the value at `(place, index)` of a step (P5.1); undefined where there is none. */
export function valueBytes(graph: Graph, values: StepValues, place: number, index: number): Uint8Array | undefined {
  const whole = (id: number | undefined) => (id === undefined ? undefined : bytesOf(values[id]!));
  const entry = (list: readonly Entry[]) => (list[index] === undefined ? undefined : entryBytes(list[index], values));
  switch (place) {
    case PLACE.state:
      return whole(graph.stateInputs[index]?.value);
    case PLACE.feed:
      return whole(graph.batchInputs[index]);
    case PLACE.constant:
      return whole(graph.constants[index]?.value);
    case PLACE.exact:
      return entry(placementIn(graph).exact);
    case PLACE.loose:
      return entry(placementIn(graph).loose);
    case PLACE.nextState:
      return whole(graph.stateOutputs[index]);
    default:
      return undefined;
  }
}

/** Root of the value at a place among a step's roots; constants are in the graph, not here. */
export function rootAt(roots: StepRoots, place: number, index: number): Hex | undefined {
  switch (place) {
    case PLACE.state:
      return roots.stateIn[index];
    case PLACE.feed:
      return roots.feeds[index];
    case PLACE.exact:
      return roots.exact[index];
    case PLACE.loose:
      return roots.loose[index];
    case PLACE.nextState:
      return roots.stateOut[index];
    default:
      return undefined;
  }
}
