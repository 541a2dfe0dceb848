import { z } from "zod";
import { findNumber } from "../blocks.ts";
import { RpcError } from "../errors.ts";
import { watchLogs } from "../feeds.ts";
import { formatLog } from "../format.ts";
import { logFilter, timestampOf, wantedOf } from "../log-filter.ts";
import { method, type RpcContext } from "../method.ts";
import type { BlockRef } from "../schemas.ts";

/** Logs from now on; past ones are eth_getFilterLogs's. */
export const ethNewFilter = method(z.tuple([logFilter.meta({ title: "filter" })]), (context, [params]) => {
  if (params.blockHash != null)
    throw new RpcError("invalidParams", "a filter is about blocks to come: ask eth_getLogs about one block");
  const span = { fromBlock: numberOf(context, params.fromBlock), toBlock: numberOf(context, params.toBlock) };
  if (span.fromBlock !== undefined && span.toBlock !== undefined && span.fromBlock > span.toBlock)
    throw new RpcError("invalidParams", "invalid block range params");
  return context.filters.install(
    (collect) =>
      watchLogs(context, { ...wantedOf(params), ...span }, (logs, removed) => {
        for (const log of logs) collect({ ...formatLog(log, timestampOf(context, log)), removed });
      }),
    params,
  );
});

/** "latest" and "pending" bound nothing: they move with the chain. */
function numberOf(context: RpcContext, ref: BlockRef | null | undefined): bigint | undefined {
  if (ref == null || ("tag" in ref && (ref.tag === "latest" || ref.tag === "pending"))) return undefined;
  return "number" in ref ? ref.number : findNumber(context, ref);
}
