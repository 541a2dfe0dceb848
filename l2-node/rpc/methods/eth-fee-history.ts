import { z } from "zod";
import { largerOf, smallerOf } from "../../../common/bigint.ts";
import type { Block } from "../../chain/block.ts";
import { nextBaseFeeWei } from "../../ledger/base-fee.ts";
import { findNumber } from "../blocks.ts";
import { RpcError } from "../errors.ts";
import { suggestedTipWei } from "../fees.ts";
import { hexQuantity, includedOf } from "../format.ts";
import { method } from "../method.ts";
import { blockNumber, quantity } from "../schemas.ts";

const MAX_BLOCKS = 1024n;
const params = z.tuple([
  z.union([quantity, z.int().nonnegative().transform(BigInt)]).meta({ title: "blockCount" }),
  blockNumber,
  z
    .array(z.number().min(0).max(100))
    .max(100)
    .refine((list) => list.every((percentile, i) => percentile >= (list[i - 1] ?? 0)), {
      error: "reward percentiles must ascend",
    })
    .meta({ title: "rewardPercentiles" })
    .optional(),
]);

export const ethFeeHistory = method(params, (context, [count, newest, percentiles]) => {
  const last = findNumber(context, newest);
  if (last === undefined) throw new RpcError("server", "header not found");
  const blockCount = smallerOf(smallerOf(count, MAX_BLOCKS), last + 1n);
  const oldest = last + 1n - blockCount;
  const blocks = Array.from(
    { length: Number(blockCount) },
    (_, i) => context.chain.store.blocks.block(oldest + BigInt(i)) as Block,
  );
  const newestHeader = blocks.at(-1)?.header;
  const fees = blocks.map(({ header }) => hexQuantity(header.baseFeeWei));
  const tip = suggestedTipWei(context);
  return {
    oldestBlock: hexQuantity(oldest),
    baseFeePerGas: newestHeader ? [...fees, hexQuantity(nextBaseFeeWei(newestHeader))] : [],
    gasUsedRatio: blocks.map(({ header }) => Number(header.gasUsed) / Number(header.gasLimit)),
    baseFeePerBlobGas: Array.from({ length: blocks.length + 1 }, () => "0x1"),
    blobGasUsedRatio: blocks.map(() => 0),
    ...(percentiles ? { reward: blocks.map((block) => rewards(block, percentiles, tip).map(hexQuantity)) } : {}),
  };
});

/**
 * Tips at percentiles of the block's gas, never below the suggested one: clients make their tip of these, and with none
 * a posted byte would cost more gas than they have estimated.
 */
function rewards(block: Block, percentiles: readonly number[], floorWei: bigint): bigint[] {
  const { baseFeeWei, gasUsed } = block.header;
  const tips = includedOf(block)
    .map(({ transaction: { maxFeeWei, maxTipWei, gasLimit } }) => ({
      tipWei: smallerOf(maxFeeWei - baseFeeWei, maxTipWei),
      gasLimit,
    }))
    .sort((a, b) => Number(a.tipWei - b.tipWei));
  return percentiles.map((percentile) => {
    const threshold = (gasUsed * BigInt(Math.floor(percentile * 100))) / 10_000n;
    let gas = 0n;
    for (const { tipWei, gasLimit } of tips) {
      gas += gasLimit;
      if (gas >= threshold) return largerOf(tipWei, floorWei);
    }
    return floorWei;
  });
}
