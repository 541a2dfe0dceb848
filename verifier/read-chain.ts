import { readFileSync } from "node:fs";
import { type ChainFile, ChainFileError, decodeChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";

/** The chain file that somebody names. */
export function readChain(path: string): ChainFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new AnhError("usage", `the chain file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      actual: path,
      cause,
      hint: "`./anh dev --data-dir <folder>` writes <folder>/chain.json when its L1 is up",
    });
  }
  try {
    return decodeChainFile(text);
  } catch (error) {
    if (!(error instanceof ChainFileError)) throw error;
    const { code, message, expected, actual, hint } = error;
    throw new ChainFileError(code, `${path}: ${message}`, {
      expected,
      actual,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
