import { z } from "zod";
import { RpcError } from "../errors.ts";
import { method } from "../method.ts";

/** Headers commit to no state, so nothing could be proven against them. */
export const ethGetProof = method(z.array(z.unknown()), () => {
  throw new RpcError(
    "unsupported",
    "blocks commit to no state; anh_getProof, anh_getCreditProof and anh_getWithdrawalProof prove against settled claims",
  );
});
