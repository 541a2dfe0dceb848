import type { Address } from "viem";
import { FORCED_CALL_TYPE } from "../../common/forced-call.ts";
import type { Transaction } from "../../common/transaction.ts";
import type { Finished } from "./block.ts";
import type { Receipt } from "./execution.ts";

/** An account's part in a transaction, for finding transactions by account. */
export interface Appearance {
  readonly address: Address;
  /** The transaction's index in the block of its receipt. */
  readonly position: number;
  /** Where it is the sender. */
  readonly nonce: bigint | undefined;
  readonly created: boolean;
}

/** Senders, recipients, and all that the runs met. Precompiles are left out: they would appear everywhere. */
export function appearancesOf(receipts: readonly Receipt[], finished: readonly Finished[]): Appearance[] {
  return receipts.flatMap(({ transactionIndex, from, to }, i) => {
    const { created = [], touched = [], included } = finished[i]!;
    const made = new Set(created);
    const others = new Set([...touched, ...made, ...(to === null ? [] : [to])].filter((one) => one !== from));
    const sender = {
      address: from,
      position: transactionIndex,
      nonce: nonceOf(included.entry.transaction),
      created: false,
    };
    return [
      sender,
      ...[...others]
        .filter((address) => !isPrecompile(address))
        .map((address) => ({ address, position: transactionIndex, nonce: undefined, created: made.has(address) })),
    ];
  });
}

/** A forced call consumes none. */
const nonceOf = ({ type, nonce }: Transaction): bigint | undefined => (type === FORCED_CALL_TYPE ? undefined : nonce);

/** Ethereum's, at 0x01 … 0x11 and 0x0100. */
const isPrecompile = (address: Address): boolean => /^0x0{36}0[01][0-9a-f]{2}$/.test(address);
