// What the sequencer signs when L1 forks, and forks back: never two blocks for one place that both stand on L1's chain (P3.9).
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { type Block, genesisBlock } from "../../../l2-node/chain/block.ts";
import { fallbackHeader } from "../../../l2-node/chain/fallback.ts";
import type { L1Batch } from "../../../l2-node/l1/step.ts";
import { Sequencer } from "../../../l2-node/sequencer/sequencer.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, SEALING, testNode } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

type Node = ReturnType<typeof testNode>;
const deposit = (n: number) => ({ kind: 1 as const, account: testAddress(n), amountWei: 10n ** 18n });
const fail = (error: unknown): void => {
  throw error;
};

let l1: MemoryL1;
let node: Node;
beforeEach(() => begin(new MemoryL1()));
afterEach(() => node.sequencer.stop());

/** A node whose sequencer listens, and seals only when told to. */
async function begin(on: MemoryL1): Promise<void> {
  l1 = on;
  const { sequencer: _, ...modules } = testNode(l1.chainFile());
  const sequencer = new Sequencer({ ...SEALING, blockTimeMs: 2 ** 30 }, modules);
  node = { ...modules, sequencer };
  sequencer.start(fail);
  await setTimeout(5); // its first look finds nothing yet
}

const mined = (blocks: number): void => {
  for (let i = 0; i < blocks; i++) l1.mine();
};
const send = async (key: number, nonce = 0) => node.mempool.add(bytesOfHex(await signRaw({ key, nonce })));
/** L1 loses what is above block `number`, and the node hears of it. */
const fork = (number: bigint): void => {
  l1.fork(number);
  node.chain.rewindL1(number);
};
const sealed = (): Block => {
  const block = node.sequencer.seal();
  if (!block) throw new Error("nothing was sealed");
  return block;
};

