import type { Address } from "viem";
import { bytesOfHex, concatBytes } from "../../common/bytes.ts";
import { keccakHex } from "../../common/keccak.ts";
import type { Transaction } from "../../common/transaction.ts";
import { authorityFor, type Delegation } from "../ledger/delegations.ts";
import { EMPTY_CODE_HASH, isEmpty, readAccount, readCode, writeAccount } from "./account.ts";
import { codeKey } from "./keys.ts";
import type { WorldState } from "./state.ts";

const PREFIX = Uint8Array.of(0xef, 0x01, 0x00);
const NOBODY: Address = "0x0000000000000000000000000000000000000000";
/** EIP-7702: PER_EMPTY_ACCOUNT_COST − PER_AUTH_BASE_COST, back for an authority that was there already. */
const REFUND_GAS = 12_500n;

const isDelegation = (code: Uint8Array): boolean =>
  code.length === 23 && Buffer.compare(code.subarray(0, 3), PREFIX) === 0;

/** Accounts that are warm because an authorization of theirs could hold (EIP-7702 step 4). */
export const authoritiesOf = ({ authorizations = [], chainId }: Transaction): Address[] =>
  authorizations.flatMap((authorization) => authorityFor(authorization, chainId) ?? []);

/**
 * Sets the code of each authority (P12.9); returns the gas refunded. Other code is left alone: only genesis could have put it
 * at an address that a key belongs to.
 */
export function installDelegations(state: WorldState, delegations: readonly Delegation[]): bigint {
  let refundGas = 0n;
  for (const { authority, delegate, nonce } of delegations) {
    const account = readAccount(state, authority);
    const code = readCode(state, authority);
    const next = nonce + 1n > account.nonce ? nonce + 1n : account.nonce;
    if (code.length > 0 && !isDelegation(code)) {
      writeAccount(state, authority, { ...account, nonce: next });
      continue;
    }
    if (!isEmpty(account)) refundGas += REFUND_GAS;
    writeAccount(state, authority, { ...account, nonce: next, codeHash: setCode(state, delegate) });
  }
  return refundGas;
}

function setCode(state: WorldState, delegate: Address) {
  if (delegate === NOBODY) return EMPTY_CODE_HASH;
  const code = concatBytes(PREFIX, bytesOfHex(delegate));
  const hash = keccakHex(code);
  state.set(codeKey(hash), code);
  return hash;
}
