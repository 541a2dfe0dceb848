import { AnhError } from "../../common/errors.ts";
import { describe, type TensorType } from "../tensor/tensor.ts";

/** A node or element that cannot be judged. */
export class LeafError extends AnhError {
  constructor(expected: string, actual: string) {
    super("leaf", `expected ${expected}, got ${actual}`, { expected, actual });
  }
}

/** A file that is not the model it should be. */
export class ModelFileError extends AnhError {
  constructor(what: string, expected: string, actual: string, cause?: unknown, hint?: string) {
    super("model-file", `${what}: expected ${expected}, got ${actual}`, {
      expected,
      actual,
      cause,
      ...(hint === undefined ? {} : { hint }),
    });
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

/** A model of which some nodes cannot be run, or not be proven: all of them, each by its name. */
export class RefusedModelError extends AnhError {
  readonly refusals: readonly UnsupportedModelError[];

  constructor(what: string, refusals: readonly UnsupportedModelError[]) {
    const lines = refusals.map(({ message }) => `  ${message}`);
    const hints = [...new Set(refusals.map(({ hint }) => hint))].join(" ");
    super("model-unsupported", [`${what}:`, ...lines].join("\n"), { hint: hints });
    this.refusals = refusals;
  }

  override toJSON(): Record<string, unknown> {
    return {
      ...super.toJSON(),
      refusals: this.refusals.map(({ node, actual, hint }) => ({ node, what: actual, hint })),
    };
  }
}

/** Rows of a dataset that are not what the model's input takes. */
export class RowsError extends AnhError {
  constructor(input: string, expected: string, actual: string) {
    super("dataset", `rows of ${input}: expected ${expected}, as the model's, got ${actual}`, { expected, actual });
  }
}

/** What a network gives does not fit what it is to be trained towards. */
export class TargetError extends AnhError {
  constructor(expected: string, actual: TensorType) {
    super("target", `expected ${expected}, got ${describe(actual)}`, { expected, actual: describe(actual) });
  }
}
