// Values of test/vectors/chain.json, from TypeScript and from Solidity: neither side can drift, not even both together.
// They were made once (`npx vitest run -u` rewrites them) and change only with docs/protocol.md.
import { type Hex, hexToBytes, keccak256 } from "viem";
import { expect, it } from "vitest";
import { anchoredBatchDigest } from "../../../common/anchored-batch.ts";
import { batchDataRoot } from "../../../common/batch.ts";
import { hexOf } from "../../../common/bytes.ts";
import { creditLeaf } from "../../../common/credit.ts";
import { encodeHeader, type Header, hashHeader } from "../../../common/header.ts";
import { rangeProof, treeProof, treeRoot } from "../../../common/merkle.ts";
import { encodeBody, firstInboxHash, type Message, nextInboxHash } from "../../../common/message.ts";
import { EMPTY_TRIE_ROOT } from "../../../common/trie.ts";
import { outboxProof, withdrawalLeaf } from "../../../l2-node/execution/outbox.ts";
import { createGasMeter } from "../../support/gas-meter.ts";
import { readHarness } from "../../support/harness.ts";

const word = (byte: number): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;
const address = (byte: number): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(20)}`;
const L2 = 424242n;

const messages: readonly Message[] = [
  { kind: 1, account: address(0xa1), amountWei: 10n ** 18n },
  { kind: 2, from: address(0xa1), to: address(0xa2), amountWei: 1n },
  {
    kind: 3,
    id: word(1),
    claimHash: word(2),
    claimant: address(0xa3),
    resultRoot: word(3),
    soft: true,
    consumed: [word(4)],
    output: "0x0102030405",
    failedSteps: 0,
  },
  { kind: 4, id: word(1), claimHash: word(2), lostSeconds: 86_400n },
  { kind: 5, id: word(1), claimHash: word(2) },
  { kind: 6, number: 77n, stateRoot: word(5), creditsRoot: word(6) },
];
const header: Header = {
  parentHash: word(0x11),
  beneficiary: address(0x5e),
  stateRoot: EMPTY_TRIE_ROOT,
  transactionsRoot: word(0x12),
  number: 128n,
  gasLimit: 60_000_000n,
  gasUsed: 0n,
  timestamp: 1_700_000_000n,
  origin: { number: 1000n, hash: word(0x13), inboxCount: 6n, inboxHash: word(0x14) },
  mixHash: word(0x15),
  baseFeeWei: 1_000_000n,
};
const leaves = [1, 2, 3, 4, 5].map(word);
const withdrawals = [0n, 1n, 2n].map((index) => ({
  index,
  from: address(0xa1),
  to: address(0xa2 + Number(index)),
  amountWei: 10n ** 17n + index,
}));
const withdrawalLeaves = withdrawals.map((withdrawal) => withdrawalLeaf({ ...withdrawal, l2ChainId: L2 }));
const data = Uint8Array.from({ length: 10_000 }, (_, i) => (i * i) & 255);
const pieces = [0, 1, 2].map((i) => keccak256(data.subarray(4096 * i, 4096 * i + 4096)));
const batch = {
  firstNumber: 120n,
  lastNumber: header.number,
  lastHash: hashHeader(header),
  dataRoot: treeRoot(pieces),
};

const hashes: Hex[] = [firstInboxHash(L2, address(0x1b))];
for (const message of messages) hashes.push(nextInboxHash(hashes.at(-1) as Hex, message.kind, encodeBody(message)));

it("are what TypeScript computes", async () => {
  const domain = { l1ChainId: 31337n, l2ChainId: L2, headerAnchor: address(0xba) };
  const vectors = {
    inbox: { l2ChainId: Number(L2), inbox: address(0x1b), hashes, bodies: messages.map(encodeBody) },
    header: { rlp: hexOf(encodeHeader(header)), hash: hashHeader(header) },
    anchoredBatchDigest: hexOf(anchoredBatchDigest(domain, batch)),
    tree: {
      leaves,
      root: treeRoot(leaves),
      proofOf4: treeProof(leaves, 4),
      rangeProofOf1To3: rangeProof(leaves, 1, 3),
    },
    outbox: { leaves: withdrawalLeaves, proofOf2: outboxProof(withdrawalLeaves, 2) },
    creditLeaf: creditLeaf(address(0xa1), 10n ** 18n),
    dataRoot: batchDataRoot(data),
  };
  expect(vectors.dataRoot).toBe(treeRoot(pieces));
  await expect(`${JSON.stringify(vectors, null, 2)}\n`).toMatchFileSnapshot("../../vectors/chain.json");
});

it("are what Solidity computes", async () => {
  const harness = await createGasMeter(readHarness("chain/harness/ChainHarness"));
  const { default: vectors } = await import("../../vectors/chain.json", { with: { type: "json" } });
  const call = async (name: string, ...args: unknown[]) => (await harness.call(name, args)).result;
  expect(await call("decodeHeader", vectors.header.rlp)).toMatchObject({ hash: vectors.header.hash, number: 128n });
  expect(await call("treeRoot", vectors.tree.leaves)).toBe(vectors.tree.root);
  await call("treeCheck", vectors.tree.root, vectors.tree.leaves[4], 4, 5, vectors.tree.proofOf4);
  await call("rangeCheck", vectors.tree.root, vectors.tree.leaves.slice(1, 4), 1, 5, vectors.tree.rangeProofOf1To3);
  for (const [i, withdrawal] of withdrawals.entries())
    expect(await call("withdrawalLeaf", L2, withdrawal)).toBe(vectors.outbox.leaves[i]);
  expect(await call("dataRoot", hexOf(data))).toBe(vectors.dataRoot);
  expect(hexToBytes(vectors.header.rlp as Hex)).toEqual(encodeHeader(header));
});