describe("a sequencer above an L1 fork", () => {
  it("comes back to the blocks it signed when L1 turns back to their branch, and seals no others for their places", async () => {
    l1.mine([deposit(0), deposit(1)]);
    follow(node.chain, l1);
    sealed();
    const ancestor = l1.head.number;
    mined(1);
    follow(node.chain, l1);
    await send(0);
    const first = sealed();
    await send(1);
    const second = sealed();
    const branch = [...l1.headers];

    fork(ancestor);
    expect([node.chain.heads().latest, node.mempool.size]).toEqual([1n, 2]);
    mined(1);
    follow(node.chain, l1);
    const other = sealed();
    expect(other.header).toMatchObject({ number: 2n, parentHash: first.header.parentHash });
    expect(other.hash).not.toBe(first.hash);
    expect(other.transactions.length).toBe(2);

    fork(ancestor);
    l1.headers.push(...branch.slice(Number(ancestor) + 1));
    follow(node.chain, l1);
    expect([sealed(), sealed()].map(({ hash }) => hash)).toEqual([first.hash, second.hash]);
    expect(node.mempool.size).toBe(0);
    expect(node.store.pool.all()).toEqual([]);
    expect([0, 1].map((n) => node.store.blocks.account(testAddress(n)).nonce)).toEqual([1n, 1n]);
    expect(node.chain.head()).toMatchObject({ hash: second.hash, sealedHere: true });
  });

  it("takes no origin below those of the blocks it signed on the other branch: that one may have it too", () => {
    l1.mine([deposit(0)]);
    const ancestor = l1.head.number;
    mined(3);
    follow(node.chain, l1);
    const lost = sealed();
    expect(lost.header.origin.number).toBe(ancestor + 3n);
    // It has read nothing between: for all it knows, L1 forked at the ancestor, and the two blocks above may be shared.
    fork(1n);
    for (const above of [1n, 2n]) {
      while (l1.head.number < ancestor + above) l1.mine();
      follow(node.chain, l1);
      expect(node.sequencer.seal()).toBeUndefined();
    }
    mined(1);
    follow(node.chain, l1);
    expect(sealed().header).toMatchObject({ number: 1n, origin: { number: ancestor + 3n, hash: l1.head.hash } });
  });

  it("anchors anew what it signed before it lost its data folder, when a fork takes the batch and leaves the origins", async () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    const first = sealed();
    await send(0);
    const second = sealed();
    const origin = l1.head.number;
    l1.mine([], [{ blocks: [first, second] }]);
    node.sequencer.stop();
    await begin(l1);
    follow(node.chain, l1);
    expect(node.chain.head().sealedHere).toBeUndefined();
    fork(origin);
    expect(node.chain.heads()).toEqual({ latest: 0n, safe: 0n, finalized: 0n });
    mined(1);
    follow(node.chain, l1);
    for (const { hash } of [first, second]) expect(sealed()).toMatchObject({ hash, sealedHere: true });
  });

  it("goes back to its own blocks when a fork takes the fallback block and sets L1's clock back, but never signs that one", async () => {
    node.sequencer.stop();
    await begin(new MemoryL1(200n));
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    const first = sealed();
    await send(0);
    const late = sealed();
    l1.mine([], [{ blocks: [first] }]);
    const ancestor = l1.head.number;
    mined(4);
    follow(node.chain, l1);
    const fallback = genesisBlock(fallbackHeader(node.chain, l1.head));
    l1.mine([], [{ blocks: [fallback] }]);
    l1.batches.push({ ...(l1.batches.pop() as L1Batch), fallback: true });
    follow(node.chain, l1);
    expect(node.chain.head()).toMatchObject({ hash: fallback.hash, fallback: true });
    expect([late.header.parentHash, node.mempool.size]).toEqual([fallback.header.parentHash, 1]);

    fork(ancestor + 4n);
    expect(node.chain.head().hash).toBe(first.hash);
    // Still nothing but the fallback block could be anchored, whosever.
    expect(node.sequencer.seal()).toBeUndefined();
    fork(ancestor);
    mined(1);
    follow(node.chain, l1);
    expect(sealed()).toMatchObject({ hash: late.hash, sealedHere: true });
    expect(node.mempool.size).toBe(0);
  });

  it("remembers what it signed until L1 cannot turn back that far", async () => {
    l1.mine([deposit(0)]);
    const ancestor = l1.head.number;
    mined(1);
    follow(node.chain, l1);
    const lost = sealed();
    const { dropped } = node.store;
    const over = () => dropped.over({ hash: lost.header.parentHash }).map(({ hash }) => hash);
    expect([over(), dropped.originsIn(0n, 100n)]).toEqual([[], []]);
    fork(ancestor);
    const origin = lost.header.origin.number;
    expect([over(), dropped.originsIn(origin, origin)]).toEqual([[lost.hash], [origin]]);
    expect([dropped.originsIn(0n, origin - 1n), dropped.originsIn(origin + 1n, 100n)]).toEqual([[], []]);
    mined(2);
    follow(node.chain, l1);
    l1.mine([], [{ blocks: [sealed()] }]);
    follow(node.chain, l1, l1.head.number - 1n);
    expect(over()).toEqual([lost.hash]);
    mined(1);
    follow(node.chain, l1, l1.head.number);
    expect(over()).toEqual([]);
  });

  it("keeps in its pool nothing that a batch from L1 has included", async () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    const other = testNode(l1.chainFile());
    follow(other.chain, l1);
    other.sequencer.seal();
    await other.mempool.add(bytesOfHex(await signRaw({ key: 0 })));
    other.sequencer.seal();
    sealed();
    await send(0);
    await send(0, 1);
    l1.mine([], [{ blocks: [1n, 2n].map((number) => other.store.blocks.block(number) as Block) }]);
    follow(node.chain, l1);
    expect([...node.mempool.all()].map(({ nonce }) => nonce)).toEqual([1n]);
    expect(node.store.pool.all().length).toBe(1);
  });
});
