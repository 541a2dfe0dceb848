import { PLACE } from "../../common/graph-encoding.ts";
import type { Graph, Shown, ValueId } from "../graph/graph.ts";
import { type Layout, operandLayouts, sameLayout } from "./layout.ts";

/** Where a value's tensor root is found (P5.1); `place` is one of `PLACE`. */
export type Place = { readonly place: number; readonly index: number };

/** One root of the exact or the loose list: a value's own, or that of one of its layouts. Any value of a place gives
 * the same bytes; `value` is the one the place belongs to (never the output of a Reshape). */
export type Entry = { readonly value: ValueId; readonly layout: Layout | null };

/** How a node's operand is read: through a layout committed at `at`, or in its own order. */
export type OperandPlace = { readonly layout: Layout; readonly at: Place } | null;

export type Placement = {
  /** By value id. */
  readonly places: readonly Place[];
  /** Undefined: a place that nothing writes or reads (only of a graph that is `shown`). */
  readonly exact: readonly (Entry | undefined)[];
  readonly loose: readonly (Entry | undefined)[];
  /** By node, by operand. */
  readonly operands: readonly (readonly OperandPlace[])[];
  /** Places (`placeKey`) of which an own run cannot say what a right claim has there; none but of a graph that is `shown`. */
  readonly unsure: ReadonlySet<string>;
};

export const placeKey = ({ place, index }: Place): string => `${place}/${index}`;

type Wanted = { readonly value: ValueId; readonly layouts: Layout[] };

/** The places of all values and the order of the committed lists (P5.2–P5.4): a function of the graph alone. */
export function placementOf(graph: Graph): Placement {
  if (graph.shown !== undefined) return placementShown(graph, graph.shown);
  const bases = basesOf(graph);
  const wanted = wantedLayouts(graph, bases);
  const isLoose = looseValues(graph, bases);
  const nextStates = new Map<ValueId, number>();
  for (const [i, id] of graph.stateOutputs.entries()) if (!nextStates.has(id)) nextStates.set(id, i);

  const places: Place[] = [];
  const exact: Entry[] = [];
  const loose: Entry[] = [];
  const layoutPlaces = new Map<Layout, Place>();
  const append = (value: ValueId, layout: Layout | null): Place => {
    const list = isLoose.has(value) ? loose : exact;
    return { place: isLoose.has(value) ? PLACE.loose : PLACE.exact, index: list.push({ value, layout }) - 1 };
  };
  const appendLayouts = (value: ValueId): void => {
    for (const layout of wanted.get(value)?.layouts ?? []) layoutPlaces.set(layout, append(value, layout));
  };

  for (const [index, { value }] of graph.stateInputs.entries()) places[value] = { place: PLACE.state, index };
  for (const [index, value] of graph.batchInputs.entries()) places[value] = { place: PLACE.feed, index };
  for (const [index, { value }] of graph.constants.entries()) places[value] = { place: PLACE.constant, index };
  for (let id = 0; id < places.length; id++) appendLayouts(id);
  for (const { output } of graph.nodes) {
    const base = bases[output]!;
    if (base !== output) {
      places[output] = places[base]!;
      continue;
    }
    const index = nextStates.get(output);
    places[output] = index === undefined ? append(output, null) : { place: PLACE.nextState, index };
    appendLayouts(output);
  }
  const operands = graph.nodes.map((node) =>
    operandLayouts(graph, node).map((layout, i) => {
      const known = wanted.get(bases[node.inputs[i]!]!)?.layouts.find((candidate) => sameLayout(candidate, layout));
      return layout === null || known === undefined ? null : { layout, at: layoutPlaces.get(known)! };
    }),
  );
  return { places, exact, loose, operands, unsure: new Set() };
}

/** The places that an encoding says itself: in any order, of some lists more than one thing at a place, at others nothing. */
function placementShown(graph: Graph, { encoded, places, open, cut }: Shown): Placement {
  const { header, nodes, nextStates } = encoded;
  const unsure = new Set(open.map((id) => placeKey(places[id]!)));
  for (const { node } of cut) unsure.add(placeKey(places[graph.nodes[node]!.output]!));
  const written = graph.nodes.filter(({ op }) => op !== "Reshape").map(({ output }) => output);
  const entries = new Map<string, Entry>(
    [...open, ...written].map((value) => [placeKey(places[value]!), { value, layout: null }]),
  );
  for (const [index, next] of nextStates.entries()) {
    const key = placeKey({ place: PLACE.nextState, index });
    if (entries.has(key) && placeKey(next) !== key) unsure.add(key);
  }
  const operands = graph.nodes.map(({ inputs }, node) =>
    inputs.map((value, operand): OperandPlace => {
      const read = nodes[node]?.inputs[operand];
      if (read === undefined || read.layout.length === 0) return null;
      const [batch, rows, cols] = read.layout as readonly [number, number, number];
      const layout = { batch, rows, cols };
      const at = { place: read.layoutPlace, index: read.layoutIndex };
      const key = placeKey(at);
      const known = entries.get(key);
      if (known === undefined) entries.set(key, { value, layout });
      else if (placeKey(places[known.value]!) !== placeKey(places[value]!) || !sameLayout(known.layout, layout))
        unsure.add(key);
      return { layout, at };
    }),
  );
  const listOf = (place: number, count: number) =>
    Array.from({ length: count }, (_, index) => {
      const key = placeKey({ place, index });
      if (!entries.has(key)) unsure.add(key);
      return entries.get(key);
    });
  const exact = listOf(PLACE.exact, header.exactCount);
  const loose = listOf(PLACE.loose, header.looseCount);
  return { places, exact, loose, operands, unsure };
}

/** Per value, the value whose bytes it shares: itself unless it comes out of Reshapes. */
function basesOf(graph: Graph): ValueId[] {
  const bases = graph.values.map((_, id) => id);
  for (const node of graph.nodes) if (node.op === "Reshape") bases[node.output] = bases[node.inputs[0]!]!;
  return bases;
}

/** Layouts each base value is read through, ascending and without repeats. */
function wantedLayouts(graph: Graph, bases: readonly ValueId[]): Map<ValueId, Wanted> {
  const wanted = new Map<ValueId, Wanted>();
  for (const node of graph.nodes) {
    for (const [i, layout] of operandLayouts(graph, node).entries()) {
      if (layout === null) continue;
      const value = bases[node.inputs[i]!]!;
      const entry = wanted.get(value) ?? { value, layouts: [] };
      if (!entry.layouts.some((known) => sameLayout(known, layout))) entry.layouts.push(layout);
      wanted.set(value, entry);
    }
  }
  for (const { layouts } of wanted.values()) {
    layouts.sort((a, b) => a.batch - b.batch || a.rows - b.rows || a.cols - b.cols);
  }
  return wanted;
}

/** Values that no order reproduces: outputs of nodes judged by the tolerant row even in `strict`, and descendants (P5.2). */
export function looseValues(graph: Graph, bases: readonly ValueId[] = basesOf(graph)): Set<ValueId> {
  const loose = new Set<ValueId>();
  for (const node of graph.nodes) {
    if (node.op === "Log" || node.inputs.some((input) => loose.has(bases[input]!))) loose.add(node.output);
  }
  return loose;
}

/** True if honest executors on every machine reach the same state bits (job flag `unique`). */
export function isUnique(graph: Graph): boolean {
  const loose = looseValues(graph);
  return graph.stateOutputs.every((id) => !loose.has(id));
}
