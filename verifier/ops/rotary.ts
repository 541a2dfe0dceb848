import { composite, constant, type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { fractionalPower, sinCos } from "../numerics/angles.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { add, mul, neg, shapeOf, sliceAxis } from "./build.ts";
import { ShapeError } from "./errors.ts";

/** cos and sin of position·base^(−2i/width), each pair's angle in both halves of a row: [positions, width]. */
export function rotaryTables(positions: number, width: number, base = 10_000): { cos: Tensor; sin: Tensor } {
  const cos = new Float32Array(positions * width);
  const sin = new Float32Array(positions * width);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < width; i++) {
      const angle = sinCos(position / fractionalPower(base, 2 * (i % (width / 2)), width));
      cos[position * width + i] = angle.cos;
      sin[position * width + i] = angle.sin;
    }
  }
  return { cos: float32([positions, width], cos), sin: float32([positions, width], sin) };
}

/**
 * Rotary position embedding of [..., positions, width], element i paired with i + width/2 (Su et al., 2021): the angles are
 * constants of the graph, so no sine is ever judged.
 */
export function rotary(draft: Draft, x: ValueId, base?: number): ValueId {
  const shape = shapeOf(draft, x);
  const [positions, width] = shape.slice(-2);
  if (positions === undefined || width === undefined || width % 2 !== 0) {
    throw new ShapeError("rows of even length under positions", `[${shape}]`);
  }
  const tables = rotaryTables(positions, width, base);
  const cos = constant(draft, tables.cos);
  const sin = constant(draft, tables.sin);
  return composite(draft, [x], () => ({
    output: add(draft, mul(draft, x, cos), mul(draft, turned(draft, x, "before"), sin)),
    vjp: (dy) => [add(draft, mul(draft, dy, cos), turned(draft, mul(draft, dy, sin), "after"))],
  }));
}

/** [a, b] → [−b, a], or its transpose [b, −a]. */
function turned(draft: Draft, x: ValueId, sign: "before" | "after"): ValueId {
  const shape = shapeOf(draft, x);
  const axis = shape.length - 1;
  const width = shape[axis]!;
  const a = sliceAxis(draft, x, axis, 0, width / 2);
  const b = sliceAxis(draft, x, axis, width / 2, width);
  return emit(draft, "Concat", sign === "before" ? [neg(draft, b), a] : [b, neg(draft, a)], { axis });
}
