import type { Hex } from "viem";
import { z } from "zod";
import type { Chain } from "../chain/chain.ts";
import type { BridgeSource } from "../execution/bridge-source.ts";
import type { Execution, Rederivation } from "../execution/execution.ts";
import type { DisputeSource } from "../l1/disputes.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import { RpcError } from "./errors.ts";
import type { Filters } from "./filters.ts";
import type { Gate } from "./gate.ts";
import type { Session } from "./session.ts";

/** What a node gives its RPC. A replica has no mempool, a node started with `--execute none` no execution. */
export interface RpcModules {
  readonly chain: Chain;
  readonly mempool?: Mempool | undefined;
  readonly execution?: Execution | undefined;
  /** Where a replica sends transactions on to; absent where it refuses them. */
  readonly forward?: ((raw: Hex) => Promise<Hex>) | undefined;
  /** The sequencer's signature of a header it sealed (P3.9); only its own node has the key. */
  readonly signSealed?: ((hash: Hex) => Hex) | undefined;
  /** Disputes on L1; absent where the node has no L1 to ask. */
  readonly disputes?: DisputeSource | undefined;
  /** Withdrawals on L1; absent where the node has no L1 to ask. */
  readonly bridge?: BridgeSource | undefined;
  readonly clientVersion: string;
  /** Blocks one eth_getLogs may span, and logs it may give. */
  readonly limits: { readonly maxLogBlocks: bigint; readonly maxLogs: number };
}

/** What methods answer from. */
export interface RpcContext extends RpcModules {
  /** What execution derived anew since the server started, the latest last. */
  readonly rederivations: readonly Rederivation[];
  /** Everything that runs the EVM for a caller goes through here. */
  readonly gate: Gate;
  readonly filters: Filters;
  /** The connection a request came on, where it can carry notifications. */
  readonly session?: Session | undefined;
}

export interface Method {
  (context: RpcContext, params: readonly unknown[]): Promise<unknown>;
  /** Shape of the parameters, for describing the method. */
  readonly params: z.ZodType;
}

/** A method from the shape of its parameters and what it answers. */
export function method<S extends z.ZodType>(
  params: S,
  handle: (context: RpcContext, params: z.output<S>) => unknown,
): Method {
  const call = async (context: RpcContext, given: readonly unknown[]) => {
    const parsed = params.safeParse(withoutTrailingNulls(given));
    if (!parsed.success) throw new RpcError("invalidParams", `invalid params: ${describe(parsed.error)}`);
    return handle(context, parsed.data);
  };
  return Object.assign(call, { params });
}

/** The first problems only: a caller who sends a thousand wrong elements need not hear of each. */
const describe = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, 3)
    .map((issue) => `${placeOf(issue)}${wordsFor(issue)}`.slice(0, 300))
    .join("; ");

const placeOf = ({ path: [index, ...rest] }: z.core.$ZodIssue): string =>
  index === undefined ? "" : `${["argument", String(index), ...rest.map(String)].join(".").replace(".", " ")}: `;

/** Our words, or a schema's own; what zod says by itself speaks of arrays and unions. */
function wordsFor(issue: z.core.$ZodIssue): string {
  const atTop = issue.path.length === 0;
  switch (issue.code) {
    case "too_small":
      return atTop ? `missing value for required argument ${Number(issue.minimum) - 1}` : issue.message;
    case "too_big":
      return atTop ? `too many arguments, want at most ${issue.maximum}` : issue.message;
    case "invalid_type":
      return issue.message.startsWith("Invalid input") ? `expected ${article(issue.expected)}` : issue.message;
    case "invalid_key":
      return issue.issues[0]?.message ?? issue.message;
    case "unrecognized_keys":
      return `unknown field ${issue.keys.slice(0, 3).join(", ")}`;
    case "invalid_union":
      return issue.errors.flat().length > 0 && issue.message === "Invalid input"
        ? issue.errors.flatMap((alternative) => alternative.slice(0, 1).map(wordsFor)).join(", or ")
        : issue.message;
    default:
      return issue.message;
  }
}

const article = (type: string): string => (type === "array" ? "a list" : type === "int" ? "an integer" : `a ${type}`);

/** Clients send null for "not given". */
function withoutTrailingNulls(params: readonly unknown[]): readonly unknown[] {
  const last = params.findLastIndex((param) => param !== null && param !== undefined);
  return params.slice(0, last + 1);
}

export const noParams = z.tuple([]);

/** The execution of this node; a method that needs it does not exist without. */
export function executionOf({ execution }: RpcContext): Execution {
  if (!execution)
    throw new RpcError("methodNotFound", "this node executes nothing (--execute none); ask one that does");
  return execution;
}

export function disputesOf({ disputes }: RpcContext): DisputeSource {
  if (!disputes) throw new RpcError("methodNotFound", "this node does not ask L1 about disputes");
  return disputes;
}

export function bridgeOf({ bridge }: RpcContext): BridgeSource {
  if (!bridge) throw new RpcError("methodNotFound", "this node does not ask L1 about withdrawals");
  return bridge;
}

/** The connection of this request; what only makes sense there does not exist elsewhere. */
export function sessionOf({ session }: RpcContext): Session {
  if (!session) throw new RpcError("methodNotFound", "notifications not supported: subscribe over WebSocket");
  return session;
}
