import { z } from "zod";
import { isHead, stateAt } from "../blocks.ts";
import { hexQuantity } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { address, blockRef, LATEST } from "../schemas.ts";

const EMPTY_CODE_HASH = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";

/** L2 balance; at the head an EOA's prepaid gas is added, so that wallets let it pay fees (opcode BALANCE does not). */
export const ethGetBalance = method(
  z.tuple([address, blockRef.optional()]),
  async (context, [account, ref = LATEST]) => {
    const { balanceWei, codeHash } = await executionOf(context).account(account, stateAt(context, ref));
    const isOwnKey = codeHash === EMPTY_CODE_HASH && isHead(context, ref);
    return hexQuantity(balanceWei + (isOwnKey ? context.chain.store.blocks.account(account).prepaidWei : 0n));
  },
);
