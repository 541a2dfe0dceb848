import type { Hex } from "viem";
import type { Graph } from "../graph/graph.ts";
import { fromBits } from "../numerics/float32.ts";
import { type Tensor, zeros } from "../tensor/tensor.ts";
import { metricsRootOf } from "../trace/step.ts";
import { placementIn, type StepValues } from "../trace/values.ts";
import { allShown, WantedError } from "./want.ts";

/** Bits of a step's claimed loss, or how they are read. */
export type Loss = number | (() => Promise<number>);

/** A step whose metric is not its loss, and the segment's metrics as they were published. */
export type WrongMetric = {
  readonly step: number;
  readonly lossBits: number | undefined;
  readonly metrics: readonly bigint[];
};

/**
 * Compares a segment's metrics with its losses; asks for their list only where the root in the leaf is another.
 * @param losses one per step; none if the graph has no loss, and then there must be no metric either (P5.9)
 */
export async function wrongMetric(
  segment: number,
  metricsRoot: Hex,
  losses: readonly Loss[],
  published: readonly bigint[] | undefined,
): Promise<WrongMetric | undefined> {
  const bits = await allShown(losses.map((loss) => async () => (typeof loss === "number" ? loss : loss())));
  if (metricsRootOf(bits) === metricsRoot) return undefined;
  if (bits.length === 0) return { step: 0, lossBits: undefined, metrics: [] };
  if (published === undefined) throw new WantedError({ path: "metrics", segment });
  const step = published.findIndex((metric, i) => metric !== BigInt(bits[i]!));
  if (step < 0) throw new Error("L1 shows metrics of another root than the claimed");
  return { step, lossBits: bits[step]!, metrics: published };
}

/** Values of a step of which nothing but the loss is known, wherever its bytes stand. */
export function lossAlone(graph: Graph, lossBits: number | undefined): StepValues {
  if (graph.loss === null || lossBits === undefined) return [];
  const { places } = placementIn(graph);
  const at = places[graph.loss]!;
  const values: Tensor[] = [];
  for (const [id, { dtype, shape }] of graph.values.entries()) {
    if (places[id]!.place !== at.place || places[id]!.index !== at.index) continue;
    const tensor = zeros({ dtype, shape });
    tensor.data[0] = fromBits(lossBits);
    values[id] = tensor;
  }
  return values;
}
