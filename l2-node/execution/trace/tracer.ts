import type { Address, Hex } from "viem";
import { AnhError } from "../../../common/errors.ts";
import type { AnhEvm } from "../evm.ts";
import type { RunMessage, RunResult } from "../run.ts";
import { callFrames } from "./call-frames.ts";
import { prestate } from "./prestate.ts";
import { structLogs } from "./struct-logs.ts";

/** What a trace shall tell; the fields are go-ethereum's. */
export type TraceOptions =
  | {
      readonly kind: "structLogs";
      readonly disableStack: boolean;
      readonly enableMemory: boolean;
      readonly disableStorage: boolean;
      readonly enableReturnData: boolean;
      /** Steps told; 0 tells all. */
      readonly limit: number;
    }
  | { readonly kind: "callTracer"; readonly onlyTopCall: boolean; readonly withLog: boolean }
  | {
      readonly kind: "prestateTracer";
      readonly diffMode: boolean;
      readonly disableCode: boolean;
      readonly disableStorage: boolean;
    };

/** What is known of a transaction or call without listening to it. */
export interface Traced {
  readonly message: Pick<RunMessage, "from" | "to" | "valueWei" | "data" | "nonce">;
  readonly gasLimit: bigint;
}

/** How it ended: of a transaction as its receipt says. */
export interface Ended {
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly error?: string | undefined;
  readonly output: Hex;
  readonly createdAddress: Address | null;
}

/** Listens to one run; `result` has the form that the debug_ namespace gives it. */
export interface Tracer {
  observe(evm: AnhEvm, run: () => Promise<RunResult>): Promise<RunResult>;
  result(ended: Ended): unknown;
}

/** A trace larger than a node is willing to hold. */
export class TraceTooLargeError extends AnhError {}

export interface Budget {
  /** Counts characters a trace will have; throws `TraceTooLargeError`. */
  spend(characters: number): void;
}

const MAX_CHARACTERS = 64 * 1024 * 1024;

/** For all traces of one request together. */
export function openBudget(): Budget {
  let left = MAX_CHARACTERS;
  return {
    spend(characters) {
      left -= characters;
      if (left < 0)
        throw new TraceTooLargeError("trace-too-large", `the trace is longer than ${MAX_CHARACTERS} characters`, {
          hint: "leave out memory, stack or storage, set a limit, or ask for one transaction with callTracer",
        });
    },
  };
}

export function openTracer(options: TraceOptions, traced: Traced, budget: Budget): Tracer {
  if (options.kind === "structLogs") return structLogs(options, budget);
  if (options.kind === "callTracer") return callFrames(options, traced, budget);
  return prestate(options, traced, budget);
}
