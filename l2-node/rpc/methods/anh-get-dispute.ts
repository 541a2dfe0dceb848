import { z } from "zod";
import { plain } from "../format.ts";
import { disputesOf, method } from "../method.ts";
import { hash } from "../schemas.ts";

/** A challenge by its id, as L1 has it now; null for unknown ones. */
export const anhGetDispute = method(z.tuple([hash]), async (context, [challengeId]) => {
  const found = await context.gate(() => disputesOf(context).byId(challengeId));
  return found ? plain(found) : null;
});
