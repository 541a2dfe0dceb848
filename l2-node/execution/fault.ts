import { AnhError } from "../../common/errors.ts";

/**
 * A bug met while computing on what a transaction says. Every node meets the same, so it may decide how a transaction
 * ends. What one node alone can meet (its disk, a missing block, memory) must never become this.
 */
export class ComputationFault extends AnhError {}

/** V8's own limits depend on the machine and on how deep the stack is already. */
const isMachineLimit = (error: unknown): boolean =>
  error instanceof RangeError && /call stack|alloc|string length/i.test(error.message);

/** Runs decoding, encoding or arithmetic that reads nothing but its arguments; what it throws is a `ComputationFault`. */
export function computed<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof ComputationFault || isMachineLimit(error)) throw error;
    throw new ComputationFault("computation-fault", error instanceof Error ? error.message : String(error), {
      hint: "this is a bug of the node; report it with the transaction's hash",
      cause: error,
    });
  }
}
