import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { byteSizeOf } from "../tensor/tensor.ts";

/** Bytes of values that one run of a step gives. */
export const SLICE_BYTES = 256 * 2 ** 20;

/**
 * The values of a graph in groups that are computed, hashed and let go one after the other: what lies outside a group is
 * freed inside the runtime as soon as nobody reads it. Inputs and constants, which are in memory anyway, come with the first.
 */
export function slicesOf(graph: Graph, sliceBytes = SLICE_BYTES): readonly (readonly ValueId[])[] {
  const computed = new Set(graph.nodes.map(({ output }) => output));
  const slices: ValueId[][] = [graph.values.map((_, id) => id).filter((id) => !computed.has(id))];
  let bytes = 0;
  for (const { output } of graph.nodes) {
    const size = byteSizeOf(valueAt(graph, output));
    if (bytes > 0 && bytes + size > sliceBytes) {
      slices.push([]);
      bytes = 0;
    }
    slices.at(-1)!.push(output);
    bytes += size;
  }
  return slices;
}
