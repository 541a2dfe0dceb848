import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { locate } from "../blocks.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

/** The envelope as its sender signed it, whether included or waiting; empty for unknown hashes. */
export const debugGetRawTransaction = method(z.tuple([hash]), (context, [transactionHash]) => {
  const raw = locate(context, transactionHash)?.entry.raw ?? context.mempool?.get(transactionHash)?.raw;
  return raw ? hexOf(raw) : "0x";
});
