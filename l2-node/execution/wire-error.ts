import { AnhError } from "../../common/errors.ts";
import { CallFailedError, ClosedError, UnknownBlockError } from "./errors.ts";
import { ComputationFault } from "./fault.ts";
import { SimulationError } from "./simulate.ts";
import { WrongStoreError } from "./store.ts";
import { TraceTooLargeError } from "./trace/tracer.ts";

/** An error on its way to another thread: a copy of an error loses its class and all fields but the message. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  /** Of typed errors. */
  readonly typed?: Pick<AnhError, "code" | "expected" | "actual" | "hint">;
  /** Of a failed call. */
  readonly failed?: Pick<CallFailedError, "status" | "data">;
}

/** Those that are told from others by their class. */
const CLASSES: Readonly<Record<string, typeof AnhError>> = {
  UnknownBlockError,
  ClosedError,
  ComputationFault,
  SimulationError,
  WrongStoreError,
  TraceTooLargeError,
};

export function encodeError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  if (!(error instanceof AnhError)) return { name, message, stack };
  const { code, expected, actual, hint } = error;
  const typed = { code, expected, actual, hint };
  if (!(error instanceof CallFailedError)) return { name, message, stack, typed };
  return { name, message, stack, typed, failed: { status: error.status, data: error.data } };
}

export function decodeError({ name, message, stack, typed, failed }: WireError): Error {
  if (failed) return new CallFailedError(failed.status, message, failed.data);
  const error = typed ? typedError(name, message, typed) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function typedError(name: string, message: string, typed: NonNullable<WireError["typed"]>): AnhError {
  const { code, expected, actual, hint } = typed;
  const details = { expected, actual, ...(hint === undefined ? {} : { hint }) };
  const Class = Object.hasOwn(CLASSES, name) ? CLASSES[name]! : AnhError;
  return new Class(code, message, details);
}
