import type { Hex } from "viem";
import { type Header, hashHeader } from "../../common/header.ts";
import type { Transaction } from "../../common/transaction.ts";
import type { Delegation } from "../ledger/delegations.ts";

/** What became of an envelope at its position. */
export type Outcome =
  | {
      readonly status: "included";
      readonly priceWei: bigint;
      readonly dataGas: bigint;
      /** What a type-4 transaction sets; absent where it is nothing. */
      readonly delegations?: readonly Delegation[];
    }
  | { readonly status: "skipped"; readonly reason: string };

export interface BlockTransaction {
  readonly hash: Hex;
  readonly raw: Uint8Array;
  /** Absent where the envelope is no transaction of this chain; such a one is always skipped. */
  readonly transaction: Transaction | undefined;
  readonly outcome: Outcome;
}

/** A sealed or derived block. The messages it executes first are `firstMessage … header.origin.inboxCount − 1`. */
export interface Block {
  /** The derived header; `hash` is the posted one's, which differs only where the block is inbox-only. */
  readonly header: Header;
  readonly hash: Hex;
  readonly inboxOnly: boolean;
  /** Commits to the inbox-only blocks up to here, as hashes do to all others; absent where there are none. */
  readonly lineage?: Hex;
  readonly firstMessage: bigint;
  /** Those the inbox forces, then the posted ones. */
  readonly transactions: readonly BlockTransaction[];
  /** How many of them the inbox forces; absent where it is none. */
  readonly forced?: number;
  /** This node sealed it itself, as the sequencer, and has to anchor it. */
  readonly sealedHere?: true;
  /** It came by `anchorFallback`: the sequencer did not sign it. */
  readonly fallback?: true;
}

/** What a batch holds of a block: all but what the inbox forces. */
export const postedOf = ({ transactions, forced = 0 }: Block): readonly BlockTransaction[] =>
  transactions.slice(forced);

/**
 * What has left the pool with this block. Not what is skipped: anybody may force an envelope that waits in the pool with too
 * little gas, and its sender's copy is as good as before.
 */
export const includedIn = ({ transactions }: Block): readonly Hex[] =>
  transactions.flatMap(({ hash, outcome }) => (outcome.status === "included" ? [hash] : []));

export const genesisBlock = (header: Header): Block => ({
  header,
  hash: hashHeader(header),
  inboxOnly: false,
  firstMessage: header.origin.inboxCount,
  transactions: [],
});
