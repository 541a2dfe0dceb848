import { z } from "zod";
import { type Located, locate } from "../blocks.ts";
import { plain } from "../format.ts";
import { method, type RpcContext } from "../method.ts";
import { hash } from "../schemas.ts";
import { settledNumber } from "../settled.ts";

/**
 * `{state}`: pending (in the mempool), skipped, sequenced, anchored, parked (with `id`), executed-soft (with the open
 * claims), executed-final, settled; `error` says why one that was executed failed. null for unknown hashes. Executes where the
 * node can.
 */
export const anhGetTransactionStatus = method(z.tuple([hash]), async (context, [transactionHash]) => {
  const found = locate(context, transactionHash);
  if (!found) return context.mempool?.get(transactionHash) ? { state: "pending" } : null;
  const { block, index, entry } = found;
  const place = { includedInBlock: block.header.number, includedAtIndex: index };
  if (entry.outcome.status === "skipped") return plain({ state: "skipped", reason: entry.outcome.reason, ...place });
  return plain({ ...(await stateOf(context, found)), ...place });
});

async function stateOf(context: RpcContext, found: Located): Promise<object> {
  const receipt = await context.execution?.receipt(found.entry.hash);
  return { ...(await standingOf(context, found)), ...(receipt?.error === undefined ? {} : { error: receipt.error }) };
}

async function standingOf(context: RpcContext, { block, entry }: Located): Promise<object> {
  const anchored = block.header.number <= context.chain.heads().safe;
  const status = await context.execution?.status(entry.hash);
  if (!status) return { state: anchored ? "anchored" : "sequenced" };
  if (status.state === "parked") return { ...status, anchored };
  const { blockNumber } = status;
  if (status.state === "soft") return { state: "executed-soft", blockNumber, open: status.open, anchored };
  const settled = settledNumber(context);
  return {
    state: settled !== undefined && blockNumber <= settled ? "settled" : "executed-final",
    blockNumber,
    anchored,
  };
}
