// A claimant must give its own bits again, however they are asked for (docs/numerics.md N7.9).
import { type Graph, valueAt } from "../graph/graph.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { DoctorError } from "./errors.ts";
import { stepOf } from "./reference.ts";
import type { Session } from "./runtime.ts";

/**
 * Runs a segment twice, its steps one by one, and each with all values exposed, twice, and throws `DoctorError` unless all of it is
 * equal bit for bit. Gives the values of every step.
 */
export async function requireReproducible(
  graph: Graph,
  session: Session,
  state: readonly Tensor[],
  batches: readonly Tensor[],
): Promise<readonly (readonly Tensor[])[]> {
  const segment = await session.segment(state, batches);
  const again = await session.segment(state, batches);
  requireEqual("a segment, run twice", graph, again.state, segment.state);
  const ids = graph.values.map((_, id) => id);
  const exposed: (readonly Tensor[])[] = [];
  let current = state;
  for (let t = 0; t < batches[0]!.shape[0]!; t++) {
    const batch = batches.map((stacked) => stepOf(stacked, t));
    const single = await session.step(current, batch);
    const values = await session.values(current, batch, ids);
    const twice = await session.values(current, batch, ids);
    for (const id of ids)
      if (!sameBits(values[id]!, twice[id]!)) throw differs("a step, run twice", valueAt(graph, id).name);
    const ends = graph.stateOutputs.map((id) => values[id]!);
    requireEqual("a step and one with all values exposed", graph, ends, single.state);
    exposed.push(values);
    current = single.state;
  }
  requireEqual("a segment and its steps one by one", graph, current, segment.state);
  return exposed;
}

function requireEqual(what: string, graph: Graph, a: readonly Tensor[], b: readonly Tensor[]): void {
  const at = a.findIndex((tensor, i) => !sameBits(tensor, b[i]!));
  if (at >= 0) throw differs(what, valueAt(graph, graph.stateOutputs[at]!).name);
}

export const sameBits = (a: Tensor, b: Tensor): boolean => Buffer.compare(bytesOf(a), bytesOf(b)) === 0;

const differs = (what: string, value: string): DoctorError =>
  new DoctorError(`${what}, differ in ${value}`, "equal bits", "other bits");
