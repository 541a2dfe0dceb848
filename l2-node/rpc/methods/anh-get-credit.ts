import { z } from "zod";
import { stateAt } from "../blocks.ts";
import { plain } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef, LATEST } from "../schemas.ts";

/** Cumulative credit earned, the part already redeemed, and what is left to redeem once settled. */
export const anhGetCredit = method(
  z.tuple([address, blockRef.optional()]),
  async (context, [account, ref = LATEST]) => {
    const cumulativeWei = await executionOf(context).credit(account, stateAt(context, ref));
    const { redeemedWei } = context.chain.store.blocks.account(account);
    return plain({ cumulativeWei, redeemedWei, redeemableWei: cumulativeWei - redeemedWei });
  },
);
