import { listAttribute } from "./attributes.ts";
import { moved } from "./bounds.ts";
import { offsets, pick, ravel, stridesOf, unravel } from "./broadcast.ts";
import { transpose as turn } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireInputs } from "./require.ts";

export const transpose: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    const perm = listAttribute(attributes, "perm");
    if (perm.toSorted((a, b) => a - b).some((axis, i) => axis !== i) || perm.length !== x!.shape.length) {
      throw new ShapeError(`a permutation of ${x!.shape.length} axes`, `[${perm}]`);
    }
    return { dtype: x!.dtype, shape: perm.map((axis) => x!.shape[axis]!) };
  },
  eval: ([x], { attributes, output }) => {
    const strides = stridesOf(x!.shape);
    return pick(
      x!,
      offsets(
        output.shape,
        listAttribute(attributes, "perm").map((axis) => strides[axis]!),
      ),
    );
  },
  vjp: (draft, { attributes }, dy) => {
    const perm = listAttribute(attributes, "perm");
    return [
      turn(
        draft,
        dy,
        perm.map((_, axis) => perm.indexOf(axis)),
      ),
    ];
  },
  bound: moved,
  leaf: ({ attributes, inputs, output }, element) => {
    const strides = stridesOf(inputs[0]!.shape);
    const perm = listAttribute(attributes, "perm");
    const start = ravel(
      unravel(element, output.shape),
      perm.map((axis) => strides[axis]!),
    );
    return [{ operand: 0, start, count: 1 }];
  },
};
