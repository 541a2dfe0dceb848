import { equalTolerance } from "../numerics/elementwise.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { equal, scalar, where } from "./build.ts";
import { gpuGreatest } from "./greatest.ts";
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

export const reduceMax: Op = {
  infer: inferReduction,
  eval: ([x], { attributes, output, arithmetic }) => {
    const data = x!.data as Float32Array;
    const { starts, terms } = reductionOffsets(x!, axesOf(attributes, x!.shape.length));
    const result = arithmetic.allocate("float32", sizeOf(output.shape));
    for (let i = 0; i < starts.length; i++) {
      let best = -Infinity;
      for (let k = 0; k < terms.length; k++) best = Math.max(best, data[starts[i]! + terms[k]!]!);
      result[i] = best;
    }
    return result;
  },
  // Every element equal to the maximum gets the whole gradient: a choice among subgradients that needs no order.
  vjp: (draft, node, dy) => [
    where(
      draft,
      equal(draft, node.inputs[0]!, withKeptAxes(draft, node, node.output)),
      withKeptAxes(draft, node, dy),
      scalar(draft, 0),
    ),
  ],
  bound: ({ terms }) => {
    const x = flatTerms(terms);
    const replay = () => Math.max(...x);
    return { replay, tolerance: () => equalTolerance(replay()), gpu: () => gpuGreatest(x) };
  },
  leaf: ({ attributes, inputs: [x] }, element) =>
    leafReduction(x!, axesOf(attributes, x!.shape.length), isLeading(attributes), element),
};
