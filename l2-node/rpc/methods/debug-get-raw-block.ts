import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { encodeHeader } from "../../../common/header.ts";
import { decodeRlp, encodeRlp } from "../../../common/rlp.ts";
import { foundBlock } from "../blocks.ts";
import { includedOf } from "../format.ts";
import { method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/** RLP of [header, transactions, uncles, withdrawals], a legacy transaction as the list it is. Skipped ones are left out. */
export const debugGetRawBlock = method(z.tuple([blockRef]), (context, [ref]) => {
  const block = foundBlock(context, ref);
  const transactions = includedOf(block).map(({ transaction: { raw, type } }) => (type === 0 ? decodeRlp(raw) : raw));
  return hexOf(encodeRlp([decodeRlp(encodeHeader(block.header)), transactions, [], []]));
});
