import { AnhError } from "../../common/errors.ts";

/** Operands or attributes an op cannot take. */
export class ShapeError extends AnhError {
  constructor(expected: string, actual: string) {
    super("shape", `expected ${expected}, got ${actual}`, { expected, actual });
  }
}
