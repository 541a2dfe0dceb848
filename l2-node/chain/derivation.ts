import type { Hex } from "viem";
import type { Envelopes } from "../../common/batch.ts";
import { largerOf } from "../../common/bigint.ts";
import { bytesOfHex, concatBytes } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { decodeAnchoredFields, type Header, hashHeader, type Origin } from "../../common/header.ts";
import { keccakHex } from "../../common/keccak.ts";
import type { L1Header } from "../../common/l1-header.ts";
import { parseTransaction, type Transaction } from "../../common/transaction.ts";
import type { LedgerReader } from "../ledger/ledger.ts";
import { refusalText } from "../ledger/refusal-text.ts";
import type { Block } from "./block.ts";
import { type BlockBuilder, type Built, openBlock } from "./builder.ts";
import type { L1View } from "./l1-view.ts";

/** How far ahead of its origin a header's time may run, in seconds (P3.3). */
export const MAX_ORIGIN_LAG_SECONDS = 1800n;

/**
 * The block that a posted header and its envelopes (null: unreadable) are, over `parent` (P3.5, P3.6). Total: whatever was
 * posted, a block comes out.
 */
export function deriveBlock(
  chain: ChainFile,
  l1: L1View,
  posted: Uint8Array,
  envelopes: Envelopes | null,
  parent: Block,
  base: LedgerReader,
): Built {
  const hash = keccakHex(posted);
  const fields = decodeAnchoredFields(posted) ?? parent.header;
  const originHeader = l1.originAt(fields.origin.number);
  if (envelopes !== null && originHeader !== undefined && originHolds(l1, fields, originHeader, parent)) {
    const builder = openBlock(chain, l1, parent, fields.origin, originHeader, base);
    for (const raw of envelopes) includeOrSkip(builder, raw, chain.l2ChainId);
    const built = builder.finish(fields.timestamp);
    if (built.block.hash === hash) return built;
  }
  return inboxOnly(chain, l1, parent, fields, originHeader, hash, base);
}

interface Fields {
  readonly timestamp: bigint;
  readonly origin: Origin;
}

/** P3.3 for every header, where HeaderAnchor judges origins of the last one only. */
function originHolds(l1: L1View, { origin, timestamp }: Fields, canonical: L1Header, parent: Block): boolean {
  const checkpoint = l1.checkpointAt(origin.number);
  return (
    origin.hash === canonical.hash &&
    origin.number >= parent.header.origin.number &&
    timestamp >= parent.header.timestamp &&
    timestamp >= canonical.timestamp &&
    timestamp - canonical.timestamp <= MAX_ORIGIN_LAG_SECONDS &&
    checkpoint.count === origin.inboxCount &&
    checkpoint.hash === origin.inboxHash
  );
}

function includeOrSkip(builder: BlockBuilder, raw: Uint8Array, chainId: bigint): void {
  const read = parsed(raw, chainId);
  const transaction = read instanceof AnhError ? undefined : read;
  const reason = read instanceof AnhError ? read.message : refusalOf(builder, read);
  if (reason !== undefined) builder.skip({ hash: keccakHex(raw), raw, transaction }, reason);
}

function refusalOf(builder: BlockBuilder, transaction: Transaction): string | undefined {
  const refusal = builder.include(transaction);
  return refusal === "block-full" ? "block gas limit reached" : refusal && refusalText(refusal);
}

/** Its hash stays, its transactions are none (P3.6). Messages are consumed as far as L1 has them, never twice. */
function inboxOnly(
  chain: ChainFile,
  l1: L1View,
  parent: Block,
  posted: Fields,
  originHeader: L1Header | undefined,
  hash: Block["hash"],
  base: LedgerReader,
): Built {
  const checkpoint = l1.checkpointAt(posted.origin.number);
  const consumed = parent.header.origin.inboxCount;
  const origin = { ...posted.origin, inboxCount: largerOf(checkpoint.count, consumed) };
  const mixHash = originHeader?.mixHash ?? parent.header.mixHash;
  const baseFeeWei = originHeader?.baseFeeWei ?? 0n;
  const timestamp = largerOf(posted.timestamp, parent.header.timestamp);
  const built = openBlock(chain, l1, parent, origin, { mixHash, baseFeeWei }, base).finish(timestamp);
  const lineage = lineageOf(parent, hash, built.block.header, checkpoint, originHeader);
  return { ...built, block: { ...built.block, hash, inboxOnly: true, lineage } };
}

/** The posted hash says nothing of what such a block is: that follows from L1, which may fork, and from its parent. */
const lineageOf = (
  parent: Block,
  hash: Hex,
  header: Header,
  checkpoint: { readonly hash: Hex },
  originHeader: Pick<L1Header, "hash"> = { hash: ZERO_HASH },
): Hex =>
  keccakHex(
    concatBytes(
      ...[parent.lineage ?? ZERO_HASH, hash, hashHeader(header), checkpoint.hash, originHeader.hash].map(bytesOfHex),
    ),
  );

function parsed(raw: Uint8Array, chainId: bigint): Transaction | AnhError {
  try {
    return parseTransaction(raw, chainId);
  } catch (error) {
    if (error instanceof AnhError) return error;
    throw error;
  }
}
