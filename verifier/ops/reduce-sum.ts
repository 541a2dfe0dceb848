import { sizeOf } from "../tensor/tensor.ts";
import { expand, shapeOf } from "./build.ts";
import type { Op } from "./op.ts";
import { axesOf, inferReduction, reductionOffsets, withKeptAxes } from "./reduce.ts";

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
};
