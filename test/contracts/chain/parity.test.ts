// The chain's Solidity libraries against the TypeScript that the node and the executors use.
import { type Hex, keccak256, padHex, toHex } from "viem";
import { beforeAll, describe, expect, it } from "vitest";
import { batchDataRoot } from "../../../common/batch.ts";
import { bytesOfHex, hexOf } from "../../../common/bytes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { encodeHeader, type Header, hashHeader } from "../../../common/header.ts";
import { hashPair, rangeProof, treeDepth, treeProof, treeRoot } from "../../../common/merkle.ts";
import { EMPTY_TRIE_ROOT } from "../../../common/trie.ts";
import { outboxProof, withdrawalLeaf } from "../../../l2-node/execution/outbox.ts";
import { type SumNode, sumNode, sumProof } from "../../../verifier/model/root.ts";
import { createGasMeter, type GasMeter } from "../../support/gas-meter.ts";
import { readHarness } from "../../support/harness.ts";
import { seededRandom } from "../../support/random.ts";

const random = seededRandom(7);
const word = (): Hex => hexOf(random.bytes(32));
const words = (count: number): Hex[] => Array.from({ length: count }, word);
const isRight = (index: number): boolean => index % 2 === 1;
/** Roots of subtrees without a leaf. */
const PADDING: readonly Hex[] = [1, 2, 4, 8].map((count) => treeRoot(new Array(count).fill(ZERO_HASH)));
const isPadding = (hash: Hex): boolean => PADDING.includes(hash);
const flipped = (hash: Hex): Hex => `${hash.slice(0, -1)}${hash.endsWith("0") ? "1" : "0"}` as Hex;

let harness: GasMeter;
const call = async (name: string, ...args: unknown[]): Promise<unknown> => (await harness.call(name, args)).result;
const refused = async (name: string, ...args: unknown[]): Promise<string> =>
  harness.call(name, args).then(
    () => "accepted",
    (error: { errorName?: string }) => error.errorName ?? String(error),
  );

beforeAll(async () => {
  harness = await createGasMeter(readHarness("chain/harness/ChainHarness"));
});

describe("Merkle", () => {
  it("refuses leaves outside the tree, short and surplus proofs, and another root", async () => {
    for (const count of [1, 2, 3, 5, 8]) {
      const leaves = words(count);
      const root = treeRoot(leaves);
      const last = count - 1;
      const proof = treeProof(leaves, last);
      const leaf = leaves[last]!;
      expect(await refused("treeCheck", root, leaf, count, count, proof)).toBe("LeafOutOfRange");
      expect(await refused("treeCheck", root, leaf, 2n ** 256n - 1n, count, proof)).toBe("LeafOutOfRange");
      expect(await refused("treeCheck", root, leaf, last, count, [...proof, ZERO_HASH])).toBe("ProofLength");
      if (count > 1) expect(await refused("treeCheck", root, leaf, last, count, proof.slice(1))).toBe("ProofLength");
      expect(await refused("treeCheck", flipped(root), leaf, last, count, proof)).toBe("RootMismatch");
      expect(await refused("treeCheck", root, flipped(leaf), last, count, proof)).toBe("RootMismatch");
      expect(await refused("treeCheck", root, leaf, last, 2 * count, proof)).toBe("ProofLength");
    }
    expect(await refused("treeCheck", ZERO_HASH, ZERO_HASH, 0, 0, [])).toBe("LeafOutOfRange");
  });

  it("does not take an inner node for a leaf", async () => {
    const leaves = words(4);
    const inner = treeRoot(leaves.slice(0, 2));
    const proof = [treeRoot(leaves.slice(2))];
    expect(await refused("treeCheck", treeRoot(leaves), inner, 0, 4, proof)).toBe("ProofLength");
    expect(await refused("treeCheck", treeRoot(leaves), inner, 0, 2, proof)).toBe("accepted"); // hence counts are never the prover's
  });

  it("gives the roots and takes the proofs of common/merkle.ts", async () => {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33]) {
      const leaves = words(count);
      const root = treeRoot(leaves);
      expect(await call("depth", count)).toBe(BigInt(treeDepth(count)));
      expect(await call("treeRoot", leaves)).toBe(root);
      for (const [index, leaf] of leaves.entries())
        expect(await refused("treeCheck", root, leaf, index, count, treeProof(leaves, index))).toBe("accepted");
    }
  });

  it("comes from the last leaf to no root that has something behind it, whatever a proof says of padding", async () => {
    for (const count of [1, 2, 3, 5, 6, 9, 11]) {
      const [leaves, last] = [words(count), count - 1];
      const leaf = leaves[last]!;
      // Whatever is padding stands beside the way up from the last leaf.
      const junk = treeProof(leaves, last).map((sibling, i) => (isRight(last >> i) ? sibling : word()));
      const root = junk.reduce<Hex>(
        (below, one, i) => (isRight(last >> i) ? hashPair(one, below) : hashPair(below, one)),
        leaf,
      );
      const isPadded = root !== treeRoot(leaves);
      expect(isPadded).toBe(count !== 2 ** treeDepth(count));
      expect(await refused("treeCheck", root, leaf, last, count, junk)).toBe(isPadded ? "RootMismatch" : "accepted");
      expect(await refused("treeCheck", treeRoot(leaves), leaf, last, count, junk)).toBe("accepted");
      for (let first = 0; first < count; first++) {
        const run = leaves.slice(first);
        const proof = rangeProof(leaves, first, last).map((sibling) => (isPadding(sibling) ? word() : sibling));
        expect(await refused("rangeCheck", root, run, first, count, proof)).toBe(
          isPadded ? "RootMismatch" : "accepted",
        );
        expect(await refused("rangeCheck", treeRoot(leaves), run, first, count, proof)).toBe("accepted");
      }
    }
  });

  it("knows the depth of trees no one can build", async () => {
    expect(await call("depth", 2n ** 64n)).toBe(64n);
    expect(await call("depth", 2n ** 255n)).toBe(255n);
  });
});

