import { type Address, type Hex, keccak256 } from "viem";
import { DNN_ADDRESS, OUTBOX_ADDRESS } from "../common/addresses.ts";
import type { GenesisAccount, GenesisAlloc } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";
import { ZERO_HASH } from "../common/hash.ts";
import { type Header, mixHashOf } from "../common/header.ts";
import { firstInboxHash } from "../common/message.ts";
import { EMPTY_TRIE_ROOT } from "../common/trie.ts";
import type { Artifacts } from "./artifacts.ts";

/** High enough for a contract to be posted while L1's base fee is a few gwei (P2.3); the market moves it from there. */
export const GENESIS_BASE_FEE_WEI = 10n ** 9n;

/** Accounts that no L2 can start with. */
export class GenesisError extends AnhError {}

/**
 * What every L2 starts with (P0.6): the accounts a deployer adds, the well-known contracts, ANH's own. Throws `GenesisError`
 * for an added account that has a balance, which nothing on L1 would stand for, or that is another than the chain's.
 */
export function genesisAlloc(artifacts: Artifacts, predeploys: GenesisAlloc, extra: GenesisAlloc = {}): GenesisAlloc {
  const own: GenesisAlloc = {
    ...predeploys,
    [OUTBOX_ADDRESS]: { nonce: 1n, code: artifacts("l2/Outbox").deployedBytecode },
    // Never run: Solidity asks for code before it calls a function that returns nothing.
    [DNN_ADDRESS]: { nonce: 1n, code: "0xfe" },
  };
  for (const [address, { balanceWei = 0n, code, storage = {} }] of Object.entries(extra) as [
    Address,
    GenesisAccount,
  ][]) {
    if (balanceWei > 0n)
      throw new GenesisError("genesis-balance", `${address} cannot have a balance before the first block`, {
        expected: 0n,
        actual: balanceWei,
        hint: "L2 ETH exists against ETH in L1's custody: deposit it through the Bridge",
      });
    const taken = own[address];
    if (taken !== undefined && (taken.code !== code || Object.keys(storage).length > 0))
      throw new GenesisError("genesis-address", `at ${address} every L2 has a contract already`, {
        expected: keccak256(taken.code ?? "0x"),
        actual: keccak256(code ?? "0x"),
        hint: "leave the account out",
      });
  }
  return { ...extra, ...own };
}

export interface GenesisOptions {
  readonly l2ChainId: bigint;
  readonly inbox: Address;
  readonly sequencer: Address;
  readonly gasLimit: bigint;
  /** World root of the alloc. */
  readonly stateRoot: Hex;
  /** An L1 block before the deployment. */
  readonly origin: { readonly number: bigint; readonly hash: Hex; readonly mixHash: Hex; readonly timestamp: bigint };
}

/** Header number 0 (P3.1). */
export const genesisHeader = (options: GenesisOptions): Header => ({
  parentHash: ZERO_HASH,
  beneficiary: options.sequencer,
  stateRoot: options.stateRoot,
  transactionsRoot: EMPTY_TRIE_ROOT,
  number: 0n,
  gasLimit: options.gasLimit,
  gasUsed: 0n,
  timestamp: options.origin.timestamp,
  origin: {
    number: options.origin.number,
    hash: options.origin.hash,
    inboxCount: 0n,
    inboxHash: firstInboxHash(options.l2ChainId, options.inbox),
  },
  mixHash: mixHashOf(options.origin.mixHash, 0n),
  baseFeeWei: GENESIS_BASE_FEE_WEI,
});
