import { beforeEach, describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import { Chain } from "../../../l2-node/chain/chain.ts";
import { IncompleteStoreError } from "../../../l2-node/chain/standings.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

let l1: MemoryL1;
let node: ReturnType<typeof testNode>;
const deposit = (n: number) => ({ kind: 1 as const, account: testAddress(n), amountWei: 10n ** 18n });
const claimed = (byte: number) => ({
  kind: 3 as const,
  id: `0x${byte.toString(16).padStart(64, "0")}` as const,
  claimHash: `0x${byte.toString(16).padStart(64, "1")}` as const,
  claimant: testAddress(5),
  resultRoot: ZERO_HASH,
  soft: false,
  consumed: [],
  output: "0x" as const,
  failedSteps: 0,
});
const block = (number: bigint): Block => node.store.blocks.block(number) as Block;

beforeEach(() => {
  l1 = new MemoryL1();
  node = testNode(l1.chainFile());
  node.sequencer.start((error) => {
    throw error;
  });
  node.sequencer.stop();
});

describe("Chain", () => {
  it("keeps sealed blocks on surviving origins through an L1 fork, and their anchor is forgotten", () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    l1.mine([], [{ blocks: [block(1n)] }]);
    const origin = l1.head.number - 1n;
    follow(node.chain, l1);
    expect(node.chain.heads().safe).toBe(1n);
    l1.fork(origin);
    node.chain.rewindL1(origin);
    expect(node.chain.heads()).toEqual({ latest: 1n, safe: 0n, finalized: 0n });
    l1.mine();
    l1.mine([], [{ blocks: [block(1n)] }]);
    follow(node.chain, l1);
    expect(node.chain.heads().safe).toBe(1n);
  });

  it("drops blocks whose origin is gone, undoes their deposits, and takes their transactions back into the pool", async () => {
    const handed: bigint[] = [];
    node.chain.events.on("dropped", (blocks) => handed.push(...blocks.map(({ header }) => header.number)));
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    const hash = await node.mempool.add(bytesOfHex(await signRaw({ key: 0 })));
    l1.mine([deposit(1)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    expect(block(2n).transactions.length).toBe(1);
    const ancestor = l1.head.number - 1n;
    l1.fork(ancestor);
    node.chain.rewindL1(ancestor);
    node.mempool.readmit([]);
    expect(handed).toEqual([2n]);
    expect(node.store.blocks.account(testAddress(1)).prepaidWei).toBe(0n);
    expect(node.store.blocks.account(testAddress(0)).nonce).toBe(0n);
    expect(node.store.blocks.locate(hash)).toBeUndefined();
  });

  it("replaces its own unanchored blocks where L1 anchored others", async () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    const other = testNode(l1.chainFile());
    follow(other.chain, l1);
    other.sequencer.seal();
    await other.mempool.add(bytesOfHex(await signRaw({ key: 0, nonce: 0 })));
    other.sequencer.seal();
    node.sequencer.seal();
    node.sequencer.seal();
    node.sequencer.seal();
    const theirs = [1n, 2n].map((number) => other.store.blocks.block(number) as Block);
    l1.mine([], [{ blocks: theirs }]);
    follow(node.chain, l1);
    expect(node.chain.head().hash).toBe((theirs[1] as Block).hash);
    expect(node.store.blocks.account(testAddress(0))).toEqual(other.store.blocks.account(testAddress(0)));
  });

  it("takes a sealed block back to inbox-only when the posted bytes are not its transactions", async () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    await node.mempool.add(bytesOfHex(await signRaw({ key: 0, nonce: 0 })));
    node.sequencer.seal();
    const second = block(2n);
    l1.mine([], [{ blocks: [block(1n), second], data: Uint8Array.of(1, 0, 2) }]);
    follow(node.chain, l1);
    expect(node.chain.head().hash).toBe(second.hash);
    expect([block(2n).inboxOnly, block(2n).transactions]).toEqual([true, []]);
    expect(node.store.blocks.account(testAddress(0)).nonce).toBe(0n);
  });

  it("holds finalized back to the last block free of open results", () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    l1.mine([claimed(1)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    l1.mine([], [{ blocks: [block(1n), block(2n)] }]);
    follow(node.chain, l1);
    expect(node.chain.heads().finalized).toBe(0n);
    l1.mine();
    follow(node.chain, l1, l1.head.number);
    expect(node.chain.heads()).toEqual({ latest: 2n, safe: 2n, finalized: 1n });
    const { id, claimHash } = claimed(1);
    l1.mine([{ kind: 5, id, claimHash }]);
    follow(node.chain, l1, l1.head.number);
    expect(node.chain.heads().finalized).toBe(2n);
  });

  it("knows which claims L1 overturned, before any block consumes the message and after a fork undoes it", () => {
    const { id, claimHash } = claimed(1);
    l1.mine([claimed(1)]);
    const ancestor = l1.head.number;
    l1.mine([{ kind: 4, id, claimHash, lostSeconds: 0n }]);
    follow(node.chain, l1);
    expect([...node.chain.overturned()]).toEqual([claimHash]);
    node.chain.rewindL1(ancestor);
    expect([...node.chain.overturned()]).toEqual([]);
  });

  it("keeps the L1 times of claims, beyond those of other old L1 blocks, for whoever starts on its store", () => {
    const soft = { ...claimed(1), soft: true };
    l1.mine([soft]);
    const { number } = l1.head;
    for (let i = 0; i < 10_002; i++) l1.mine();
    follow(node.chain, l1);
    expect(node.store.l1.originAt(number + 1n)).toBeUndefined();
    const restarted = new Chain({ chain: node.chain.file }, { store: node.store });
    expect([...restarted.withoutSoftEffect()]).toEqual([soft.claimHash]);
    expect(restarted.firstOpen()).toBe(0n);
  });

  it("does not start on a store that lacks them", () => {
    l1.mine([claimed(1)]);
    const step = l1.stepFrom(0n);
    const { store } = node;
    store.transaction(() => {
      for (const message of step.messages) store.l1.putMessage(message);
    });
    expect(() => new Chain({ chain: node.chain.file }, { store })).toThrow(IncompleteStoreError);
  });
});
