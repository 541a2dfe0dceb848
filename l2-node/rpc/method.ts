import { z } from "zod/v4";
import type { Chain } from "../chain/chain.ts";
import type { Execution } from "../execution/execution.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import { RpcError } from "./errors.ts";

/** What methods answer from. A replica has no mempool, a node started with `--execute none` no execution. */
export interface RpcContext {
  readonly chain: Chain;
  readonly mempool?: Mempool | undefined;
  readonly execution?: Execution | undefined;
  readonly clientVersion: string;
  /** Blocks one eth_getLogs may span. */
  readonly maxLogBlocks: bigint;
}

export type Method = (context: RpcContext, params: readonly unknown[]) => Promise<unknown>;

/** A method from the shape of its parameters and what it answers. */
export function method<S extends z.ZodType>(
  params: S,
  handle: (context: RpcContext, params: z.output<S>) => unknown,
): Method {
  return async (context, given) => {
    const parsed = params.safeParse(withoutTrailingNulls(given));
    if (!parsed.success) throw new RpcError("invalidParams", `invalid params: ${z.prettifyError(parsed.error)}`);
    return handle(context, parsed.data);
  };
}

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
