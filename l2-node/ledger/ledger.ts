import type { Address } from "viem";

/** What is known of an account without executing anything (P2.1). */
export interface LedgerAccount {
  readonly prepaidWei: bigint;
  readonly nonce: bigint;
  /** Cumulative credit already moved to prepaid. */
  readonly redeemedWei: bigint;
}

export const EMPTY_ACCOUNT: LedgerAccount = { prepaidWei: 0n, nonce: 0n, redeemedWei: 0n };

export interface LedgerReader {
  account(address: Address): LedgerAccount;
}

export interface Ledger extends LedgerReader {
  set(address: Address, account: LedgerAccount): void;
}

/** A ledger over another: reads fall through, writes stay here until somebody commits `changes`. */
export interface LedgerOverlay extends Ledger {
  readonly changes: ReadonlyMap<Address, LedgerAccount>;
}

export function overlay(base: LedgerReader): LedgerOverlay {
  const changes = new Map<Address, LedgerAccount>();
  return {
    changes,
    account: (address) => changes.get(address) ?? base.account(address),
    set: (address, account) => {
      changes.set(address, account);
    },
  };
}

export const addPrepaid = (ledger: Ledger, address: Address, amountWei: bigint): void => {
  const account = ledger.account(address);
  ledger.set(address, { ...account, prepaidWei: account.prepaidWei + amountWei });
};
