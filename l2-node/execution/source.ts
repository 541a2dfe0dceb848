import type { Address, Hex } from "viem";
import type { GenesisAlloc } from "../../common/chain-file.ts";
import type { Message } from "../../common/message.ts";
import type { Transaction } from "../../common/transaction.ts";
import type { Delegation } from "../ledger/delegations.ts";

/** A transaction as its block includes it (P2.4). */
export interface IncludedTransaction {
  readonly status: "included";
  readonly transaction: Transaction;
  /** min(maxFee, baseFee + tip) of the including block (P2.3). */
  readonly priceWei: bigint;
  /** Gas that pays for the posted bytes, part of gasLimit (P2.3). */
  readonly dataGas: bigint;
  /** Code it sets, judged by the ledger (P2.9). */
  readonly delegations?: readonly Delegation[];
}

/** A transaction's place in its block; a skipped one changes nothing and is not executed (P3.6). */
export type SourceTransaction = IncludedTransaction | { readonly status: "skipped" };

/** What execution needs of a derived block; `transactions` keeps their positions in the block, skipped ones too. */
export interface SourceBlock {
  readonly number: bigint;
  readonly hash: Hex;
  /** See `BlockSource.blockIdentity`. */
  readonly identity: string;
  readonly beneficiary: Address;
  readonly timestamp: bigint;
  readonly baseFeeWei: bigint;
  readonly gasLimit: bigint;
  readonly mixHash: Hex;
  readonly inboxCount: bigint;
  /** The inbox messages this block adds, in inbox order. */
  readonly messages: readonly Message[];
  readonly transactions: readonly SourceTransaction[];
}

/**
 * The chain as execution sees it: blocks above genesis (number 0), and what L1 says about claims at the head H this
 * node follows. Answers are synchronous and must be consistent with each other; after any change `onChange` fires.
 */
export interface BlockSource {
  readonly chainId: bigint;
  /** MIN_WINDOW (P10): L1 takes no claim of a job with a shorter window. */
  readonly minWindowSeconds: number;
  readonly genesis: GenesisAlloc;
  readonly genesisHash: Hex;
  /** Header 0's fields, for calls on the genesis state. */
  readonly genesisBlock: Pick<
    SourceBlock,
    "number" | "beneficiary" | "timestamp" | "baseFeeWei" | "gasLimit" | "mixHash"
  >;
  /** Last sequenced block, last anchored, last anchored in a finalized L1 block and free of open results. */
  heads(): { readonly latest: bigint; readonly safe: bigint; readonly finalized: bigint };
  block(number: bigint): SourceBlock | undefined;
  /** Of blocks above genesis; cheaper than the block. */
  blockHash(number: bigint): Hex | undefined;
  /**
   * Differs wherever the hash or content of the block or of one below does: bad posted bytes empty a block and leave its
   * hash, and its children theirs (P3.6).
   */
  blockIdentity(number: bigint): string | undefined;
  /**
   * Claims that L1 up to head H leaves without soft effect: overturned, suspended or paused, whether or not a block has
   * consumed the messages yet (P6.6). The same set until it changes.
   */
  withoutSoftEffect(): ReadonlySet<Hex>;
  /** Called after the head, a block or that set changed; returns the unsubscription. */
  onChange(listener: () => void): () => void;
}
