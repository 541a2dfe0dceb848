import type { Address, Hex } from "viem";

/** One inbox message as a block consumes it (P1.4). */
export interface ConsumedMessage {
  readonly index: bigint;
  readonly kind: number;
  readonly body: Hex;
}

/** A transaction of a derived block. `skipped` ones changed nothing and are not executed (P3.6). */
export interface SourceTransaction {
  readonly hash: Hex;
  readonly status: "included" | "skipped";
  readonly type: number;
  readonly from: Address;
  /** null creates a contract. */
  readonly to: Address | null;
  readonly nonce: bigint;
  readonly valueWei: bigint;
  readonly data: Hex;
  readonly gasLimit: bigint;
  readonly accessList: readonly { readonly address: Address; readonly storageKeys: readonly Hex[] }[];
  /** min(maxFee, baseFee + tip) of the including block (P2.3). */
  readonly priceWei: bigint;
  /** Gas that pays for the posted bytes, part of gasLimit (P2.3). */
  readonly dataGas: bigint;
}

/** What execution needs of a derived block; `transactions` keeps their positions in the block, skipped ones too. */
export interface SourceBlock {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly beneficiary: Address;
  readonly timestamp: bigint;
  readonly baseFeeWei: bigint;
  readonly gasLimit: bigint;
  readonly mixHash: Hex;
  readonly originNumber: bigint;
  readonly inboxCount: bigint;
  readonly messages: readonly ConsumedMessage[];
  readonly transactions: readonly SourceTransaction[];
}

export interface GenesisAccount {
  readonly nonce?: bigint;
  readonly balanceWei?: bigint;
  readonly code?: Hex;
  readonly storage?: Readonly<Record<Hex, Hex>>;
}

/** State before block 1, by address. */
export type GenesisAlloc = Readonly<Record<Address, GenesisAccount>>;

/**
 * The chain as execution sees it: blocks above genesis (number 0), and what L1 says about claims at the head H this
 * node follows. Answers are synchronous and must be consistent with each other; after any change `onChange` fires.
 */
export interface BlockSource {
  readonly chainId: bigint;
  readonly genesis: GenesisAlloc;
  readonly genesisHash: Hex;
  /** Last sequenced block (`latest`), last anchored (`safe`), last anchored in a finalized L1 block. */
  heads(): { readonly latest: bigint; readonly safe: bigint; readonly finalized: bigint };
  block(number: bigint): SourceBlock | undefined;
  /** Claims overturned at L1 head H, whether or not a block has consumed the message yet (P6.6). */
  overturned(): ReadonlySet<Hex>;
  /** Called after the head, a block or the overturned set changed; returns the unsubscription. */
  onChange(listener: () => void): () => void;
}
