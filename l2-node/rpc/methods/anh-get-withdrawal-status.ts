import { z } from "zod";
import { plain } from "../format.ts";
import { bridgeOf, executionOf, method } from "../method.ts";
import { quantity } from "../schemas.ts";

/**
 * A withdrawal by its index, and `state`: unclaimed (no state claim holds its block yet), claimed (until L1 second
 * `settleableAt`, from which anybody may settle claim `number`), settled (`anh_getWithdrawalProof` gives what the Bridge takes
 * against `number`), paid. null for an index that is not there.
 */
export const anhGetWithdrawalStatus = method(z.tuple([quantity.meta({ title: "index" })]), async (context, [index]) => {
  const bridge = bridgeOf(context);
  const withdrawal = (await executionOf(context).withdrawals()).find((one) => one.index === index);
  return withdrawal ? plain({ ...withdrawal, ...(await bridge.progress(index, withdrawal.blockNumber)) }) : null;
});
