import { z } from "zod";
import { plain } from "../format.ts";
import { disputesOf, method } from "../method.ts";
import { hash } from "../schemas.ts";

/** Challenges of a claim, as L1 has them now. */
export const anhGetDisputes = method(z.tuple([hash]), async (context, [claimHash]) =>
  plain(await context.gate(() => disputesOf(context).ofClaim(claimHash))),
);
