import type { Hex } from "viem";
import type { Block, BlockTransaction } from "../chain/block.ts";
import type { BlockTag } from "../execution/execution.ts";
import { RpcError } from "./errors.ts";
import type { RpcContext } from "./method.ts";
import type { BlockRef } from "./schemas.ts";

/** Number of a block this node has; undefined for others. */
export function findNumber({ chain }: RpcContext, ref: BlockRef): bigint | undefined {
  const heads = chain.heads();
  if ("hash" in ref) return chain.store.blocks.numberOf(ref.hash);
  if ("number" in ref) return ref.number <= heads.latest ? ref.number : undefined;
  if (ref.tag === "earliest") return 0n;
  return ref.tag === "safe" || ref.tag === "finalized" ? heads[ref.tag] : heads.latest;
}

export function findBlock(context: RpcContext, ref: BlockRef): Block | undefined {
  const number = findNumber(context, ref);
  return number === undefined ? undefined : context.chain.store.blocks.block(number);
}

/** What execution is asked for; tags stay tags, so that it answers from its own consistent view. */
export function stateAt(context: RpcContext, ref: BlockRef): BlockTag {
  if ("tag" in ref) return ref.tag;
  const number = findNumber(context, ref);
  if (number === undefined) throw new RpcError("server", "header not found");
  return number;
}

export const isHead = (context: RpcContext, ref: BlockRef): boolean =>
  "tag" in ref
    ? ref.tag === "latest" || ref.tag === "pending"
    : findNumber(context, ref) === context.chain.heads().latest;

export interface Located {
  readonly block: Block;
  readonly index: number;
  readonly entry: BlockTransaction;
}

/** A transaction's place in the chain: where it was included, or else skipped. */
export function locate({ chain }: RpcContext, hash: Hex): Located | undefined {
  const place = chain.store.blocks.locate(hash);
  const block = place && chain.store.blocks.block(place.number);
  const entry = block?.transactions[place?.index ?? 0];
  return block && entry && { block, index: place?.index ?? 0, entry };
}

/** As `findBlock`, where there is nothing to answer without the block. */
export function foundBlock(context: RpcContext, ref: BlockRef): Block {
  const block = findBlock(context, ref);
  if (!block) throw new RpcError("server", "header not found");
  return block;
}
