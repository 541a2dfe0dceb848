import { keccak256 as ethersKeccak, encodeRlp as ethersRlp, TypedDataEncoder } from "ethers";
import { type Hex, recoverTypedDataAddress, sliceHex, toHex } from "viem";
import { describe, expect, it } from "vitest";
import { anchoredBatchDigest } from "../../common/anchored-batch.ts";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import {
  decodeAnchoredFields,
  decodeHeader,
  EMPTY_OMMERS_HASH,
  EMPTY_REQUESTS_HASH,
  encodeHeader,
  type Header,
  hashHeader,
  mixHashOf,
  transactionsRoot,
} from "../../common/header.ts";
import { addressOfKey, recoverSigner, signDigest } from "../../common/signature.ts";
import { EMPTY_TRIE_ROOT } from "../../common/trie.ts";
import { seededRandom } from "../support/random.ts";

const word = (byte: number): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;

const header: Header = {
  parentHash: word(1),
  beneficiary: `0x${"ab".repeat(20)}`,
  stateRoot: EMPTY_TRIE_ROOT,
  transactionsRoot: word(3),
  number: 1_000_000n,
  gasLimit: 60_000_000n,
  gasUsed: 21_000n,
  timestamp: 1_700_000_000n,
  origin: { number: 77n, hash: word(4), inboxCount: 3n, inboxHash: word(5) },
  mixHash: word(6),
  baseFeeWei: 1_000_000n,
};

describe("header", () => {
  it("refuses another field count, surplus bytes, and a fixed field with another value", () => {
    const bytes = encodeHeader(header);
    expect(() => decodeHeader(bytes.subarray(0, bytes.length - 1))).toThrowError(/ends early|past the end/);
    expect(() => decodeHeader(Uint8Array.from([...bytes, 0]))).toThrowError(/after the RLP item/);
    const bloomed = hexOf(bytes).replace("00".repeat(256), `${"00".repeat(255)}01`) as Hex;
    expect(() => decodeHeader(bytesOfHex(bloomed))).toThrowError(/fixed header field/);
    expect(decodeAnchoredFields(bytesOfHex(bloomed))).toEqual({ timestamp: header.timestamp, origin: header.origin });
    expect(decodeAnchoredFields(Uint8Array.of(0xc0))).toBeUndefined();
  });

  it("equals the RLP another library builds of an Osaka header, and comes back from it", () => {
    const extra = `${toHex(77n, { size: 8 })}${word(4).slice(2)}${toHex(3n, { size: 8 }).slice(2)}${word(5).slice(2)}`;
    const n = (value: bigint): string =>
      value === 0n ? "0x" : toHex(value).length % 2 ? `0x0${value.toString(16)}` : toHex(value);
    const expected = ethersRlp([
      word(1),
      EMPTY_OMMERS_HASH,
      header.beneficiary,
      EMPTY_TRIE_ROOT,
      word(3),
      EMPTY_TRIE_ROOT,
      `0x${"00".repeat(256)}`,
      "0x",
      n(header.number),
      n(header.gasLimit),
      n(header.gasUsed),
      n(header.timestamp),
      extra,
      word(6),
      "0x0000000000000000",
      n(header.baseFeeWei),
      EMPTY_TRIE_ROOT,
      "0x",
      "0x",
      word(0),
      EMPTY_REQUESTS_HASH,
    ]);
    expect(hexOf(encodeHeader(header))).toBe(expected);
    expect(hashHeader(header)).toBe(ethersKeccak(expected));
    expect(decodeHeader(encodeHeader(header))).toEqual(header);
  });

  it("derives mixHash from the origin's and the number", () => {
    expect(mixHashOf(word(9), 5n)).toBe(ethersKeccak(`${word(9)}${toHex(5n, { size: 8 }).slice(2)}`));
    expect(mixHashOf(word(9), 5n)).not.toBe(mixHashOf(word(9), 6n));
  });

  it("decodes damaged headers to an error or to other fields, never to a crash", () => {
    const random = seededRandom(4);
    const good = encodeHeader(header);
    for (let i = 0; i < 3000; i++) {
      const bytes = good.slice(0, good.length - (random.below(4) === 0 ? random.below(50) : 0));
      bytes[random.below(bytes.length)] = random.below(256);
      decodeAnchoredFields(bytes);
      try {
        expect(hexOf(encodeHeader(decodeHeader(bytes)))).toBe(hexOf(bytes));
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^(rlp|header|extra)/);
      }
    }
  });
});

describe("transactionsRoot", () => {
  it("is the empty trie's for none", () => {
    expect(transactionsRoot([])).toBe(EMPTY_TRIE_ROOT);
  });

  it("equals @ethereumjs/mpt for 1, 2, 16, 128, 129 and 300 envelopes", async () => {
    const { createMPT } = await import("@ethereumjs/mpt");
    const { RLP } = await import("@ethereumjs/rlp");
    const random = seededRandom(5);
    for (const count of [1, 2, 16, 127, 128, 129, 300]) {
      const values = Array.from({ length: count }, () => random.bytes(1 + random.below(200)));
      const trie = await createMPT();
      for (const [index, value] of values.entries()) await trie.put(RLP.encode(index), value);
      expect(transactionsRoot(values)).toBe(hexOf(trie.root()));
    }
  });
});

describe("anchored batch digest", () => {
  it("is EIP-712 as ethers computes it, and its signature recovers to the sequencer", async () => {
    const key = word(0x11);
    const domain = { l1ChainId: 31337n, headerAnchor: `0x${"cd".repeat(20)}` as Hex };
    const batch = { firstNumber: 7n, lastNumber: 9n, lastHash: word(8), dataRoot: word(9) };
    const digest = anchoredBatchDigest({ ...domain, l2ChainId: 4141n }, batch);
    const types = {
      AnchoredBatch: [
        { name: "l2ChainId", type: "uint256" },
        { name: "firstNumber", type: "uint64" },
        { name: "lastNumber", type: "uint64" },
        { name: "lastHash", type: "bytes32" },
        { name: "dataRoot", type: "bytes32" },
      ],
    };
    const message = { l2ChainId: 4141n, ...batch };
    const eip712 = { name: "ANH", version: "1", chainId: 31337n, verifyingContract: domain.headerAnchor };
    expect(hexOf(digest)).toBe(TypedDataEncoder.hash(eip712, types, message));
    const signature = signDigest(digest, key);
    expect(recoverSigner(digest, signature)).toBe(addressOfKey(key));
    const viaViem = await recoverTypedDataAddress({
      domain: eip712,
      types,
      primaryType: "AnchoredBatch",
      message,
      signature,
    });
    expect(viaViem.toLowerCase()).toBe(addressOfKey(key));
    expect(() => recoverSigner(digest, sliceHex(signature, 0, 64))).toThrowError(/65 bytes/);
  });
});
