import { z } from "zod";
import { method } from "../method.ts";
import { MAX_PAGE, searchPage } from "../otterscan.ts";
import { address } from "../schemas.ts";

const params = z.tuple([
  address,
  z.int().nonnegative().meta({ title: "blockNumber" }),
  z.int().positive().max(MAX_PAGE, `expected at most ${MAX_PAGE}`).meta({ title: "pageSize" }),
]);

/** Transactions an account appears in, in blocks after the named one; 0 stands for the oldest. The newest come first. */
export const otsSearchTransactionsAfter = method(params, (context, [account, block, size]) =>
  searchPage(context, account, BigInt(block), "after", size),
);
