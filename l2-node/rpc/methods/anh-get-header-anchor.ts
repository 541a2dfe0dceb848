import { z } from "zod/v4";
import { plain } from "../format.ts";
import { method } from "../method.ts";
import { quantity } from "../schemas.ts";

/** The batch that anchored a block, and the L1 transaction that posted it; null while unanchored. */
export const anhGetHeaderAnchor = method(z.tuple([quantity]), ({ chain }, [number]) => {
  if (number === 0n || number > chain.heads().safe) return null;
  return plain(chain.store.l1.batchOf(number));
});
