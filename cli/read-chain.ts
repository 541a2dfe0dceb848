import { readFileSync } from "node:fs";
import { type ChainFile, decodeChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";

/** The chain file that an option names. */
export function readChain(path: string): ChainFile {
  try {
    return decodeChainFile(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new AnhError("usage", `${path} cannot be read as a chain file`, { actual: path, cause });
  }
}
