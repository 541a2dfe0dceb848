import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { encodeHeader } from "../../../common/header.ts";
import { decodeRlp, encodeRlp } from "../../../common/rlp.ts";
import { postedOf } from "../../chain/block.ts";
import { foundBlock } from "../blocks.ts";
import { method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/**
 * RLP of [header, transactions, uncles, withdrawals], a legacy transaction as the list it is. The transactions are those that
 * the header's root holds: posted ones, skipped or not, and none that the inbox forced.
 */
export const debugGetRawBlock = method(z.tuple([blockRef]), (context, [ref]) => {
  const block = foundBlock(context, ref);
  const transactions = postedOf(block).map(({ transaction, raw }) => (transaction?.type === 0 ? decodeRlp(raw) : raw));
  return hexOf(encodeRlp([decodeRlp(encodeHeader(block.header)), transactions, [], []]));
});
