import type { Hex, Block as ViemBlock } from "viem";
import { bytesOfHex } from "./bytes.ts";
import { keccakHex } from "./keccak.ts";
import { L1DataError } from "./l1-errors.ts";
import { encodeRlp, type RlpInput } from "./rlp.ts";

/** What is needed of an L1 block. */
export interface L1Header {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Seconds. */
  readonly timestamp: bigint;
  readonly baseFeeWei: bigint;
  readonly mixHash: Hex;
}

/** Throws `L1DataError` where the fields do not give the block's hash: base fee, time and mixHash enter our blocks. */
export function headerOf(block: ViemBlock): L1Header {
  const { number, hash, parentHash, timestamp, baseFeePerGas, mixHash } = block;
  if (number === null || hash === null || baseFeePerGas === null)
    throw new L1DataError("l1-block", "L1 block without number, hash or base fee", { actual: { number, hash } });
  const actual = keccakHex(headerRlp(block));
  if (actual !== hash)
    throw new L1DataError("l1-header", `L1 block ${number} is not what its hash says`, { expected: hash, actual });
  return { number, hash, parentHash, timestamp, baseFeeWei: baseFeePerGas, mixHash };
}

/** In header order; forks only ever appended fields. */
const FIELDS = [
  ...["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty"],
  ...["number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas"],
  ...["withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"],
];
/** Numbers among them that JSON-RPC clients may leave as hex. */
const NUMBERS: ReadonlySet<string> = new Set(["difficulty", "blobGasUsed", "excessBlobGas"]);

/**
 * The header's bytes; they hash to the block's hash, or the endpoint lies (see `headerOf`). Throws `L1DataError` for one that lacks a
 * field before its last: left out, it would move those behind it, and the hash would be right with each value under another name.
 */
export function headerRlp(block: ViemBlock): Uint8Array {
  const fields = block as unknown as Readonly<Record<string, Hex | bigint | null | undefined>>;
  const count = FIELDS.findLastIndex((name) => isThere(fields[name])) + 1;
  const items = FIELDS.slice(0, count).map((name): RlpInput => {
    const value = fields[name];
    if (!isThere(value)) throw new L1DataError("l1-header", `L1 block ${block.number} has no ${name}`);
    return typeof value === "bigint" || NUMBERS.has(name) ? BigInt(value) : bytesOfHex(value);
  });
  return encodeRlp(items);
}

const isThere = <T>(value: T | null | undefined): value is T => value !== undefined && value !== null;
