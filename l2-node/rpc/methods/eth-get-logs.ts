import { z } from "zod/v4";
import { smallerOf } from "../../../common/bigint.ts";
import { findNumber } from "../blocks.ts";
import { RpcError } from "../errors.ts";
import { formatLog } from "../format.ts";
import { executionOf, method, type RpcContext } from "../method.ts";
import { address, type BlockRef, blockRef, hash, LATEST } from "../schemas.ts";

const topic = z.union([hash, z.array(hash).max(1000), z.null()]);
const filter = z.object({
  fromBlock: blockRef.nullish(),
  toBlock: blockRef.nullish(),
  blockHash: hash.nullish(),
  address: z.union([address.transform((one) => [one]), z.array(address).max(1000)]).nullish(),
  topics: z.array(topic).max(4).nullish(),
});

export const ethGetLogs = method(z.tuple([filter]), async (context, [params]) => {
  const [fromBlock, toBlock] = rangeOf(context, params);
  if (fromBlock > toBlock) return [];
  if (toBlock - fromBlock >= context.maxLogBlocks)
    throw new RpcError("limitExceeded", `query exceeds max block range ${context.maxLogBlocks}`);
  const { address: addresses, topics } = params;
  const logs = await executionOf(context).logs({
    fromBlock,
    toBlock,
    addresses: addresses ?? undefined,
    topics: topics ?? undefined,
  });
  return logs.map((log) => formatLog(log, context.chain.store.blocks.block(log.blockNumber)?.header.timestamp));
});

/** Ends above the head are cut to it; a start above it finds nothing. */
function rangeOf(context: RpcContext, params: z.output<typeof filter>): [from: bigint, to: bigint] {
  const { latest } = context.chain.heads();
  if (params.blockHash != null) {
    const number = findNumber(context, { hash: params.blockHash });
    if (number === undefined) throw new RpcError("server", "unknown block");
    return [number, number];
  }
  const numberOf = (ref: BlockRef) => ("number" in ref ? ref.number : (findNumber(context, ref) ?? latest));
  return [numberOf(params.fromBlock ?? LATEST), smallerOf(numberOf(params.toBlock ?? LATEST), latest)];
}
