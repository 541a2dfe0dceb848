import { z } from "zod";
import { executionOf, method } from "../method.ts";
import { address, hash, slot } from "../schemas.ts";

/** Open claims that an account, one of its slots, or a transaction depends on. */
export const anhGetUncertainty = method(
  z.union([z.tuple([hash]), z.tuple([address, slot.optional()])], {
    error: "expected [transaction] or [address, slot?]",
  }),
  (context, [subject, at]) => {
    const execution = executionOf(context);
    if (subject.length === 66) return execution.uncertainty({ transaction: subject });
    return execution.uncertainty(at === undefined ? { account: subject } : { account: subject, slot: at });
  },
);
