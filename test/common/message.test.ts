import { AbiCoder, concat, keccak256 } from "ethers";
import { describe, expect, it } from "vitest";
import { creditLeaf, creditRoot } from "../../common/credit.ts";
import { treeProof, treeRoot } from "../../common/merkle.ts";
import { decodeMessage, encodeBody, firstInboxHash, type Message, nextInboxHash } from "../../common/message.ts";

const word = (byte: number) => `0x${byte.toString(16).padStart(2, "0").repeat(32)}` as const;
const address = (byte: number) => `0x${byte.toString(16).padStart(2, "0").repeat(20)}` as const;
const abi = AbiCoder.defaultAbiCoder();

const messages: Message[] = [
  { kind: 1, account: address(0xab), amountWei: 2n ** 256n - 1n },
  { kind: 2, from: address(1), to: address(0xcd), amountWei: 0n },
  {
    kind: 3,
    id: word(1),
    claimHash: word(2),
    claimant: address(3),
    resultRoot: word(4),
    soft: true,
    consumed: [word(5), word(6)],
    output: "0x0102",
    failedSteps: 0,
  },
  {
    kind: 3,
    id: word(1),
    claimHash: word(2),
    claimant: address(3),
    resultRoot: word(4),
    soft: false,
    consumed: [],
    output: "0x",
    failedSteps: 0,
  },
  { kind: 4, id: word(1), claimHash: word(2), lostSeconds: 86_400n },
  { kind: 5, id: word(1), claimHash: word(2) },
  { kind: 7, envelope: "0x02c0", gasLimit: 2n ** 64n - 1n },
  {
    kind: 8,
    from: address(1),
    to: address(2),
    mintWei: 3n,
    valueWei: 4n,
    gasLimit: 5n,
    priceWei: 6n,
    data: "0x0708",
  },
  { kind: 6, number: 9n, stateRoot: word(1), creditsRoot: word(2) },
  { kind: 9, modelId: word(1), graph: 3 },
];

describe("inbox messages", () => {
  it("refuses an unknown kind by number", () => {
    expect(() => decodeMessage(10, "0x")).toThrowError(/unknown inbox message kind 10/);
  });

  it("come back from their bodies", () => {
    for (const message of messages) expect(decodeMessage(message.kind, encodeBody(message))).toEqual(message);
  });

  it("chain as P1.1 says", () => {
    const first = firstInboxHash(4141n, address(9));
    expect(first).toBe(keccak256(abi.encode(["uint256", "address"], [4141n, address(9)])));
    const body = encodeBody(messages[0] as Message);
    expect(nextInboxHash(first, 1, body)).toBe(
      keccak256(concat([first, keccak256(abi.encode(["uint8", "bytes"], [1, body]))])),
    );
  });
});

describe("credits tree", () => {
  const leaves = [1, 2, 3, 4, 5].map((n) => creditLeaf(address(n), BigInt(n)));

  it("gives the root for each leaf's own proof and nowhere else", () => {
    const root = treeRoot(leaves);
    leaves.forEach((leaf, index) => {
      const proof = treeProof(leaves, index);
      expect(creditRoot(leaf, BigInt(index), proof)).toBe(root);
      expect(creditRoot(leaf, BigInt(index ^ 1), proof)).not.toBe(root);
      expect(creditRoot(leaf, BigInt(index), proof.slice(1))).not.toBe(root);
    });
  });

  it("refuses an index beyond the proof's width and a proof beyond 64 levels", () => {
    expect(creditRoot(leaves[0] as `0x${string}`, 8n, treeProof(leaves, 0))).toBeUndefined();
    expect(
      creditRoot(
        leaves[0] as `0x${string}`,
        0n,
        Array.from({ length: 65 }, () => word(0)),
      ),
    ).toBeUndefined();
  });
});
