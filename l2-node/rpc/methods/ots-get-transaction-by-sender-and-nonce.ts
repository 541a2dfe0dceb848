import { z } from "zod";
import { executionOf, method } from "../method.ts";
import { address, quantity } from "../schemas.ts";

/** Hash of an executed transaction. */
export const otsGetTransactionBySenderAndNonce = method(
  z.tuple([
    address,
    z
      .union([quantity, z.int().nonnegative().transform(BigInt)], { error: "expected a nonce" })
      .meta({ title: "nonce" }),
  ]),
  async (context, [sender, nonce]) =>
    nonce < 2n ** 63n ? ((await executionOf(context).sent(sender, nonce)) ?? null) : null,
);
