import { sameShape } from "../tensor/tensor.ts";
import { listAttribute } from "./attributes.ts";
import { moved } from "./bounds.ts";
import { broadcastShapes, broadcastTo } from "./broadcast.ts";
import { shapeOf } from "./build.ts";
import { leafElementwise } from "./elementwise.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireInputs } from "./require.ts";
import { sumTo } from "./sums.ts";

export const expand: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    const shape = listAttribute(attributes, "shape");
    if (!sameShape(broadcastShapes(x!.shape, shape), shape)) {
      throw new ShapeError(`a shape that [${x!.shape}] broadcasts to`, `[${shape}]`);
    }
    return { dtype: x!.dtype, shape };
  },
  eval: ([x], { output }) => broadcastTo(x!, output.shape),
  vjp: (draft, { inputs: [x] }, dy) => [sumTo(draft, dy, shapeOf(draft, x!))],
  bound: moved,
  leaf: leafElementwise,
};
