import { AnhError } from "../../common/errors.ts";

export class TensorSizeError extends AnhError {
  constructor(type: string, expectedBytes: number, actualBytes: number) {
    super("tensor-size", `${type} takes ${expectedBytes} bytes, got ${actualBytes}`, {
      expected: expectedBytes,
      actual: actualBytes,
    });
  }
}
