import { z } from "zod";
import { RpcError } from "../errors.ts";
import { plain } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { quantity } from "../schemas.ts";
import { settledNumber } from "../settled.ts";

/** What `Bridge.finalizeWithdrawal` takes, against a settled block (the last one if none is named); null if not in it. */
export const anhGetWithdrawalProof = method(
  z.tuple([quantity.meta({ title: "index" }), quantity.meta({ title: "blockNumber" }).optional()]),
  async (context, [index, block]) => {
    const number = block ?? settledNumber(context);
    if (number === undefined) return null;
    if (number > context.chain.heads().latest) throw new RpcError("server", "header not found");
    const proof = await executionOf(context).withdrawalProof(index, number);
    return proof && plain({ ...proof, number });
  },
);
