import { AnhError } from "../../common/errors.ts";

export class GradientError extends AnhError {
  constructor(expected: string, actual: string) {
    super("gradient", `gradient: expected ${expected}, got ${actual}`, { expected, actual });
  }
}
