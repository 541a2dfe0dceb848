import { z } from "zod";
import { smallerOf } from "../../common/bigint.ts";
import type { LogFilter, LogRecord } from "../execution/execution.ts";
import { findNumber } from "./blocks.ts";
import { RpcError } from "./errors.ts";
import { formatLog } from "./format.ts";
import { executionOf, type RpcContext } from "./method.ts";
import { address, type BlockRef, blockNumber, hash, LATEST } from "./schemas.ts";

const topic = z.union([hash, z.array(hash).max(1000), z.null()], {
  error: "expected a topic, a list of them, or null",
});

/** What selects logs, wherever they lie. */
export const logCriteria = z.object({
  address: z
    .union([address.transform((one) => [one]), z.array(address).max(1000)], { error: "expected an address or a list" })
    .nullish(),
  topics: z.array(topic).max(4, "exceed max topics: 4").nullish(),
});

export const logFilter = logCriteria.extend({
  fromBlock: blockNumber.nullish(),
  toBlock: blockNumber.nullish(),
  blockHash: hash.nullish(),
});
export type LogFilterParams = z.output<typeof logFilter>;

export const wantedOf = ({
  address,
  topics,
}: z.output<typeof logCriteria>): Pick<LogFilter, "addresses" | "topics"> => ({
  addresses: address ?? undefined,
  topics: topics ?? undefined,
});

/** Blocks looked through at a time, so that a query never holds more than this many blocks' receipts. */
const SLICE_BLOCKS = 200n;

/** Logs as eth_getLogs gives them, within the node's limits on blocks and logs. */
export async function findLogs(context: RpcContext, params: LogFilterParams) {
  const [fromBlock, toBlock] = rangeOf(context, params);
  if (toBlock - fromBlock >= context.limits.maxLogBlocks)
    throw new RpcError("limitExceeded", `query exceeds max block range ${context.limits.maxLogBlocks}`);
  const logs = await inSlices(context, { fromBlock, toBlock, ...wantedOf(params) });
  return logs.map((log) => formatLog(log, timestampOf(context, log)));
}

export const timestampOf = ({ chain }: RpcContext, { blockNumber }: Pick<LogRecord, "blockNumber">) =>
  chain.store.blocks.block(blockNumber)?.header.timestamp;

async function inSlices(context: RpcContext, { fromBlock, toBlock, ...wanted }: LogFilter): Promise<LogRecord[]> {
  const logs: LogRecord[] = [];
  for (let from = fromBlock; from <= toBlock; from += SLICE_BLOCKS) {
    const to = smallerOf(from + SLICE_BLOCKS - 1n, toBlock);
    logs.push(...(await executionOf(context).logs({ ...wanted, fromBlock: from, toBlock: to })));
    if (logs.length > context.limits.maxLogs)
      throw new RpcError(
        "limitExceeded",
        `query returned more than ${context.limits.maxLogs} results; blocks to ${to} are too many`,
      );
  }
  return logs;
}

function rangeOf(context: RpcContext, params: LogFilterParams): [from: bigint, to: bigint] {
  if (params.blockHash != null) {
    if (params.fromBlock != null || params.toBlock != null)
      throw new RpcError(
        "invalidParams",
        "cannot specify both blockHash and fromBlock/toBlock, choose one or the other",
      );
    const number = findNumber(context, { hash: params.blockHash });
    if (number === undefined) throw new RpcError("server", "unknown block");
    return [number, number];
  }
  const { latest } = context.chain.heads();
  const numberOf = (ref: BlockRef) => ("number" in ref ? ref.number : (findNumber(context, ref) ?? latest));
  const [from, to] = [numberOf(params.fromBlock ?? LATEST), numberOf(params.toBlock ?? LATEST)];
  if (from > to) throw new RpcError("invalidParams", "invalid block range params");
  if (to > latest) throw new RpcError("invalidParams", "block range extends beyond current head block");
  return [from, to];
}
