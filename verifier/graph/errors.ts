import { AnhError } from "../../common/errors.ts";

/** A graph that is not one: ends without a source, names that clash, states that change type. */
export class GraphError extends AnhError {
  constructor(expected: string, actual: string) {
    super("graph", `graph: expected ${expected}, got ${actual}`, { expected, actual });
  }
}
