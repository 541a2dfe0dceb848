import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { hashHeader } from "../../common/header.ts";
import { genesisRoot } from "./genesis.ts";
import type { GenesisFile } from "./genesis-file.ts";

/** A chain file that contradicts itself, or the genesis file the node was given. */
export class GenesisMismatchError extends AnhError {}

/**
 * A node that began with another state than the others would contradict them from the first block on. The header binds the
 * accounts by its stateRoot (P3.1), the hash binds the header, and L1 has the hash.
 */
export function checkGenesis({ header, hash, alloc, fileHash }: ChainFile["genesis"], file?: GenesisFile): void {
  const check = (code: string, message: string, expected: unknown, actual: unknown, hint: string) => {
    if (expected !== actual) throw new GenesisMismatchError(code, message, { expected, actual, hint });
  };
  const broken = "the chain file was changed after its chain was deployed: get it anew";
  check("genesis-header", "the chain file's genesis header is not the one it names", hash, hashHeader(header), broken);
  const root = genesisRoot(alloc);
  check("genesis-state", "the chain file's accounts are not those of its genesis", header.stateRoot, root, broken);
  if (file !== undefined)
    check(
      "genesis-mismatch",
      "the chain did not begin with this genesis file",
      fileHash ?? "no genesis file",
      file.hash,
      "the chain file decides: leave --genesis out, or name the file the chain was deployed with",
    );
}
