import { AnhError } from "../../common/errors.ts";

/** Tensors that do not fit the graph they are fed to. */
export class FeedError extends AnhError {
  constructor(name: string, expected: string, actual: string) {
    super("feed", `${name}: expected ${expected}, got ${actual}`, { expected, actual });
  }
}

/** The executor refused a model or failed while running it. */
export class RuntimeError extends AnhError {
  constructor(what: string, cause: unknown) {
    super("runtime", `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** This machine's arithmetic is not the one that claims are judged by. */
export class HostError extends AnhError {
  constructor(what: string, expected: string, actual: string) {
    super("host", `this host cannot execute claims: ${what}`, {
      expected,
      actual,
      hint: "Run the executor on an x86-64 CPU with FMA, or on ARM64, with denormals enabled.",
    });
  }
}
