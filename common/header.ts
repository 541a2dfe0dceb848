import type { Address, Hex } from "viem";
import { bytesOfHex, concatBytes, fixedBytes, hexOf, naturalOf } from "./bytes.ts";
import { AnhError } from "./errors.ts";
import { keccakHex } from "./keccak.ts";
import { decodeRlp, encodeRlp, type RlpItem } from "./rlp.ts";
import { EMPTY_TRIE_ROOT, indexedTrieRoot } from "./trie.ts";

/** Bytes that are no header of this chain. */
export class HeaderError extends AnhError {}

/** L1 block a header builds on, and the Inbox's checkpoint there (P3.2). */
export interface Origin {
  readonly number: bigint;
  readonly hash: Hex;
  readonly inboxCount: bigint;
  readonly inboxHash: Hex;
}

/** What varies in a header; every other field is fixed by P3.1. */
export interface Header {
  readonly parentHash: Hex;
  readonly beneficiary: Address;
  /** Empty trie root, but for genesis, which has the world root of its alloc. */
  readonly stateRoot: Hex;
  readonly transactionsRoot: Hex;
  readonly number: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** Seconds. */
  readonly timestamp: bigint;
  readonly origin: Origin;
  readonly mixHash: Hex;
  readonly baseFeeWei: bigint;
}

/** keccak(rlp([])). */
export const EMPTY_OMMERS_HASH: Hex = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
/** sha256(""): no EIP-7685 requests. */
export const EMPTY_REQUESTS_HASH: Hex = "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
export const ZERO_BLOOM: Hex = `0x${"00".repeat(256)}`;
export const ZERO_NONCE: Hex = "0x0000000000000000";
const ZERO_32 = new Uint8Array(32);
const FIELDS = 21;

export const transactionsRoot = (envelopes: readonly Uint8Array[]): Hex => hexOf(indexedTrieRoot(envelopes));

export const encodeOrigin = (origin: Origin): Uint8Array =>
  concatBytes(
    fixedBytes(origin.number, 8),
    bytesOfHex(origin.hash),
    fixedBytes(origin.inboxCount, 8),
    bytesOfHex(origin.inboxHash),
  );

export function decodeOrigin(extraData: Uint8Array): Origin {
  if (extraData.length !== 80)
    throw new HeaderError("extra-data", "extraData is not 80 bytes", { expected: 80, actual: extraData.length });
  return {
    number: naturalOf(extraData.subarray(0, 8)),
    hash: hexOf(extraData.subarray(8, 40)),
    inboxCount: naturalOf(extraData.subarray(40, 48)),
    inboxHash: hexOf(extraData.subarray(48, 80)),
  };
}

/** mixHash, hence PREVRANDAO: the origin's, made distinct per block (P3.1). */
export const mixHashOf = (originMixHash: Hex, number: bigint): Hex =>
  keccakHex(concatBytes(bytesOfHex(originMixHash), fixedBytes(number, 8)));

/** RLP of the Osaka Ethereum header (P3.1). */
export function encodeHeader(header: Header): Uint8Array {
  const emptyTrie = bytesOfHex(EMPTY_TRIE_ROOT);
  return encodeRlp([
    bytesOfHex(header.parentHash),
    bytesOfHex(EMPTY_OMMERS_HASH),
    bytesOfHex(header.beneficiary),
    bytesOfHex(header.stateRoot),
    bytesOfHex(header.transactionsRoot),
    emptyTrie, // receiptsRoot: not executed
    bytesOfHex(ZERO_BLOOM),
    0n, // difficulty
    header.number,
    header.gasLimit,
    header.gasUsed,
    header.timestamp,
    encodeOrigin(header.origin),
    bytesOfHex(header.mixHash),
    bytesOfHex(ZERO_NONCE),
    header.baseFeeWei,
    emptyTrie, // withdrawalsRoot
    0n, // blobGasUsed
    0n, // excessBlobGas
    ZERO_32, // parentBeaconBlockRoot
    bytesOfHex(EMPTY_REQUESTS_HASH),
  ]);
}

export const hashHeader = (header: Header): Hex => keccakHex(encodeHeader(header));

/** The header whose encoding `bytes` are; throws `HeaderError` or `RlpError` for anything else. */
export function decodeHeader(bytes: Uint8Array): Header {
  const items = headerItems(bytes);
  const hash = (index: number): Hex => hexOf(items[index] as Uint8Array);
  const number = (index: number): bigint => naturalOf(items[index] as Uint8Array);
  const header: Header = {
    parentHash: hash(0),
    beneficiary: hash(2),
    stateRoot: hash(3),
    transactionsRoot: hash(4),
    number: number(8),
    gasLimit: number(9),
    gasUsed: number(10),
    timestamp: number(11),
    origin: decodeOrigin(items[12] as Uint8Array),
    mixHash: hash(13),
    baseFeeWei: number(15),
  };
  if (Buffer.compare(encodeHeader(header), bytes) !== 0)
    throw new HeaderError("header-fields", "a fixed header field has another value", { hint: "docs/protocol.md P3.1" });
  return header;
}

/** What HeaderAnchor itself read of a posted header, whatever its other fields hold; undefined if not even that. */
export function decodeAnchoredFields(bytes: Uint8Array): { timestamp: bigint; origin: Origin } | undefined {
  try {
    const items = headerItems(bytes);
    return { timestamp: naturalOf(items[11] as Uint8Array), origin: decodeOrigin(items[12] as Uint8Array) };
  } catch (error) {
    if (error instanceof AnhError) return undefined;
    throw error;
  }
}

function headerItems(bytes: Uint8Array): readonly RlpItem[] {
  const items = decodeRlp(bytes);
  if (items instanceof Uint8Array || items.length !== FIELDS || items.some((item) => !(item instanceof Uint8Array)))
    throw new HeaderError("header-shape", `a header is a list of ${FIELDS} strings`);
  return items;
}
