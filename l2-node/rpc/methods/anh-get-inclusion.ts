import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { encodeHeader } from "../../../common/header.ts";
import { indexedTrieProof } from "../../../common/trie.ts";
import { type Block, postedOf } from "../../chain/block.ts";
import { locate } from "../blocks.ts";
import { plain } from "../format.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

/**
 * What shows that a transaction was sequenced: the nodes from its header's transactionsRoot to the envelope at rlp(index), and
 * the headers from its block to the end of its batch, each the parent of the next; L1 holds the last one's hash. `anchor` and
 * `headers` are null until L1 has the batch; `proof` is null for what the inbox forced, which no batch holds. null for unknown
 * transactions, and for those that wait in the mempool.
 */
export const anhGetInclusion = method(z.tuple([hash]), (context, [transactionHash]) => {
  const found = locate(context, transactionHash);
  if (!found) return null;
  const { block, index, entry } = found;
  const { blocks, l1 } = context.chain.store;
  const { number, transactionsRoot } = block.header;
  const anchor = number <= context.chain.heads().safe ? l1.batchOf(number) : undefined;
  const posted = postedOf(block).map(({ raw }) => raw);
  const place = index - (block.forced ?? 0);
  const headers: string[] = [];
  for (let at = number; anchor && at <= anchor.lastNumber; at++)
    headers.push(hexOf(encodeHeader((blocks.block(at) as Block).header)));
  return plain({
    blockNumber: number,
    blockHash: block.hash,
    index: place < 0 ? null : BigInt(place),
    status: entry.outcome.status,
    transactionsRoot,
    envelope: entry.raw,
    proof: place < 0 ? null : indexedTrieProof(posted, place),
    anchor: anchor ?? null,
    headers: anchor ? headers : null,
  });
});
