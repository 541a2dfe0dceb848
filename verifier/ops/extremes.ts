import { emit } from "../graph/draft.ts";
import { exactly } from "./bounds.ts";
import { scalar, shapeOf, where } from "./build.ts";
import { inferBinary, leafElementwise, mapBinary } from "./elementwise.ts";
import type { Op } from "./op.ts";
import { sumTo } from "./sums.ts";

/** Where both operands are equal the gradient goes to the first. */
const routed =
  (secondWins: "Less" | "Greater"): Op["vjp"] =>
  (draft, { inputs: [a, b] }, dy) => {
    const zero = scalar(draft, 0);
    const second = emit(draft, secondWins, [a!, b!]);
    return [
      sumTo(draft, where(draft, second, zero, dy), shapeOf(draft, a!)),
      sumTo(draft, where(draft, second, dy, zero), shapeOf(draft, b!)),
    ];
  };

export const maximum: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, Math.max),
  vjp: routed("Less"),
  bound: exactly((a, b) => Math.max(a as number, b as number)),
  leaf: leafElementwise,
};

export const minimum: Op = {
  infer: inferBinary,
  eval: (inputs, context) => mapBinary<number>(inputs, context, Math.min),
  vjp: routed("Greater"),
  bound: exactly((a, b) => Math.min(a as number, b as number)),
  leaf: leafElementwise,
};
