import { bytesToHex, concat, type Hex, hexToBytes, keccak256 } from "viem";
import { describe, expect, it } from "vitest";
import { treeRoot } from "../../../common/merkle.ts";
import { packedTreeRoot } from "../../../verifier/tensor/hash-tree.ts";
import { hashPairs, MAX_NODES, nodes } from "../../../verifier/tensor/keccak-pairs.ts";
import { seededRandom } from "../../support/random.ts";

const random = seededRandom(11);
const hashes = (count: number): Hex[] =>
  Array.from({ length: count }, () => bytesToHex(Uint8Array.from({ length: 32 }, () => random.below(256))));

describe("hashPairs", () => {
  it.each([1, 2, 3, 7, MAX_NODES / 2])("hashes %i pairs as a general keccak-256 does", (pairs) => {
    const list = hashes(2 * pairs);
    nodes.set(hexToBytes(concat(list)));
    hashPairs(pairs);
    for (let i = 0; i < pairs; i++)
      expect(bytesToHex(nodes.subarray(32 * i, 32 * i + 32))).toBe(keccak256(concat(list.slice(2 * i, 2 * i + 2))));
  });
});

describe("packedTreeRoot", () => {
  it.each([...[0, 1, 2, 3, 4, 5, 8, 9, 63, 64, 65], ...[MAX_NODES - 1, MAX_NODES, MAX_NODES + 1, 2 * MAX_NODES + 3]])(
    "is the plain tree's root over %i leaves",
    (count) => {
      const leaves = hashes(count);
      expect(bytesToHex(packedTreeRoot(hexToBytes(concat(leaves))))).toBe(treeRoot(leaves));
    },
  );
});
