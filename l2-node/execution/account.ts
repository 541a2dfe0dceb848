import type { Address, Hex } from "viem";
import { bytesOfHex, fixedBytes, hexOf, naturalOf } from "../../common/bytes.ts";
import { computed } from "./fault.ts";
import { accountKey, codeKey } from "./keys.ts";
import type { StateReader, WorldState } from "./state.ts";

/** keccak256 of no bytes. */
export const EMPTY_CODE_HASH: Hex = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";

export interface AccountRecord {
  readonly nonce: bigint;
  readonly balanceWei: bigint;
  readonly codeHash: Hex;
}

export const NO_ACCOUNT: AccountRecord = { nonce: 0n, balanceWei: 0n, codeHash: EMPTY_CODE_HASH };

/** `uint64 nonce ‖ uint256 balance ‖ bytes32 codeHash` (P11.1). */
export function encodeAccount(account: AccountRecord): Uint8Array {
  const bytes = new Uint8Array(72);
  bytes.set(fixedBytes(account.nonce, 8), 0);
  bytes.set(fixedBytes(account.balanceWei, 32), 8);
  bytes.set(bytesOfHex(account.codeHash), 40);
  return bytes;
}

export function decodeAccount(bytes: Uint8Array): AccountRecord {
  return {
    nonce: naturalOf(bytes.subarray(0, 8)),
    balanceWei: naturalOf(bytes.subarray(8, 40)),
    codeHash: hexOf(bytes.subarray(40, 72)),
  };
}

/** EIP-161: such an account does not exist. */
export const isEmpty = (account: AccountRecord): boolean =>
  account.nonce === 0n && account.balanceWei === 0n && account.codeHash === EMPTY_CODE_HASH;

export function readAccount(state: StateReader, address: Address): AccountRecord {
  const bytes = state.get(accountKey(address));
  return bytes === undefined ? NO_ACCOUNT : decodeAccount(bytes);
}

export function writeAccount(state: WorldState, address: Address, account: AccountRecord): void {
  state.set(accountKey(address), isEmpty(account) ? undefined : computed(() => encodeAccount(account)));
}

export function addBalance(state: WorldState, address: Address, amountWei: bigint): void {
  const account = readAccount(state, address);
  writeAccount(state, address, { ...account, balanceWei: account.balanceWei + amountWei });
}

export function readCode(state: StateReader, address: Address): Uint8Array {
  const { codeHash } = readAccount(state, address);
  return codeHash === EMPTY_CODE_HASH ? new Uint8Array() : (state.get(codeKey(codeHash)) ?? new Uint8Array());
}
