import { z } from "zod";
import { plain } from "../format.ts";
import { executionOf, method, noParams } from "../method.ts";
import { address } from "../schemas.ts";

/** All withdrawals begun on L2, or one account's, by index. */
export const anhGetWithdrawals = method(z.union([noParams, z.tuple([address])]), async (context, [account]) =>
  plain(await executionOf(context).withdrawals(account)),
);
