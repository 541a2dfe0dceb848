import type { ChainFile } from "../../common/chain-file.ts";
import type { Execution, ExecutionEvents } from "./execution.ts";
import type { Simulation } from "./simulate.ts";
import type { WireError } from "./wire-error.ts";

// What crosses between a node's thread and the one that executes: plain data, copied.

/** What the executing thread begins with. */
export interface ThreadData {
  readonly chain: ChainFile;
  /** The node's store, which the node's thread writes. */
  readonly chainPath: string;
  /** The derived state, which the executing thread writes. */
  readonly statePath: string;
  /** Folder of inference graphs, for their shapes. */
  readonly blobs?: string | undefined;
  readonly listening: readonly BulkyEvent[];
  /** The last block that a thread before this one told of. */
  readonly told: bigint | undefined;
}

/** Told across only while somebody listens: they carry receipts. */
export type BulkyEvent = "executed" | "retracted";

/** Questions that are asked across as they are: plain arguments, a plain answer. */
export const QUESTIONS = [
  "executeTo",
  "account",
  "code",
  "storage",
  "call",
  "estimateGas",
  "createAccessList",
  "traceBlock",
  "traceCall",
  "receipt",
  "blockReceipts",
  "logs",
  "status",
  "appearances",
  "sent",
  "creation",
  "parked",
  "demands",
  "jobs",
  "job",
  "inputBytes",
  "computeBalance",
  "credit",
  "creditProof",
  "withdrawalProof",
  "withdrawals",
  "stateRoot",
  "stateProof",
  "roots",
  "accountantFeesWei",
  "uncertainty",
] as const satisfies readonly (keyof Execution)[];

export type Questions = Pick<Execution, (typeof QUESTIONS)[number]>;

/** A simulation lasts several questions: it is opened, asked for block after block, and closed. */
export interface SimulationQuestions {
  openSimulation(session: number, ...args: OpeningArguments): Promise<void>;
  runBlock(session: number, ...args: Parameters<Simulation["runBlock"]>): ReturnType<Simulation["runBlock"]>;
  /** Whether the state it stood on is still what it was. */
  closeSimulation(session: number): Promise<boolean>;
}
type OpeningArguments =
  Parameters<Execution["simulate"]> extends readonly [infer Block, infer Options, unknown]
    ? readonly [block: Block, options: Options]
    : never;

export interface AllQuestions extends Questions, SimulationQuestions, Pick<Execution, "close"> {}

/** How far execution is, as the node's thread knows without asking. */
export interface Standing {
  readonly executed: bigint;
  readonly rederived: number;
}

export type ToThread =
  | {
      readonly kind: "ask";
      readonly id: number;
      readonly question: keyof AllQuestions;
      readonly args: readonly unknown[];
    }
  | { readonly kind: "listen"; readonly event: BulkyEvent; readonly on: boolean }
  /** The chain may have changed. */
  | { readonly kind: "moved" };

export type FromThread =
  /** It cannot begin. */
  | { readonly kind: "unable"; readonly error: WireError }
  | ({ readonly standing: Standing } & (
      | { readonly kind: "ready" | "standing" }
      | { readonly kind: "answer"; readonly id: number; readonly result: unknown }
      | { readonly kind: "refusal"; readonly id: number; readonly error: WireError }
      /** Without its detail where nobody listens. */
      | { readonly kind: "event"; readonly event: keyof ExecutionEvents; readonly detail?: unknown }
    ));
