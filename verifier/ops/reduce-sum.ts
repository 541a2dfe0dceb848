import { serialSum } from "../numerics/dot.ts";
import { dotTolerance, exactSum } from "../numerics/exact-dot.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { expand, shapeOf } from "./build.ts";
import { gpuSum } from "./dot-bound.ts";
import type { Op } from "./op.ts";
import {
  axesOf,
  flatTerms,
  inferReduction,
  isLeading,
  leafReduction,
  reductionOffsets,
  withKeptAxes,
} from "./reduce.ts";

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
  bound: ({ attributes, output, terms }) => {
    const x = flatTerms(terms);
    const term = (k: number): number => x[k]!;
    // With one element left the runtime sums contiguous data, in an order that depends on its alignment.
    const serial = isLeading(attributes) && sizeOf(output.shape) > 1;
    return {
      replay: serial ? () => serialSum(x.length - 1, (k) => term(k + 1), x[0] ?? 0) : null,
      tolerance: () => dotTolerance(exactSum(x.length, term), { length: x.length, additions: x.length }),
      gpu: gpuSum(x.length, term),
    };
  },
  leaf: ({ attributes, inputs: [x] }, element) =>
    leafReduction(x!, axesOf(attributes, x!.shape.length), isLeading(attributes), element),
};
