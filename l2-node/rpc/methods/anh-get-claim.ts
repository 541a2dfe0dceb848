import { z } from "zod";
import { claimsOf } from "../claims.ts";
import { plain } from "../format.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

/** A claim by its hash, as L1's inbox tells of it; null for unknown ones. */
export const anhGetClaim = method(z.tuple([hash]), (context, [claimHash]) => {
  const claim = claimsOf(context).get(claimHash);
  return claim ? plain(claim) : null;
});
