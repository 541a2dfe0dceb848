import type { Hex } from "viem";
import { bytesOfHex, concatBytes } from "./bytes.ts";
import { encodeRlp } from "./rlp.ts";

/** A log as its receipt holds it. */
export interface LoggedEntry {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** What Ethereum hashes of a transaction's outcome. */
export interface ReceiptFields {
  /** EIP-2718 type of the transaction; 0: legacy. */
  readonly type: number;
  /** Clients say reverted, ours failed. */
  readonly status: "success" | "failed" | "reverted";
  readonly cumulativeGasUsed: bigint;
  readonly logsBloom: Hex;
  readonly logs: readonly LoggedEntry[];
}

/** EIP-2718: type ‖ rlp([status, cumulativeGasUsed, logsBloom, logs]), without the type for legacy ones. */
export function encodeReceipt({ type, status, cumulativeGasUsed, logsBloom, logs }: ReceiptFields): Uint8Array {
  const body = encodeRlp([
    status === "success" ? 1n : 0n,
    cumulativeGasUsed,
    bytesOfHex(logsBloom),
    logs.map(({ address, topics, data }) => [bytesOfHex(address), topics.map(bytesOfHex), bytesOfHex(data)]),
  ]);
  return type === 0 ? body : concatBytes(Uint8Array.of(type), body);
}
