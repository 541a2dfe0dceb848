import { z } from "zod";
import { findNumber } from "../blocks.ts";
import { plain } from "../format.ts";
import { method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/** The batch that anchored a block, and the L1 transaction that posted it; null while unanchored, and for genesis. */
export const anhGetHeaderAnchor = method(z.tuple([blockRef]), (context, [ref]) => {
  const { chain } = context;
  const number = findNumber(context, ref);
  if (number === undefined || number === 0n || number > chain.heads().safe) return null;
  return plain(chain.store.l1.batchOf(number));
});
