import type * as onnx from "onnx-buf";
import { constant } from "../../graph/draft.ts";
import { sinCos } from "../../numerics/angles.ts";
import { allocate } from "../../tensor/tensor.ts";
import { type Handler, operand, refuse } from "./import-node.ts";
import { constantIn } from "./tensors.ts";

/** Beyond it the reduction to a quarter turn is not accurate (`numerics/angles.ts`). */
const MAX_ANGLE = 1e6;

/** Sine and cosine have no order that a contract could replay: of constants (the angles of positions) they are taken here and now. */
const ofConstant =
  (of: "sin" | "cos"): Handler =>
  (node) => {
    const x = constantIn(node.draft, operand(node, 0));
    if (x?.dtype !== "float32")
      throw refuse(
        node,
        "its operand is no constant",
        "Angles of positions are: export with a fixed length, or keep the table of sines and cosines in the model.",
      );
    const angles = x.data as Float32Array;
    const far = angles.find((angle) => !(Math.abs(angle) <= MAX_ANGLE));
    if (far !== undefined) throw refuse(node, `an angle of ${far}`, `Angles are at most ${MAX_ANGLE}.`);
    return constant(node.draft, { ...x, data: angles.map((angle) => sinCos(angle)[of]) });
  };

/** Of positions, not of anything as large as a batch. */
const MAX_RANGE = 2 ** 24;

/** start + i·delta, as far as limit, of integers or floats. */
const range: Handler = (node) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => constantIn(node.draft, operand(node, i)));
  if (start === undefined || limit === undefined || delta === undefined)
    throw refuse(
      node,
      "its length depends on data",
      "Export the model with fixed shapes (no dynamic axes but the batch).",
    );
  const [from, to, by] = [start, limit, delta].map(({ data }) => Number(data[0])) as [number, number, number];
  const count = Math.max(Math.ceil((to - from) / by), 0);
  if (!(count <= MAX_RANGE && Math.abs(from) <= 2 ** 31))
    throw refuse(node, `${count} numbers from ${from}`, `At most ${MAX_RANGE}, from 32 bits.`);
  const data = allocate(start.dtype, count);
  for (let i = 0; i < count; i++) data[i] = data instanceof BigInt64Array ? BigInt(from + i * by) : from + i * by;
  return constant(node.draft, { dtype: start.dtype, shape: [count], data });
};

export const angleHandlers: Readonly<Record<string, Handler>> = {
  Cos: ofConstant("cos"),
  Range: range,
  Sin: ofConstant("sin"),
};

/** Names of all that a sine or cosine is taken of: what a file holds of it (a rotary's frequencies) is a constant and no weight. */
export function underAngles({ node: nodes }: onnx.GraphProto): ReadonlySet<string> {
  const producers = new Map(nodes.flatMap((node) => node.output.map((output) => [output, node] as const)));
  const found = new Set<string>();
  const pending = nodes.filter(({ opType }) => opType === "Sin" || opType === "Cos").flatMap(({ input }) => input);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    pending.push(...(producers.get(name)?.input ?? []));
  }
  return found;
}
