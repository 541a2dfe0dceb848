import { type DType, describe, type TensorType } from "../tensor/tensor.ts";
import { ShapeError } from "./errors.ts";

/** The operand list, checked for its length. */
export function requireInputs(inputs: readonly TensorType[], least: number, most = least): void {
  if (inputs.length < least || inputs.length > most) {
    throw new ShapeError(least === most ? `${least} operands` : `${least} to ${most} operands`, String(inputs.length));
  }
}

export function requireDType(type: TensorType, ...allowed: readonly DType[]): void {
  if (!allowed.includes(type.dtype)) throw new ShapeError(`an operand of ${allowed.join(" or ")}`, describe(type));
}

export function requireRank(type: TensorType, rank: number): void {
  if (type.shape.length !== rank) throw new ShapeError(`an operand of rank ${rank}`, describe(type));
}

export function requireSameDType(a: TensorType, b: TensorType): void {
  if (a.dtype !== b.dtype) throw new ShapeError("operands of one type", `${describe(a)} and ${describe(b)}`);
}
