import type { Address, Hex } from "viem";
import { lower } from "../../common/addresses.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import type { GenesisAccount, GenesisAlloc } from "../../common/chain-file.ts";
import { keccakHex } from "../../common/keccak.ts";
import { EMPTY_CODE_HASH, writeAccount } from "./account.ts";
import { codeKey, storageKey } from "./keys.ts";
import { WorldState } from "./state.ts";
import { WorldTree } from "./world-root.ts";

/** The keyed state before block 1. */
export function genesisState(alloc: GenesisAlloc): WorldState {
  const state = new WorldState({ get: () => undefined });
  for (const [address, account] of Object.entries(alloc) as [Address, GenesisAccount][]) {
    const code = bytesOfHex(account.code ?? "0x");
    const codeHash = code.length === 0 ? EMPTY_CODE_HASH : keccakHex(code);
    if (code.length > 0) state.set(codeKey(codeHash), code);
    writeAccount(state, lower(address), { nonce: account.nonce ?? 0n, balanceWei: account.balanceWei ?? 0n, codeHash });
    for (const [slot, value] of Object.entries(account.storage ?? {}) as [Hex, Hex][])
      state.set(storageKey(lower(address), slot), bytesOfHex(`0x${value.slice(2).padStart(64, "0")}`));
  }
  return state;
}

/** World root of genesis, which its header carries (P3.1). */
export function genesisRoot(alloc: GenesisAlloc): Hex {
  const tree = new WorldTree();
  for (const [key, value] of genesisState(alloc).writes()) tree.set(key, value);
  return tree.root();
}
