import type { Hex } from "viem";
import { AnhError } from "../../common/errors.ts";
import { isPrivateKey } from "../../common/private-key.ts";

/** Of the L1 account that pays. Keys are no options: a command line is visible to everybody on the machine. */
export function l1Key(): Hex {
  const key = process.env.ANH_KEY;
  if (key === undefined || key === "")
    throw new AnhError("usage", "ANH_KEY is not set", {
      expected: "0x and 64 hex digits",
      hint: "export ANH_KEY=<key of the L1 account that pays>",
    });
  if (!isPrivateKey(key))
    throw new AnhError("usage", "ANH_KEY holds no private key", {
      expected: "0x and 64 hex digits",
      hint: "export ANH_KEY=<key of the L1 account that pays>",
    });
  return key;
}
