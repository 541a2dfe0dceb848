import type { Address, Hex } from "viem";
import type { Clocks } from "./clocks.ts";
import { AnhError } from "./errors.ts";
import type { Header } from "./header.ts";

/** A chain file that cannot be read. */
export class ChainFileError extends AnhError {}

/** An account of the L2's first state. `storage` maps slots to words, 32 bytes each. */
export interface GenesisAccount {
  readonly balanceWei?: bigint;
  readonly nonce?: bigint;
  readonly code?: Hex;
  readonly storage?: Readonly<Record<Hex, Hex>>;
}
export type GenesisAlloc = Readonly<Record<Address, GenesisAccount>>;

/** The L1 contracts of a chain, lower case. */
export interface L1Addresses {
  readonly inbox: Address;
  readonly prepaidGas: Address;
  readonly bridge: Address;
  readonly forcedTransactions: Address;
  readonly headerAnchor: Address;
  readonly sequencerStake: Address;
  readonly resultClaims: Address;
  readonly deliveries: Address;
  readonly demands: Address;
  readonly disputes: Address;
  readonly voids: Address;
  readonly stateClaims: Address;
}

/** Everything a node needs to follow a chain from L1 alone: what a deployment leaves behind. */
export interface ChainFile {
  readonly l1ChainId: bigint;
  readonly l2ChainId: bigint;
  readonly contracts: L1Addresses;
  /** No log of the contracts lies before this L1 block. */
  readonly deployedAtL1Block: bigint;
  readonly sequencer: Address;
  /** Who alone may post state claims. */
  readonly poster: Address;
  readonly clocks: Clocks;
  readonly genesis: {
    readonly header: Header;
    readonly hash: Hex;
    readonly alloc: GenesisAlloc;
    /** Of the genesis file that the chain was deployed with, if there was one: world root of the file's accounts. */
    readonly fileHash?: Hex;
  };
}

const BIGINT = /^-?\d+n$/;

/** JSON with bigints as `"123n"`. */
export const encodeChainFile = (chain: ChainFile): string =>
  `${JSON.stringify(chain, (_, value) => (typeof value === "bigint" ? `${value}n` : value), 2)}\n`;

const CONTRACTS: readonly (keyof L1Addresses)[] = [
  ...(["inbox", "prepaidGas", "bridge", "forcedTransactions", "headerAnchor", "sequencerStake"] as const),
  ...(["resultClaims", "deliveries", "demands", "disputes", "voids", "stateClaims"] as const),
];

/** Inverse of `encodeChainFile`; throws `ChainFileError` for what is no chain file. */
export function decodeChainFile(text: string): ChainFile {
  let value: unknown;
  try {
    value = JSON.parse(text, (_, item) =>
      typeof item === "string" && BIGINT.test(item) ? BigInt(item.slice(0, -1)) : item,
    );
  } catch (cause) {
    throw noChainFile("it is not JSON", "JSON", undefined, cause);
  }
  const chain = value as ChainFile;
  for (const key of ["l1ChainId", "l2ChainId", "deployedAtL1Block"] as const)
    if (typeof chain?.[key] !== "bigint") throw noChainFile(`it has no ${key}`, '"<number>n"', chain?.[key]);
  for (const key of ["contracts", "clocks", "genesis"] as const)
    if (typeof chain[key] !== "object" || chain[key] === null)
      throw noChainFile(`it has no ${key}`, "an object", chain[key]);
  for (const name of CONTRACTS) requireHex(`contracts.${name}`, chain.contracts[name], 20);
  for (const name of ["sequencer", "poster"] as const) requireHex(name, chain[name], 20);
  requireHex("genesis.hash", chain.genesis.hash, 32);
  if (typeof chain.clocks.l1BlockMs !== "number")
    throw noChainFile("it has no clocks.l1BlockMs", "a number", undefined);
  if (typeof chain.genesis.header?.origin?.number !== "bigint" || typeof chain.genesis.alloc !== "object")
    throw noChainFile("its genesis is not whole", "a header with its origin, and accounts", undefined);
  return chain;
}

function requireHex(name: string, value: unknown, bytes: number): void {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value) || value.length !== 2 + 2 * bytes)
    throw noChainFile(`its ${name} is ${JSON.stringify(value) ?? "missing"}`, `${bytes} bytes in hex`, value);
}

const noChainFile = (what: string, expected: string, actual: unknown, cause?: unknown): ChainFileError =>
  new ChainFileError("chain-file", `this is no chain file: ${what}`, {
    expected,
    actual,
    cause,
    hint: "`./anh dev` and `./anh demo` leave one in their data folder, as chain.json",
  });
