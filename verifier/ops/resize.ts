import { listAttribute } from "./attributes.ts";
import { moved } from "./bounds.ts";
import { offsets, pick, ravel, stridesOf, unravel } from "./broadcast.ts";
import { add, shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs, requireRank } from "./require.ts";
import { stridedSlice } from "./spatial.ts";

/** Each pixel of [N, C, H, W] repeated to a block: sizes are whole multiples of the operand's. */
export const resize: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    requireDType(x!, "float32");
    requireRank(x!, 4);
    const sizes = listAttribute(attributes, "sizes");
    const whole = x!.shape.every((dim, axis) => dim > 0 && sizes[axis]! >= dim && sizes[axis]! % dim === 0);
    if (sizes.length !== 4 || !whole || sizes[0] !== x!.shape[0] || sizes[1] !== x!.shape[1]) {
      throw new ShapeError(`whole multiples of [${x!.shape}] in height and width`, `[${sizes}]`);
    }
    return { dtype: "float32", shape: sizes };
  },
  eval: ([x], { output }) => {
    const from = Array.from(offsets(output.shape, stridesOf(output.shape)), (element) =>
      sourceOf(element, x!.shape, output.shape),
    );
    return pick(x!, from);
  },
  // The sum over each block.
  vjp: (draft, { inputs: [x], output }, dy) => {
    const [from, to] = [shapeOf(draft, x!), shapeOf(draft, output)];
    const [tall, wide] = [to[2]! / from[2]!, to[3]! / from[3]!];
    const taps = Array.from({ length: tall * wide }, (_, tap) =>
      stridedSlice(draft, dy, [0, 0, Math.floor(tap / wide), tap % wide], [1, 1, tall, wide], from),
    );
    return [taps.reduce((a, b) => add(draft, a, b))];
  },
  bound: moved,
  leaf: ({ inputs, output }, element) => [
    { operand: 0, start: sourceOf(element, inputs[0]!.shape, output.shape), count: 1 },
  ],
};

const sourceOf = (element: number, from: readonly number[], to: readonly number[]): number =>
  ravel(
    unravel(element, to).map((position, axis) => Math.floor((position * from[axis]!) / to[axis]!)),
    stridesOf(from),
  );
