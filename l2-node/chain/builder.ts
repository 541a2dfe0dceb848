import type { ChainFile } from "../../common/chain-file.ts";
import { hashHeader, type Origin } from "../../common/header.ts";
import type { L1Header } from "../../common/l1-header.ts";
import type { Transaction } from "../../common/transaction.ts";
import { applyInclusion, applyMessage } from "../ledger/apply.ts";
import { nextBaseFeeWei } from "../ledger/base-fee.ts";
import { l1FeePerByteWei } from "../ledger/gas.ts";
import { includable, type LedgerContext, type Refusal } from "../ledger/includable.ts";
import { type LedgerOverlay, type LedgerReader, overlay } from "../ledger/ledger.ts";
import { assembleHeader } from "./assemble.ts";
import type { Block, BlockTransaction } from "./block.ts";
import { forcedTransaction } from "./forced.ts";
import type { L1View } from "./l1-view.ts";

/** A block and the ledger after it, not yet committed anywhere. */
export interface Built {
  readonly block: Block;
  readonly ledger: LedgerOverlay;
}

export interface BlockBuilder {
  readonly context: LedgerContext;
  /** Σ gasLimit of what was included one by one; forced transactions have their own lane (P1.6). */
  readonly gasUsed: () => bigint;
  /** Includes it, or says which rule forbids; "block-full" where the gas limit does (P3.6). */
  include(transaction: Transaction): Refusal | "block-full" | undefined;
  /** Derivation keeps what cannot be included in its place; a sequencer leaves it out. */
  skip(entry: Omit<BlockTransaction, "outcome">, reason: string): void;
  finish(timestamp: bigint): Built;
}

/** The child of `parent` at `origin`: messages and what they force first (P3.6), then transactions one by one. */
export function openBlock(
  chain: ChainFile,
  l1: L1View,
  parent: Block,
  origin: Origin,
  originHeader: Pick<L1Header, "baseFeeWei" | "mixHash">,
  base: LedgerReader,
): BlockBuilder {
  const ledger = overlay(base);
  const firstMessage = parent.header.origin.inboxCount;
  const context: LedgerContext = {
    baseFeeWei: nextBaseFeeWei(parent.header),
    originL1FeePerByteWei: l1FeePerByteWei(originHeader.baseFeeWei),
    beneficiary: chain.sequencer,
    creditsRoot: l1.creditsRootAt(origin.inboxCount),
  };
  const blockGasLimit = BigInt(chain.clocks.l2BlockGasLimit);
  const transactions: BlockTransaction[] = [];
  for (let index = firstMessage; index < origin.inboxCount; index++) {
    const message = l1.message(index);
    applyMessage(ledger, message);
    const entry = forcedTransaction(chain.l2ChainId, ledger, message, index, context);
    if (entry) transactions.push(entry);
  }
  const forced = transactions.length;
  let gasUsed = 0n;

  return {
    context,
    gasUsed: () => gasUsed,
    include(transaction) {
      if (gasUsed + transaction.gasLimit > blockGasLimit) return "block-full";
      const verdict = includable(ledger, transaction, context);
      if (!verdict.ok) return verdict.refusal;
      applyInclusion(ledger, transaction, verdict.inclusion, context);
      gasUsed += transaction.gasLimit;
      const { priceWei, dataGas, delegations } = verdict.inclusion;
      const sets = delegations.length > 0 ? { delegations } : {};
      const outcome = { status: "included", priceWei, dataGas, ...sets } as const;
      transactions.push({ hash: transaction.hash, raw: transaction.raw, transaction, outcome });
      return undefined;
    },
    skip: (entry, reason) => {
      transactions.push({ ...entry, outcome: { status: "skipped", reason } });
    },
    finish(timestamp) {
      const envelopes = transactions.slice(forced).map(({ raw }) => raw);
      const header = assembleHeader(chain, parent, { timestamp, origin, envelopes, gasUsed }, originHeader);
      const block = { header, hash: hashHeader(header), inboxOnly: false, firstMessage, transactions };
      const { lineage } = parent;
      return { block: { ...block, ...(lineage ? { lineage } : {}), ...(forced > 0 ? { forced } : {}) }, ledger };
    },
  };
}
