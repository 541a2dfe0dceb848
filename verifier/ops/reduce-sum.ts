import { serialSum } from "../numerics/dot.ts";
import { dotTolerance, exactSum } from "../numerics/exact-dot.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { expand, shapeOf } from "./build.ts";
import type { Op } from "./op.ts";
import { axesOf, inferReduction, isLeading, leafReduction, reductionOffsets, withKeptAxes } from "./reduce.ts";

/** Strict only over leading axes, where the runtime adds whole rows one after the other. */
export const reduceSum: Op = {
  infer: inferReduction,
  eval: ([x], { attributes, output, arithmetic }) => {
    const data = x!.data as Float32Array;
    const { starts, terms } = reductionOffsets(x!, axesOf(attributes, x!.shape.length));
    const result = arithmetic.allocate("float32", sizeOf(output.shape));
    for (let k = 0; k < terms.length; k++) {
      for (let i = 0; i < starts.length; i++) {
        const term = data[starts[i]! + terms[k]!]!;
        result[i] = k === 0 ? term : (result[i] as number) + term;
      }
    }
    return result;
  },
  vjp: (draft, node, dy) => [expand(draft, withKeptAxes(draft, node, dy), shapeOf(draft, node.inputs[0]!))],
  bound: ({ attributes, terms }) => {
    const x = terms[0] as ArrayLike<number>;
    const count = x.length;
    const term = (k: number): number => x[k]!;
    return {
      replay: isLeading(attributes) ? () => serialSum(count - 1, (k) => term(k + 1), x[0] ?? 0) : null,
      tolerance: () => dotTolerance(exactSum(count, term), { length: count, additions: count }),
    };
  },
  leaf: leafReduction,
};
