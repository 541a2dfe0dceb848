import { beforeEach, describe, expect, it } from "vitest";
import { encodeBatch } from "../../../common/batch.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { encodeHeader, transactionsRoot } from "../../../common/header.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { EMPTY_TRIE_ROOT } from "../../../common/trie.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import type { Chain } from "../../../l2-node/chain/chain.ts";
import { deriveBlock } from "../../../l2-node/chain/derivation.ts";
import { overlay } from "../../../l2-node/ledger/ledger.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { seededRandom } from "../../support/random.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

const GWEI = 10n ** 9n;

let l1: MemoryL1;
let node: ReturnType<typeof testNode>;

/** A sealed chain of three blocks: a deposit, two transactions of account 0, one of account 1. */
beforeEach(async () => {
  l1 = new MemoryL1();
  node = testNode(l1.chainFile());
  l1.mine([0, 1].map((n) => ({ kind: 1 as const, account: testAddress(n), amountWei: 10n ** 18n })));
  follow(node.chain, l1);
  node.sequencer.seal();
  await node.mempool.add(bytesOfHex(await signRaw({ key: 0, nonce: 0 })));
  await node.mempool.add(bytesOfHex(await signRaw({ key: 0, nonce: 1 })));
  node.sequencer.seal();
  await node.mempool.add(bytesOfHex(await signRaw({ key: 1, nonce: 0, maxFeePerGas: 5n * GWEI })));
  l1.mine();
  follow(node.chain, l1);
  node.sequencer.seal();
});

const block = (chain: Chain, number: bigint): Block => chain.store.blocks.block(number) as Block;
const envelopes = ({ transactions }: Block) => transactions.map(({ raw }) => raw);
/** Derives block 2 anew over block 1, on a ledger as block 1 left it. */
function rederive(posted: Uint8Array, body: readonly Uint8Array[] | null) {
  const replica = testNode(l1.chainFile());
  follow(replica.chain, l1);
  const first = block(node.chain, 1n);
  const one = deriveBlock(
    node.chain.file,
    replica.store.l1,
    encodeHeader(first.header),
    envelopes(first),
    block(node.chain, 0n),
    replica.store.blocks,
  );
  replica.chain.append(one);
  return deriveBlock(node.chain.file, replica.store.l1, posted, body, one.block, replica.store.blocks);
}

describe("deriveBlock", () => {
  it("gives exactly the sequencer's block from what it posts", () => {
    const second = block(node.chain, 2n);
    const { sealedHere: _, ...anyones } = second;
    const derived = rederive(encodeHeader(second.header), envelopes(second));
    expect(derived.block).toEqual(anyones);
    expect(second.transactions.map(({ outcome }) => outcome.status)).toEqual(["included", "included"]);
    for (const n of [0, 1]) expect(derived.ledger.account(testAddress(n)).nonce).toBe(n === 0 ? 2n : 0n);
  });

  it("makes a block inbox-only when any derived field is another", () => {
    const { header } = block(node.chain, 2n);
    const body = envelopes(block(node.chain, 2n));
    const lies = {
      gasUsed: { ...header, gasUsed: header.gasUsed + 1n },
      gasLimit: { ...header, gasLimit: header.gasLimit + 1n },
      baseFee: { ...header, baseFeeWei: header.baseFeeWei + 1n },
      beneficiary: { ...header, beneficiary: testAddress(9) },
      stateRoot: { ...header, stateRoot: keccakHex(Uint8Array.of(1)) },
      mixHash: { ...header, mixHash: keccakHex(Uint8Array.of(1)) },
      transactionsRoot: { ...header, transactionsRoot: EMPTY_TRIE_ROOT },
      originHash: { ...header, origin: { ...header.origin, hash: keccakHex(Uint8Array.of(1)) } },
      inboxHash: { ...header, origin: { ...header.origin, inboxHash: keccakHex(Uint8Array.of(1)) } },
      tooFarAheadOfOrigin: { ...header, timestamp: header.timestamp + 1801n },
      beforeParent: { ...header, timestamp: header.timestamp - 100n },
    };
    for (const [name, lie] of Object.entries(lies)) {
      const { block: derived } = rederive(encodeHeader(lie), body);
      expect([name, derived.inboxOnly, derived.transactions.length]).toEqual([name, true, 0]);
      expect(derived.hash).toBe(keccakHex(encodeHeader(lie)));
    }
  });

  it("makes a block inbox-only when its bytes are missing, cut, reordered or others", () => {
    const second = block(node.chain, 2n);
    const body = envelopes(second);
    for (const other of [null, [], body.slice(1), [...body].reverse(), [...body, body[0] as Uint8Array]]) {
      const { block: derived } = rederive(encodeHeader(second.header), other);
      expect([derived.inboxOnly, derived.hash]).toEqual([true, second.hash]);
    }
  });

  it("derives something from header bytes that are no header at all", () => {
    const random = seededRandom(11);
    for (const posted of [new Uint8Array(0), random.bytes(600), Uint8Array.of(0xc0)]) {
      const { block: derived } = rederive(posted, []);
      expect([derived.inboxOnly, derived.hash, derived.header.number]).toEqual([true, keccakHex(posted), 2n]);
    }
  });

  it("skips what is not includable at its position, charges nobody for it, and keeps the rest", async () => {
    const second = block(node.chain, 2n);
    const [first, next] = envelopes(second) as [Uint8Array, Uint8Array];
    const poor = bytesOfHex(await signRaw({ key: 7 }));
    const blob = Uint8Array.of(3, 0xc0);
    const otherChain = bytesOfHex(await signRaw({ key: 0, nonce: 1, chainId: 1n }));
    const body = [poor, first, blob, first, otherChain, next, new Uint8Array(0)];
    const header = { ...second.header, transactionsRoot: transactionsRoot(body) };
    const derived = rederive(encodeHeader(header), body);
    expect(derived.block.inboxOnly).toBe(false);
    expect(
      derived.block.transactions.map(({ outcome }) =>
        outcome.status === "skipped" ? outcome.reason.slice(0, 30) : "included",
      ),
    ).toEqual([
      "insufficient funds for gas * p",
      "included",
      "transaction type not supported",
      "nonce too low: next nonce 1, t",
      "invalid chain id for signer: h",
      "included",
      "empty transaction",
    ]);
    expect(derived.ledger.account(testAddress(7)).prepaidWei).toBe(0n);
  });
});

