import { constant } from "../../graph/draft.ts";
import { broadcastShapes, broadcastTo } from "../../ops/broadcast.ts";
import { allocate } from "../../tensor/tensor.ts";
import { type Handler, operand, refuse } from "./import-node.ts";
import { constantIn } from "./tensors.ts";

type Integers = (a: bigint, b: bigint) => bigint;

/** Of integer constants, the shape arithmetic of exporters, the result; of all else what `floats` makes of it. */
const ofIntegers =
  (compute: Integers, floats: Handler): Handler =>
  (node) => {
    const [a, b] = [0, 1].map((i) => constantIn(node.draft, operand(node, i)));
    if (a === undefined || b === undefined || a.dtype !== b.dtype || !["int32", "int64"].includes(a.dtype))
      return floats(node);
    const shape = broadcastShapes(a.shape, b.shape);
    const [x, y] = [broadcastTo(a, shape), broadcastTo(b, shape)];
    const data = allocate(a.dtype, x.length);
    for (let i = 0; i < data.length; i++) {
      const [left, right] = [BigInt(x[i]!), BigInt(y[i]!)];
      if (node.op === "Div" && right === 0n) throw refuse(node, "a division by 0", "The model is not valid ONNX.");
      const result = compute(left, right);
      data[i] = data instanceof BigInt64Array ? result : Number(result);
    }
    return constant(node.draft, { dtype: a.dtype, shape, data });
  };

/** Add, Sub, Mul and Div (towards zero), given what they are of floats. */
export const integerHandlers = (floats: (op: "Add" | "Div" | "Mul" | "Sub") => Handler): Record<string, Handler> => ({
  Add: ofIntegers((a, b) => a + b, floats("Add")),
  Div: ofIntegers((a, b) => a / b, floats("Div")),
  Mul: ofIntegers((a, b) => a * b, floats("Mul")),
  Sub: ofIntegers((a, b) => a - b, floats("Sub")),
});
