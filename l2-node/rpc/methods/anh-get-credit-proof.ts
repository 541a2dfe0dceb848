import { z } from "zod/v4";
import { plain } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { address } from "../schemas.ts";
import { settledNumber } from "../settled.ts";

/** What `redeem` takes, against the last settled state; null where the account had no credit then. */
export const anhGetCreditProof = method(z.tuple([address]), async (context, [account]) => {
  const number = settledNumber(context);
  if (number === undefined) return null;
  const proof = await executionOf(context).creditProof(account, number);
  return proof && plain({ ...proof, number });
});
