import { exactly } from "./bounds.ts";
import { broadcastShapes } from "./broadcast.ts";
import { leafElementwise, mapBinary, mapUnary } from "./elementwise.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";

const connective = (f: (a: number, b: number) => number): Op => ({
  infer: (inputs) => {
    requireInputs(inputs, 2);
    for (const input of inputs) requireDType(input, "bool");
    return { dtype: "bool", shape: broadcastShapes(inputs[0]!.shape, inputs[1]!.shape) };
  },
  eval: (inputs, context) => mapBinary<number>(inputs, context, f),
  vjp: () => [null, null],
  bound: exactly((a, b) => f(Number(a), Number(b))),
  leaf: leafElementwise,
});

export const and = connective((a, b) => a & b);
export const or = connective((a, b) => a | b);

export const not: Op = {
  infer: (inputs) => {
    requireInputs(inputs, 1);
    requireDType(inputs[0]!, "bool");
    return inputs[0]!;
  },
  eval: (inputs, context) => mapUnary(inputs, context, (x) => 1 - x),
  vjp: () => [null],
  bound: exactly((x) => 1 - Number(x)),
  leaf: leafElementwise,
};
