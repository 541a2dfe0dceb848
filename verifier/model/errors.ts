import { AnhError } from "../../common/errors.ts";

/** A node or element that cannot be judged. */
export class LeafError extends AnhError {
  constructor(expected: string, actual: string) {
    super("leaf", `expected ${expected}, got ${actual}`, { expected, actual });
  }
}

/** A file that is not the model it should be. */
export class ModelFileError extends AnhError {
  constructor(what: string, expected: string, actual: string, cause?: unknown) {
    super("model-file", `${what}: expected ${expected}, got ${actual}`, { expected, actual, cause });
  }
}

/** Something in a model that ANH does not run, by the name it has there. */
export class UnsupportedModelError extends AnhError {
  readonly node: string;

  constructor(node: string, what: string, hint: string) {
    super("model-unsupported", `${node}: ${what}`, { actual: what, hint });
    this.node = node;
  }
}
