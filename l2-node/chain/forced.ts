import { LEDGER_ADDRESS } from "../../common/addresses.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { AnhError } from "../../common/errors.ts";
import { forcedCallOf } from "../../common/forced-call.ts";
import { keccakHex } from "../../common/keccak.ts";
import type { ForcedCallMessage, ForcedEnvelopeMessage, Message } from "../../common/message.ts";
import { parseTransaction, type Transaction } from "../../common/transaction.ts";
import { applyInclusion } from "../ledger/apply.ts";
import { includableForced } from "../ledger/forced.ts";
import { minimumGas } from "../ledger/gas.ts";
import type { LedgerContext } from "../ledger/includable.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { refusalText } from "../ledger/refusal-text.ts";
import type { BlockTransaction } from "./block.ts";

/** The transaction that inbox message `index` forces into the block that consumes it; undefined for other messages (P1.6). */
export function forcedTransaction(
  chainId: bigint,
  ledger: Ledger,
  message: Message,
  index: bigint,
  context: LedgerContext,
): BlockTransaction | undefined {
  if (message.kind === 7) return forcedEnvelope(chainId, ledger, message, context);
  if (message.kind === 8) return forcedCall(chainId, message, index);
  return undefined;
}

/** What is not includable when its turn comes is skipped, at nobody's charge (P2.10). */
function forcedEnvelope(
  chainId: bigint,
  ledger: Ledger,
  message: ForcedEnvelopeMessage,
  context: LedgerContext,
): BlockTransaction {
  const raw = bytesOfHex(message.envelope);
  const read = parsed(raw, chainId);
  if (read instanceof AnhError) return skipped(raw, undefined, read.message);
  const verdict = includableForced(ledger, read, message.gasLimit, context);
  if (!verdict.ok) return skipped(raw, read, refusalText(verdict.refusal));
  applyInclusion(ledger, read, verdict.inclusion, context);
  const { priceWei, dataGas, delegations } = verdict.inclusion;
  const outcome = {
    status: "included",
    priceWei,
    dataGas,
    ...(delegations.length > 0 ? { delegations } : {}),
  } as const;
  return { hash: read.hash, raw, transaction: read, outcome };
}

/** Paid on L1, so the ledger has no say. ForcedTransactions queues none that is skipped here; derivation stays total. */
function forcedCall(chainId: bigint, message: ForcedCallMessage, index: bigint): BlockTransaction {
  const transaction = forcedCallOf(message, index, chainId);
  const { hash, raw } = transaction;
  if (transaction.to === LEDGER_ADDRESS) return skipped(raw, transaction, "the ledger answers to signatures only");
  if (minimumGas(transaction) > transaction.gasLimit) return skipped(raw, transaction, "not enough gas to begin");
  return { hash, raw, transaction, outcome: { status: "included", priceWei: message.priceWei, dataGas: 0n } };
}

const skipped = (raw: Uint8Array, transaction: Transaction | undefined, reason: string): BlockTransaction => ({
  hash: keccakHex(raw),
  raw,
  transaction,
  outcome: { status: "skipped", reason },
});

function parsed(raw: Uint8Array, chainId: bigint): Transaction | AnhError {
  try {
    return parseTransaction(raw, chainId);
  } catch (error) {
    if (error instanceof AnhError) return error;
    throw error;
  }
}
