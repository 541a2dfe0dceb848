import type { Attributes } from "../graph/graph.ts";
import { listAttribute } from "./attributes.ts";
import { moved } from "./bounds.ts";
import { offsets, pick, ravel, stridesOf, unravel } from "./broadcast.ts";
import { shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireInputs } from "./require.ts";
import { placed } from "./spatial.ts";

/** One start, exclusive end and step per axis, all of the axes; steps are positive in canonical graphs. */
export const slice: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    const { starts, ends, steps } = bounds(attributes);
    const rank = x!.shape.length;
    if (starts.length !== rank || ends.length !== rank || steps.length !== rank) {
      throw new ShapeError(`a start, an end and a step for each of ${rank} axes`, `[${starts}], [${ends}], [${steps}]`);
    }
    return {
      dtype: x!.dtype,
      shape: x!.shape.map((dim, axis) => {
        const [start, end, step] = [starts[axis] ?? -1, ends[axis] ?? -1, steps[axis] ?? 0];
        if (start < 0 || start > end || end > dim || step < 1) {
          throw new ShapeError(`0 ≤ start ≤ end ≤ ${dim} and step ≥ 1 on axis ${axis}`, `${start}, ${end}, ${step}`);
        }
        return Math.ceil((end - start) / step);
      }),
    };
  },
  eval: ([x], { attributes, output }) => {
    const { starts, steps } = bounds(attributes);
    const strides = stridesOf(x!.shape);
    const first = starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
    return pick(
      x!,
      offsets(
        output.shape,
        strides.map((stride, axis) => stride * steps[axis]!),
        first,
      ),
    );
  },
  vjp: (draft, { attributes, inputs: [x] }, dy) => {
    const { starts, steps } = bounds(attributes);
    return [placed(draft, dy, starts, steps, shapeOf(draft, x!))];
  },
  bound: moved,
  leaf: ({ attributes, inputs, output }, element) => {
    const { starts, steps } = bounds(attributes);
    const index = unravel(element, output.shape).map((position, axis) => starts[axis]! + position * steps[axis]!);
    return [{ operand: 0, start: ravel(index, stridesOf(inputs[0]!.shape)), count: 1 }];
  },
};

function bounds(attributes: Attributes) {
  return {
    starts: listAttribute(attributes, "starts"),
    ends: listAttribute(attributes, "ends"),
    steps: listAttribute(attributes, "steps"),
  };
}
