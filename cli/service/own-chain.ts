import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";

/** Holds the hash of the genesis of the chain that the folder's content is of. */
const FILE = "genesis";

/** Throws if a service of another chain has worked in the folder: what it keeps there answers for nothing on this one. */
export function requireOwnChain(folder: string, { genesis }: ChainFile, named: string): void {
  const path = join(folder, FILE);
  const found = existsSync(path) ? readFileSync(path, "utf8").trim() : genesis.hash;
  if (found !== genesis.hash)
    throw new AnhError("wrong-chain", `--data-dir ${named} is another chain's folder`, {
      expected: genesis.hash,
      actual: found,
      hint: "name a new folder, or the chain file that this one was made with",
    });
}

/** To be called when the chain has been found where the settings say: a folder that was only tried stays free. */
export const keepOwnChain = (folder: string, { genesis }: ChainFile): void =>
  writeFileSync(join(folder, FILE), `${genesis.hash}\n`);
