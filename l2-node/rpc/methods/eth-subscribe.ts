import { z } from "zod";
import type { Block } from "../../chain/block.ts";
import { RpcError } from "../errors.ts";
import { watchBlocks, watchLogs, watchPending } from "../feeds.ts";
import { formatHead, formatLog, formatTransaction } from "../format.ts";
import { logCriteria, timestampOf, wantedOf } from "../log-filter.ts";
import { executionOf, method, type RpcContext, sessionOf } from "../method.ts";

const subscription = z.union(
  [
    z.tuple([z.enum(["newHeads", "syncing"]).meta({ title: "subscription" })]),
    z.tuple([z.literal("logs"), logCriteria.meta({ title: "options" }).optional()]),
    z.tuple([z.literal("newPendingTransactions"), z.boolean().optional()]),
  ],
  { error: 'expected ["newHeads"], ["logs", {address?, topics?}], ["newPendingTransactions", full?] or ["syncing"]' },
);

export const ethSubscribe = method(subscription, (context, params) => {
  const start = starter(context, params);
  return sessionOf(context).subscribe("eth_subscription", start);
});

/** Made once per block, for however many listen. */
const heads = new WeakMap<Block, object>();
function headOf(block: Block): object {
  const known = heads.get(block);
  if (known) return known;
  const head = formatHead(block);
  heads.set(block, head);
  return head;
}

type Start = (tell: (result: unknown) => void) => () => void;

function starter(context: RpcContext, params: z.output<typeof subscription>): Start {
  switch (params[0]) {
    case "newHeads":
      return (tell) => watchBlocks(context, (block) => tell(headOf(block)));
    case "newPendingTransactions": {
      const [, full] = params;
      if (!context.mempool) throw new RpcError("unsupported", "a replica has no mempool: ask the sequencer");
      return (tell) => watchPending(context, (one) => tell(full ? formatTransaction(one) : one.hash));
    }
    case "logs":
      return logs(context, wantedOf(params[1] ?? {}));
    case "syncing":
      return (tell) => {
        tell(false); // As eth_syncing: it never changes.
        return () => {};
      };
  }
}

/** While somebody listens, blocks are executed as they come. */
function logs(context: RpcContext, wanted: ReturnType<typeof wantedOf>): Start {
  const execution = executionOf(context);
  const catchUp = () => {
    execution.executeTo("latest").catch(() => {}); // Whoever asks next meets the same error.
  };
  return (tell) => {
    const stops = [
      watchLogs(context, wanted, (found, removed) => {
        for (const log of found) tell({ ...formatLog(log, timestampOf(context, log)), removed });
      }),
      watchBlocks(context, catchUp),
    ];
    execution.events.on("rederived", catchUp);
    stops.push(() => execution.events.off("rederived", catchUp));
    catchUp();
    return () => {
      for (const stop of stops) stop();
    };
  };
}
