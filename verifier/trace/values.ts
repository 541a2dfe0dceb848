import type { Hex } from "viem";
import { PLACE } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { layoutBytes } from "../model/layout.ts";
import { type Entry, type Placement, placeKey, placementOf } from "../model/placement.ts";
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

/** Roots as an own run has them: undefined where it cannot say what a right claim has. */
export type OwnRoots = { readonly [List in keyof StepRoots]: readonly (Hex | undefined)[] };

/** Whether the roots of an own step say what a right claim's are. */
export const isSure = (graph: Graph): boolean => placementIn(graph).unsure.size === 0;

export function ownRootsOf(graph: Graph, roots: StepRoots): OwnRoots {
  const { unsure } = placementIn(graph);
  if (unsure.size === 0) return roots;
  const sureAt = (place: number, list: readonly Hex[]) =>
    list.map((root, index) => (unsure.has(placeKey({ place, index })) ? undefined : root));
  return {
    stateIn: sureAt(PLACE.state, roots.stateIn),
    feeds: sureAt(PLACE.feed, roots.feeds),
    exact: sureAt(PLACE.exact, roots.exact),
    loose: sureAt(PLACE.loose, roots.loose),
    stateOut: sureAt(PLACE.nextState, roots.stateOut),
  };
}

/** Roots of a step's values that come part by part. */
export type RootsInParts = {
  /** @param values by value id; what is not there comes with another part */
  readonly add: (values: ReadonlyMap<ValueId, Tensor>) => void;
  /** After every value was added once. */
  readonly roots: () => StepRoots;
};

export function rootsInParts(graph: Graph, known: KnownRoots = new Map()): RootsInParts {
  const { exact, loose } = placementIn(graph);
  const named = new Set([...graph.stateInputs.map(({ value }) => value), ...graph.batchInputs, ...graph.stateOutputs]);
  /** In their own order: what a step ends in stands in two lists. */
  const whole = new Map<ValueId, Hex>();
  const lists = [exact, loose].map((entries) => ({ entries, roots: entries.map(() => ZERO_HASH) }));
  const rootOf = (id: ValueId, tensor: Tensor): Hex => {
    const root = whole.get(id) ?? known.get(tensor) ?? tensorRoot(bytesOf(tensor));
    whole.set(id, root);
    return root;
  };
  const rootsOf = (ids: readonly ValueId[]) => ids.map((id) => whole.get(id)!);
  return {
    add: (values) => {
      for (const [id, tensor] of values) if (named.has(id)) rootOf(id, tensor);
      for (const { entries, roots } of lists)
        for (const [i, entry] of entries.entries()) {
          const tensor = entry && values.get(entry.value);
          if (entry === undefined || tensor === undefined) continue;
          const { value, layout } = entry;
          roots[i] = layout === null ? rootOf(value, tensor) : tensorRoot(layoutBytes(tensor, layout));
        }
    },
    roots: () => ({
      stateIn: rootsOf(graph.stateInputs.map(({ value }) => value)),
      feeds: rootsOf(graph.batchInputs),
      exact: lists[0]!.roots,
      loose: lists[1]!.roots,
      stateOut: rootsOf(graph.stateOutputs),
    }),
  };
}

/** Roots of all committed values of a step. */
export function stepRootsOf(graph: Graph, values: StepValues, known?: KnownRoots): StepRoots {
  const parts = rootsInParts(graph, known);
  parts.add(new Map(values.entries()));
  return parts.roots();
}

export const entryBytes = ({ layout }: Entry, tensor: Tensor): Uint8Array =>
  layout === null ? bytesOf(tensor) : layoutBytes(tensor, layout);

/** Which value lies at `(place, index)` of a step (P5.1), and how; undefined where there is none. */
export function entryAt(graph: Graph, place: number, index: number): Entry | undefined {
  const whole = (value: ValueId | undefined) => (value === undefined ? undefined : { value, layout: null });
  switch (place) {
    case PLACE.state:
      return whole(graph.stateInputs[index]?.value);
    case PLACE.feed:
      return whole(graph.batchInputs[index]);
    case PLACE.constant:
      return whole(graph.constants[index]?.value);
    case PLACE.exact:
      return placementIn(graph).exact[index];
    case PLACE.loose:
      return placementIn(graph).loose[index];
    case PLACE.nextState:
      return whole(graph.stateOutputs[index]);
    default:
      return undefined;
  }
}

/**
 * Bytes of the value at `(place, index)` of a step; undefined where there is none. Of a step that is held in part whatever value of that place
 * is there will do: what comes out of Reshapes has the bytes of what goes in.
 */
export function valueBytes(graph: Graph, values: StepValues, place: number, index: number): Uint8Array | undefined {
  const entry = entryAt(graph, place, index);
  const tensor = entry && heldOf(graph, values, entry.value);
  return entry && tensor && entryBytes(entry, tensor);
}

function heldOf(graph: Graph, values: StepValues, id: ValueId): Tensor | undefined {
  if (values[id] !== undefined) return values[id];
  const { places } = placementIn(graph);
  const key = placeKey(places[id]!);
  return values.find((tensor, other) => tensor !== undefined && placeKey(places[other]!) === key);
}

/** Root of the value at a place among a step's roots; constants are in the graph, not here. */
export function rootAt(roots: OwnRoots, place: number, index: number): Hex | undefined {
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