describe("range proofs", () => {
  it("takes every range of small trees, and refuses each with one thing changed", async () => {
    for (const count of [1, 2, 3, 5, 8, 11]) {
      const leaves = words(count);
      const root = treeRoot(leaves);
      for (let first = 0; first < count; first++)
        for (let last = first; last < count; last++) {
          const run = leaves.slice(first, last + 1);
          const proof = rangeProof(leaves, first, last);
          const name = `${first}…${last} of ${count}`;
          expect(await refused("rangeCheck", root, run, first, count, proof), name).toBe("accepted");
          expect(await refused("rangeCheck", root, run, first, count, [...proof, ZERO_HASH]), name).toBe("ProofLength");
          const bad = run.with(random.below(run.length), word());
          expect(await refused("rangeCheck", root, bad, first, count, proof), name).toBe("RootMismatch");
          if (proof.length > 0)
            expect(await refused("rangeCheck", root, run, first, count, proof.slice(0, -1)), name).toBe("ProofLength");
        }
    }
  });

  it("refuses no leaves, and runs that leave the tree", async () => {
    const leaves = words(5);
    const root = treeRoot(leaves);
    expect(await refused("rangeCheck", root, [], 0, 5, [])).toBe("LeafOutOfRange");
    expect(await refused("rangeCheck", root, leaves, 1, 5, [])).toBe("LeafOutOfRange");
    expect(await refused("rangeCheck", root, [leaves[0]], 5, 5, rangeProof(leaves, 0, 0))).toBe("LeafOutOfRange");
    // The padding is no leaf either.
    expect(await refused("rangeCheck", root, [...leaves, ZERO_HASH, ZERO_HASH, ZERO_HASH], 0, 5, [])).toBe(
      "LeafOutOfRange",
    );
  });
});

