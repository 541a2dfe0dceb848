import { sizeOf } from "../tensor/tensor.ts";
import { moved } from "./bounds.ts";
import { broadcastShapes, broadcastTo } from "./broadcast.ts";
import { scalar, where as select, shapeOf } from "./build.ts";
import { leafElementwise } from "./elementwise.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs, requireSameDType } from "./require.ts";
import { sumTo } from "./sums.ts";

export const where: Op = {
  infer: (inputs) => {
    requireInputs(inputs, 3);
    const [condition, a, b] = inputs;
    requireDType(condition!, "bool");
    requireDType(a!, "float32", "uint8", "int32", "int64");
    requireSameDType(a!, b!);
    return { dtype: a!.dtype, shape: broadcastShapes(condition!.shape, a!.shape, b!.shape) };
  },
  eval: (inputs, { output, arithmetic }) => {
    const [condition, a, b] = inputs.map((input) => broadcastTo(input, output.shape));
    const result = arithmetic.allocate(output.dtype, sizeOf(output.shape));
    // The runtime selects from the first operand, puts 0 elsewhere, and fills zeros from the second: a chosen −0 of the
    // first becomes +0, one of the second stays.
    for (let i = 0; i < result.length; i++) result[i] = condition![i] ? (a![i] === 0 ? 0 : a![i]!) : b![i]!;
    return result;
  },
  vjp: (draft, { inputs: [condition, a, b] }, dy) => {
    const zero = scalar(draft, 0);
    return [
      null,
      sumTo(draft, select(draft, condition!, dy, zero), shapeOf(draft, a!)),
      sumTo(draft, select(draft, condition!, zero, dy), shapeOf(draft, b!)),
    ];
  },
  bound: moved,
  // The condition, then only what it chooses.
  leaf: (context, element) => {
    const reads = leafElementwise(context, element);
    return [reads[0]!, context.at(0, reads[0]!.start) ? reads[1]! : reads[2]!];
  },
};