describe("a replica", () => {
  it("reaches the sequencer's head and ledger from L1 alone, whatever garbage lies in other batches' data", () => {
    const random = seededRandom(12);
    const blocks = [1n, 2n, 3n].map((number) => block(node.chain, number));
    const good = encodeBatch(blocks.map(envelopes));
    const replica = testNode(l1.chainFile());
    l1.mine([], [{ blocks }]);
    follow(replica.chain, l1);
    follow(node.chain, l1);
    expect(replica.chain.head().hash).toBe(node.chain.head().hash);
    expect(replica.chain.heads()).toEqual({ latest: 3n, safe: 3n, finalized: 0n });
    expect(node.chain.heads()).toEqual({ latest: 3n, safe: 3n, finalized: 0n });
    for (const n of [0, 1])
      expect(replica.store.blocks.account(testAddress(n))).toEqual(node.store.blocks.account(testAddress(n)));

    for (let i = 0; i < 200; i++) {
      const data = random.below(2) === 0 ? random.bytes(random.below(400)) : good.slice(0, random.below(good.length));
      if (data.length > 0 && random.below(2) === 0) data[0] = 1;
      const forked = new MemoryL1();
      forked.mine([0, 1].map((n) => ({ kind: 1 as const, account: testAddress(n), amountWei: 10n ** 18n })));
      forked.mine();
      forked.mine([], [{ blocks, data }]);
      const [a, b] = [testNode(forked.chainFile()), testNode(forked.chainFile())];
      follow(a.chain, forked);
      follow(b.chain, forked);
      expect(a.chain.head().hash).toBe((blocks.at(-1) as Block).hash);
      expect(a.store.blocks.account(testAddress(0))).toEqual(b.store.blocks.account(testAddress(0)));
      a.store.close();
      b.store.close();
    }
  });

  it("undoes to the very ledger it had, block by block", () => {
    const before = overlay(node.store.blocks);
    const accounts = [0, 1, 2].map(testAddress);
    expect(before.account(accounts[0] as `0x${string}`).nonce).toBe(2n);
    node.chain.dropAbove(1n);
    expect(accounts.map((a) => node.store.blocks.account(a))).toEqual([
      { prepaidWei: 10n ** 18n, nonce: 0n, redeemedWei: 0n },
      { prepaidWei: 10n ** 18n, nonce: 0n, redeemedWei: 0n },
      { prepaidWei: 0n, nonce: 0n, redeemedWei: 0n },
    ]);
    node.chain.dropAbove(0n);
    expect(node.store.blocks.account(accounts[0] as `0x${string}`).prepaidWei).toBe(0n);
    expect(node.chain.head().hash).toBe(node.chain.file.genesis.hash);
  });
});
