/** What every typed error of ANH carries. `hint` tells the person what to do next. */
export interface ErrorDetails {
  readonly expected?: unknown;
  readonly actual?: unknown;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of every error that is somebody's mistake or an outside fault; anything else thrown is a bug of ours. */
export class AnhError extends Error {
  readonly code: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.expected = details.expected;
    this.actual = details.actual;
    this.hint = details.hint;
  }

  /** Plain form for `--json` output, RPC `data` and logs: bigints as decimal strings. */
  toJSON(): Record<string, unknown> {
    const plain = (value: unknown) => (typeof value === "bigint" ? value.toString() : value);
    return {
      code: this.code,
      message: this.message,
      ...(this.expected === undefined ? {} : { expected: plain(this.expected) }),
      ...(this.actual === undefined ? {} : { actual: plain(this.actual) }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }
}