describe("sum tree", () => {
  const sums = (count: number): SumNode[] =>
    Array.from({ length: count }, () => ({
      hash: word(),
      flops: BigInt(random.below(2 ** 31)),
      bytes_: BigInt(random.below(2 ** 31)),
    }));
  const rootOf = (leaves: readonly SumNode[]): SumNode => ({
    hash: sumRootHash(leaves),
    flops: leaves.reduce((sum, leaf) => sum + leaf.flops, 0n),
    bytes_: leaves.reduce((sum, leaf) => sum + leaf.bytes_, 0n),
  });

  it("takes the proofs of verifier/model/root.ts, and no other sums", async () => {
    for (const count of [1, 2, 3, 6, 9]) {
      const leaves = sums(count);
      const expected = rootOf(leaves);
      for (const [index, leaf] of leaves.entries()) {
        const proof = sumProof(leaves, index);
        expect(await refused("sumCheck", expected, leaf, index, count, proof)).toBe("accepted");
        for (const lie of [{ flops: leaf.flops + 1n }, { bytes_: leaf.bytes_ + 1n }, { hash: word() }])
          expect(await refused("sumCheck", expected, { ...leaf, ...lie }, index, count, proof)).toBe("RootMismatch");
        expect(await refused("sumCheck", { ...expected, flops: expected.flops + 1n }, leaf, index, count, proof)).toBe(
          "RootMismatch",
        );
        expect(await refused("sumCheck", expected, leaf, count, count, proof)).toBe("LeafOutOfRange");
        expect(await refused("sumCheck", expected, leaf, index, count, [...proof, leaf])).toBe("ProofLength");
      }
    }
  });

  it("comes from the last leaf to no root that has something behind it: padding has no sums", async () => {
    for (const count of [3, 5, 6, 9, 11]) {
      const [leaves, last] = [sums(count), count - 1];
      const leaf = leaves[last]!;
      const junk = sumProof(leaves, last).map((sibling, i) => (isRight(last >> i) ? sibling : sums(1)[0]!));
      const root = junk.reduce(
        (below, one, i) => (isRight(last >> i) ? sumNode(one, below) : sumNode(below, one)),
        leaf,
      );
      expect(await refused("sumCheck", root, leaf, last, count, junk)).toBe("RootMismatch");
      expect(await refused("sumCheck", rootOf(leaves), leaf, last, count, junk)).toBe("accepted");
    }
  });

  it("refuses sums beyond 64 bits instead of wrapping", async () => {
    const most = { hash: word(), flops: 2n ** 64n - 1n, bytes_: 0n };
    const one = { hash: word(), flops: 1n, bytes_: 0n };
    expect(await refused("sumCheck", one, most, 0, 2, [one])).toBe("Panic");
  });
});

/** Root hash from the leaves alone, by the formula of P0.4. */
function sumRootHash(leaves: readonly SumNode[]): Hex {
  let level: SumNode[] = [...leaves];
  while (level.length & (level.length - 1)) level.push({ hash: ZERO_HASH, flops: 0n, bytes_: 0n });
  const part = ({ hash, flops, bytes_ }: SumNode): string =>
    hash.slice(2) + padHex(toHex(flops), { size: 32 }).slice(2) + padHex(toHex(bytes_), { size: 32 }).slice(2);
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) => {
      const [left, right] = [level[2 * i]!, level[2 * i + 1]!];
      return {
        hash: keccak256(`0x${part(left)}${part(right)}`),
        flops: left.flops + right.flops,
        bytes_: left.bytes_ + right.bytes_,
      };
    });
  return level[0]!.hash;
}

describe("outbox", () => {
  it("leads from leaf and proof to the root that the node's tree has", async () => {
    const list = Array.from({ length: 5 }, (_, index) => ({
      index: BigInt(index),
      from: hexOf(random.bytes(20)),
      to: hexOf(random.bytes(20)),
      amountWei: BigInt(word()),
    }));
    const leaves = list.map((withdrawal) => withdrawalLeaf({ ...withdrawal, l2ChainId: 424242n }));
    const roots = new Set<unknown>();
    for (const [index, withdrawal] of list.entries()) {
      expect(await call("withdrawalLeaf", 424242n, withdrawal)).toBe(leaves[index]);
      roots.add(await call("outboxRoot", leaves[index], index, outboxProof(leaves, index)));
    }
    expect(roots.size).toBe(1);
    expect(await refused("outboxRoot", leaves[0], 2n ** 32n - 1n, outboxProof(leaves, 0))).toBe("LeafOutOfRange");
  });
});

