import type { Address, BaseError } from "viem";
import { AnhError } from "../../common/errors.ts";

/** What L1's node would not take of an account's transaction; nothing was paid for it. */
export const l1Refused = (account: Address, cause: BaseError, hint: string): AnhError =>
  new AnhError("l1-refused", `L1 does not take it from ${account}: ${cause.shortMessage.replace(/\s+/g, " ")}`, {
    cause,
    hint,
  });
