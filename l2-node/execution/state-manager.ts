import type { AccountFields, StateManagerInterface } from "@ethereumjs/common";
import { Account, type Address } from "@ethereumjs/util";
import type { Hex } from "viem";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import { keccak } from "../../common/keccak.ts";
import { encodeAccount, isEmpty, readAccount } from "./account.ts";
import { accountKey, codeKey, storageKey } from "./keys.ts";
import type { WorldState } from "./state.ts";

const hex = (address: Address): Hex => address.toString();

/** Leading zeros stripped, as the EVM's storage opcodes expect. */
function unpadded(value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) return new Uint8Array();
  let start = 0;
  while (start < value.length && value[start] === 0) start++;
  return value.subarray(start);
}

/** `WorldState` as @ethereumjs/evm wants to see it. State roots are not its business: see world-root.ts. */
export class EvmStateManager implements StateManagerInterface {
  readonly originalStorageCache: StateManagerInterface["originalStorageCache"];
  world: WorldState;

  constructor(world: WorldState) {
    this.world = world;
    this.originalStorageCache = {
      get: async (address, key) => unpadded(this.world.original(storageKey(hex(address), hexOf(key)))),
      clear: () => this.world.beginTransaction(),
    };
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    if (this.world.get(accountKey(hex(address))) === undefined) return undefined;
    const { nonce, balanceWei, codeHash } = readAccount(this.world, hex(address));
    return new Account(nonce, balanceWei, undefined, bytesOfHex(codeHash));
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address);
    const record = { nonce: account.nonce, balanceWei: account.balance, codeHash: hexOf(account.codeHash) };
    this.world.set(accountKey(hex(address)), isEmpty(record) ? undefined : encodeAccount(record));
  }

  async deleteAccount(address: Address): Promise<void> {
    this.world.set(accountKey(hex(address)), undefined);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    await this.putAccount(address, Object.assign(account, fields));
  }

  async putCode(address: Address, value: Uint8Array): Promise<void> {
    const codeHash = keccak(value);
    this.world.set(codeKey(hexOf(codeHash)), value);
    await this.modifyAccountFields(address, { codeHash });
  }

  async getCode(address: Address): Promise<Uint8Array> {
    const account = await this.getAccount(address);
    if (account === undefined) return new Uint8Array();
    return this.world.get(codeKey(hexOf(account.codeHash))) ?? new Uint8Array();
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return unpadded(this.world.get(storageKey(hex(address), hexOf(key))));
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    const significant = unpadded(value);
    if (significant.length === 0) return this.world.set(storageKey(hex(address), hexOf(key)), undefined);
    const padded = new Uint8Array(32);
    padded.set(significant, 32 - significant.length);
    this.world.set(storageKey(hex(address), hexOf(key)), padded);
  }

  /** A created address never has storage: EIP-6780 destroys only within the creating transaction (see run.ts). */
  async clearStorage(): Promise<void> {}

  async checkpoint(): Promise<void> {
    this.world.checkpoint();
  }

  async commit(): Promise<void> {
    this.world.commit();
  }

  async revert(): Promise<void> {
    this.world.revert();
  }

  async getStateRoot(): Promise<Uint8Array> {
    throw new Error("the world root is computed from the store, not by the EVM");
  }

  async setStateRoot(): Promise<void> {
    throw new Error("the world root is computed from the store, not by the EVM");
  }

  async hasStateRoot(): Promise<boolean> {
    return false;
  }

  clearCaches(): void {}

  shallowCopy(): EvmStateManager {
    return new EvmStateManager(this.world);
  }
}
