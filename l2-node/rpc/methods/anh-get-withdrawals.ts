import { z } from "zod/v4";
import { plain } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { address } from "../schemas.ts";

export const anhGetWithdrawals = method(z.tuple([address.optional()]), async (context, [account]) =>
  plain(await executionOf(context).withdrawals(account)),
);
