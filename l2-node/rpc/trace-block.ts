import type { z } from "zod";
import { findNumber } from "./blocks.ts";
import { RpcError } from "./errors.ts";
import { executionOf, type RpcContext } from "./method.ts";
import type { BlockRef } from "./schemas.ts";
import { toTraceOptions, type traceOptions } from "./trace-options.ts";

/** Traces of what a block executed to its end: its own transactions, and those that it resumed. */
export async function traceBlock(
  context: RpcContext,
  ref: BlockRef,
  params: z.output<typeof traceOptions> | undefined,
) {
  const options = toTraceOptions(params);
  const number = findNumber(context, ref);
  if (number === undefined) throw new RpcError("server", `block ${"hash" in ref ? ref.hash : ""} not found`);
  if (number === 0n) throw new RpcError("server", "genesis is not traceable");
  const traces = await context.gate(() => executionOf(context).traceBlock(number, options));
  return traces.map(({ transactionHash: txHash, result }) => ({ txHash, result }));
}