describe("batch data", () => {
  it("is the tree over 4 KiB pieces", async () => {
    for (const length of [0, 1, 4095, 4096, 4097, 8192, 20_000]) {
      const data = random.bytes(length);
      const pieces = Array.from({ length: Math.ceil(length / 4096) }, (_, i) =>
        keccak256(data.subarray(4096 * i, 4096 * i + 4096)),
      );
      expect(await call("dataRoot", hexOf(data)), `${length} bytes`).toBe(batchDataRoot(data));
      expect(batchDataRoot(data)).toBe(treeRoot(pieces));
    }
  });
});

describe("header", () => {
  const header = (): Header => ({
    parentHash: word(),
    beneficiary: hexOf(random.bytes(20)),
    stateRoot: EMPTY_TRIE_ROOT,
    transactionsRoot: word(),
    number: random.pick([0n, 1n, 127n, 128n, 2n ** 32n, 2n ** 64n - 1n]),
    gasLimit: random.pick([0n, 60_000_000n, 2n ** 64n - 1n]),
    gasUsed: random.pick([0n, 127n, 128n, 255n, 256n]),
    timestamp: random.pick([0n, 127n, 128n, 1_700_000_000n, 2n ** 64n - 1n]),
    origin: { number: 2n ** 64n - 1n, hash: word(), inboxCount: BigInt(random.below(1000)), inboxHash: word() },
    mixHash: word(),
    baseFeeWei: random.pick([0n, 7n, 1_000_000n, 2n ** 256n - 1n]),
  });

  it("reads what common/header.ts writes", async () => {
    for (let i = 0; i < 60; i++) {
      const expected = header();
      expect(await call("decodeHeader", hexOf(encodeHeader(expected)))).toEqual({
        hash: hashHeader(expected),
        parentHash: expected.parentHash,
        number: expected.number,
        timestamp: expected.timestamp,
        originNumber: expected.origin.number,
        originHash: expected.origin.hash,
        inboxCount: expected.origin.inboxCount,
        inboxHash: expected.origin.inboxHash,
      });
    }
  });

  it("names as malformed whatever has a byte more, less, or a changed prefix", async () => {
    const good = bytesOfHex(hexOf(encodeHeader(header())));
    expect(await refused("decodeHeader", hexOf(good.subarray(1)))).toBe("HeaderMalformed");
    expect(await refused("decodeHeader", hexOf(good.subarray(0, -1)))).toBe("HeaderMalformed");
    expect(await refused("decodeHeader", `${hexOf(good)}00`)).toBe("HeaderMalformed");
    for (const at of [0, 1, 2, 3, 36, 69, 90, 123, 156, 189, 190, 191, 448])
      expect(await refused("decodeHeader", hexOf(good.with(at, good[at]! ^ 1))), `byte ${at}`).toBe("HeaderMalformed");
  });
});

describe("argMax of a float tensor", () => {
  const floats = (...values: number[]): Hex => hexOf(new Uint8Array(Float32Array.from(values).buffer));

  it("refuses what is no tensor of floats", async () => {
    expect(await refused("argMax", "0x")).toBe("NoElements");
    expect(await refused("argMax", "0x000000")).toBe("NotFloats");
    expect(await refused("argMax", `${floats(1)}00`)).toBe("NotFloats");
  });

  it("finds the first of the greatest, whatever the signs", async () => {
    const cases: [number[], number][] = [
      [[5], 0],
      [[-1, -2], 0],
      [[-2, -1], 1],
      [[1, 1], 0],
      [[0, -0], 0],
      [[-0, 0], 0],
      [[-1e-45, 0], 1],
      [[1e-45, 0], 0],
      [[-3.5, 2 ** -149, 2 ** -126, 3.4e38, 3.3e38], 3],
      [[-Infinity, -3.4e38], 1],
    ];
    for (const [values, index] of cases)
      expect(await call("argMax", floats(...values)), String(values)).toBe(BigInt(index));
    for (let i = 0; i < 40; i++) {
      const values = Array.from({ length: 10 }, () => (random.below(2 ** 20) - 2 ** 19) * 2 ** (random.below(60) - 30));
      expect(await call("argMax", floats(...values))).toBe(BigInt(values.indexOf(Math.max(...values))));
    }
  });
});
