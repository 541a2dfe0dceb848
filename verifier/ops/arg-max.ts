import { sizeOf } from "../tensor/tensor.ts";
import { axisAttribute, intAttribute } from "./attributes.ts";
import { gpuFirstGreatest } from "./greatest.ts";
import type { Op } from "./op.ts";
import { flatTerms, keptShape, leafReduction, reductionOffsets } from "./reduce.ts";
import { requireDType, requireInputs } from "./require.ts";

/** Index of the first of equal maxima. */
export const argMax: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    requireDType(x!, "float32");
    const axis = axisAttribute(attributes, x!.shape.length);
    const kept = intAttribute(attributes, "keepdims") === 1;
    return { dtype: "int64", shape: kept ? keptShape(x!.shape, [axis]) : x!.shape.filter((_, i) => i !== axis) };
  },
  eval: ([x], { attributes, output, arithmetic }) => {
    const data = x!.data as Float32Array;
    const { starts, terms } = reductionOffsets(x!, [axisAttribute(attributes, x!.shape.length)]);
    const result = arithmetic.allocate("int64", sizeOf(output.shape));
    for (let i = 0; i < starts.length; i++) {
      let best = 0;
      for (let k = 1; k < terms.length; k++) {
        if (data[starts[i]! + terms[k]!]! > data[starts[i]! + terms[best]!]!) best = k;
      }
      result[i] = BigInt(best);
    }
    return result;
  },
  vjp: () => [null],
  bound: ({ terms }) => {
    const x = flatTerms(terms);
    return {
      replay: () => BigInt(x.indexOf(Math.max(...x))),
      tolerance: null,
      gpu: () => gpuFirstGreatest(x),
    };
  },
  leaf: ({ attributes, inputs: [x] }, element) =>
    leafReduction(x!, [axisAttribute(attributes, x!.shape.length)], false, element),
};
