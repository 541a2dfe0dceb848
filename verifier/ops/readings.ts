import { isDenormal } from "../numerics/float32.ts";

/** The values that the gpu column may take an operand for: itself, and zero if it is denormal (docs/numerics.md N7). */
export const readingsOf = <T extends number | bigint>(operand: T): readonly T[] =>
  typeof operand === "number" && isDenormal(operand) ? [operand, 0 as T] : [operand];

/** Every way in which the operands may be read, each by itself. */
export const allReadings = <T extends number | bigint>(operands: readonly T[]): readonly (readonly T[])[] =>
  operands.reduce<readonly (readonly T[])[]>(
    (ways, operand) => ways.flatMap((way) => readingsOf(operand).map((reading) => [...way, reading])),
    [[]],
  );
