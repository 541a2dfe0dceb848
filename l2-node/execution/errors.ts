import type { Hex } from "viem";
import { AnhError } from "../../common/errors.ts";

/** A block above the head, or below genesis. */
export class UnknownBlockError extends AnhError {}

/** Asked after `close`. */
export class ClosedError extends AnhError {}

/** No gas limit makes the call succeed. */
export class CallFailedError extends AnhError {
  readonly data: Hex;
  readonly status: "revert" | "halt";

  constructor(status: "revert" | "halt", message: string, data: Hex) {
    super("call-failed", message, { actual: data });
    this.status = status;
    this.data = data;
  }
}

/** The thread that executes ended before it answered; another takes its place. */
export class ExecutionDiedError extends AnhError {}
