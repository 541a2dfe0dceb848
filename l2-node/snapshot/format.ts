import type { Hex } from "viem";
import { naturalOf } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { decodeRlp, encodeRlp, type RlpItem } from "../../common/rlp.ts";

// A snapshot is one file: frames [length, 4 bytes][RLP of [batch, [header, …], data]], in the batches' order; the manifest,
// JSON; its length, 4 bytes; MAGIC; SHA-256 of all that.

/** A file that is no snapshot, was changed, is another chain's, or holds what L1 does not have. */
export class SnapshotError extends AnhError {}

export const MAGIC = Buffer.from("ANHSNAP1");
export const TAIL_BYTES = 4 + MAGIC.length + 32;

/** Which chain it is of, and how far it goes. Numbers are decimal. */
export interface SnapshotManifest {
  readonly l1ChainId: string;
  readonly l2ChainId: string;
  readonly genesis: Hex;
  readonly contracts: ChainFile["contracts"];
  /** How many batches it holds; those that L1 alone can tell (fallback, inbox-only blocks) are not among them. */
  readonly batches: number;
  /** Last block of the last finalized batch when it was made. */
  readonly head: { readonly number: string; readonly hash: Hex };
  /** The state that L1 had settled last: what L1 says, so nobody need believe it. */
  readonly settled: { readonly number: string; readonly stateRoot: Hex } | null;
}

/** What of the manifest says which chain it is. */
export const identityOf = ({ l1ChainId, l2ChainId, contracts, genesis }: ChainFile) => ({
  l1ChainId: l1ChainId.toString(),
  l2ChainId: l2ChainId.toString(),
  genesis: genesis.hash,
  contracts,
});

/** A batch as it was posted. */
export interface ArchivedBatch {
  readonly batch: bigint;
  readonly headers: readonly Uint8Array[];
  readonly data: Uint8Array;
}

export function encodeArchived({ batch, headers, data }: ArchivedBatch): Buffer {
  const body = encodeRlp([batch, headers, data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** Throws `SnapshotError` where it is none. */
export function decodeArchived(body: Uint8Array): ArchivedBatch {
  const [batch, headers, data, ...more] = asList(decodeRlp(body));
  if (!(batch instanceof Uint8Array) || !(data instanceof Uint8Array) || more.length > 0) throw unreadable();
  return { batch: naturalOf(batch), headers: asList(headers).map(asBytes), data };
}

const unreadable = () => new SnapshotError("snapshot-changed", "a batch of the snapshot cannot be read");

function asList(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw unreadable();
  return item;
}

function asBytes(item: RlpItem): Uint8Array {
  if (item instanceof Uint8Array) return item;
  throw unreadable();
}
