import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { plain } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef } from "../schemas.ts";
import { settledNumber } from "../settled.ts";

/** What `redeem` takes, against the last settled block unless another is named; null for accounts without credit there. */
export const anhGetCreditProof = method(z.tuple([address, blockRef.optional()]), async (context, [account, ref]) => {
  const at = ref === undefined ? settledNumber(context) : stateAt(context, ref);
  if (at === undefined) return null;
  const execution = executionOf(context);
  const number = await execution.executeTo(at);
  const proof = await execution.creditProof(account, number);
  return proof && plain({ ...proof, number });
});
