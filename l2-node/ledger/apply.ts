import type { Message } from "../../common/message.ts";
import type { Transaction } from "../../common/transaction.ts";
import type { Inclusion, LedgerContext } from "./includable.ts";
import { addPrepaid, type Ledger } from "./ledger.ts";

/** Debits gasLimit × price, consumes nonces, pays the posted bytes to the sequencer at once (P2.4, P2.7, P2.9). */
export function applyInclusion(ledger: Ledger, transaction: Transaction, inclusion: Inclusion, context: LedgerContext) {
  ledger.set(transaction.sender, inclusion.sender);
  for (const { authority, nonce } of inclusion.delegations)
    ledger.set(authority, { ...ledger.account(authority), nonce: nonce + 1n });
  addPrepaid(ledger, context.beneficiary, inclusion.dataGas * inclusion.priceWei);
}

/** Of the inbox messages only gas deposits touch the ledger (P1.4). */
export function applyMessage(ledger: Ledger, message: Message): void {
  if (message.kind === 1) addPrepaid(ledger, message.account, message.amountWei);
}
