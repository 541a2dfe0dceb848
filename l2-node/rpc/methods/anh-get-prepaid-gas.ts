import { z } from "zod";
import { hexQuantity } from "../format.ts";
import { method } from "../method.ts";
import { address } from "../schemas.ts";

/** Wei the account can pay fees with, as of the head; known without executing. */
export const anhGetPrepaidGas = method(z.tuple([address]), ({ chain }, [account]) =>
  hexQuantity(chain.store.blocks.account(account).prepaidWei),
);
