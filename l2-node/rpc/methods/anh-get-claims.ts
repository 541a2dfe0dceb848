import { z } from "zod";
import { claimsOf } from "../claims.ts";
import { plain } from "../format.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

const MAX_CLAIMS = 1000;
const selection = z.object({
  id: hash.nullish(),
  status: z.enum(["open", "final", "overturned"], { error: "expected open, final or overturned" }).nullish(),
});

/** The newest claims first, of one id or of one status, at most a thousand. */
export const anhGetClaims = method(
  z.tuple([selection.meta({ title: "selection" }).optional()]),
  (context, [{ id, status } = {}]) =>
    plain(
      [...claimsOf(context).values()]
        .filter((claim) => (id == null || claim.id === id) && (status == null || claim.status === status))
        .slice(-MAX_CLAIMS)
        .reverse(),
    ),
);
