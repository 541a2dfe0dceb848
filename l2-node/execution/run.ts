import type { EVMResult } from "@ethereumjs/evm";
import { createAddressFromString } from "@ethereumjs/util";
import type { Address, Hex } from "viem";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import type { AccessEntry } from "../../common/transaction-fields.ts";
import { readAccount } from "./account.ts";
import type { AnhEvm } from "./evm.ts";
import { accountKey, DOMAIN } from "./keys.ts";

/** The message of a transaction or of a call. */
export interface RunMessage {
  readonly from: Address;
  readonly to: Address | null;
  readonly nonce: bigint;
  readonly valueWei: bigint;
  readonly data: Uint8Array;
  readonly gasLimit: bigint;
  readonly priceWei: bigint;
  readonly accessList: readonly AccessEntry[];
  /** Signers of a type-4 transaction's authorizations (EIP-7702 step 4). */
  readonly authorities?: readonly Address[];
}

/** What NUMBER, TIMESTAMP, BASEFEE, … answer. */
export interface RunBlock {
  readonly number: bigint;
  readonly beneficiary: Address;
  readonly timestamp: bigint;
  readonly baseFeeWei: bigint;
  readonly gasLimit: bigint;
  readonly mixHash: Hex;
}

export interface RunLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

export interface RunResult {
  readonly status: "success" | "revert" | "halt" | "aborted";
  /** Of this attempt, without intrinsic gas and before refunds. */
  readonly gasUsed: bigint;
  readonly refundGas: bigint;
  readonly output: Hex;
  readonly logs: readonly RunLog[];
  readonly createdAddress: Address | null;
  /** Contracts that are there because of this run, made by whomever; undefined where nothing was kept. */
  readonly created?: readonly Address[];
  /** Accounts the run met: callers, callees, heirs, the created. */
  readonly touched?: readonly Address[];
  readonly error?: string | undefined;
}

const failed = (status: RunResult["status"], gasUsed: bigint, error: string, output: Hex = "0x"): RunResult => ({
  status,
  gasUsed,
  refundGas: 0n,
  output,
  logs: [],
  createdAddress: null,
  error,
});

const headerOf = (block: RunBlock) => ({
  header: {
    number: block.number,
    coinbase: createAddressFromString(block.beneficiary),
    timestamp: block.timestamp,
    difficulty: 0n,
    prevRandao: bytesOfHex(block.mixHash),
    gasLimit: block.gasLimit,
    baseFeePerGas: block.baseFeeWei,
    getBlobGasPrice: () => 1n, // excessBlobGas is 0 in every header (P3.1)
  },
});

function warmUp(evm: AnhEvm, message: RunMessage, block: RunBlock): void {
  evm.journal.cleanJournal();
  for (const address of evm.precompileAddresses) evm.journal.addAlwaysWarmAddress(address);
  evm.journal.addAlwaysWarmAddress(message.from);
  if (message.to !== null) evm.journal.addAlwaysWarmAddress(message.to);
  for (const authority of message.authorities ?? []) evm.journal.addAlwaysWarmAddress(authority);
  evm.journal.addAlwaysWarmAddress(block.beneficiary);
  for (const { address, storageKeys } of message.accessList) {
    evm.journal.addAlwaysWarmAddress(address);
    for (const key of storageKeys) evm.journal.addAlwaysWarmSlot(address, key);
  }
}

/** EIP-6780: what this transaction created and destroyed goes, storage included. */
function removeDestroyed(evm: AnhEvm, result: EVMResult["execResult"]): void {
  for (const address of result.selfdestruct?.keys() ?? []) {
    if (!result.createdAddresses?.has(address)) continue;
    const world = evm.world.world;
    world.set(accountKey(address), undefined);
    for (const key of world.writtenUnder(DOMAIN.storage + address.slice(2))) world.set(key, undefined);
  }
}

/**
 * Runs one attempt of a message on the EVM's state. The caller has charged intrinsic gas and set the sender's nonce; gas is
 * not debited from balances, since it is prepaid (P2.4). A failed or aborted attempt leaves no effect.
 */
export async function runMessage(evm: AnhEvm, message: RunMessage, block: RunBlock): Promise<RunResult> {
  const world = evm.world.world;
  world.beginTransaction();
  const { balanceWei } = readAccount(world, message.from);
  if (balanceWei < message.valueWei)
    return failed("halt", 0n, `insufficient balance for value: has ${balanceWei} wei, value ${message.valueWei} wei`);
  warmUp(evm, message, block);
  world.checkpoint();
  const { execResult, createdAddress, aborted } = await evm.runTransaction(
    {
      block: headerOf(block),
      caller: createAddressFromString(message.from),
      origin: createAddressFromString(message.from),
      gasPrice: message.priceWei,
      gasLimit: message.gasLimit,
      ...(message.to === null ? {} : { to: createAddressFromString(message.to) }),
      value: message.valueWei,
      data: message.data,
    },
    message.nonce,
  );
  const gasUsed = execResult.executionGasUsed;
  if (aborted || execResult.exceptionError !== undefined) {
    world.revert();
    if (aborted) return failed("aborted", gasUsed, "parked");
    const error = execResult.exceptionError!.error;
    return error === "revert"
      ? failed("revert", gasUsed, "execution reverted", hexOf(execResult.returnValue))
      : failed("halt", gasUsed, error);
  }
  removeDestroyed(evm, execResult);
  world.commit();
  const destroyed = execResult.selfdestruct ?? new Map();
  return {
    status: "success",
    created: [...(execResult.createdAddresses ?? [])].filter((address) => !destroyed.has(address)),
    touched: world.touchedUnder(DOMAIN.account).map((key): Address => `0x${key.slice(DOMAIN.account.length)}`),
    gasUsed,
    refundGas: execResult.gasRefund ?? 0n,
    output: hexOf(execResult.returnValue),
    logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
      address: hexOf(address),
      topics: topics.map(hexOf),
      data: hexOf(data),
    })),
    createdAddress: message.to === null && createdAddress ? createdAddress.toString() : null,
  };
}
