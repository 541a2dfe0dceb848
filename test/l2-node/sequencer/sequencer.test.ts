import { beforeEach, describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { type Block, genesisBlock } from "../../../l2-node/chain/block.ts";
import { fallbackHeader } from "../../../l2-node/chain/fallback.ts";
import { Sequencer } from "../../../l2-node/sequencer/sequencer.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, SEALING, testNode } from "../../support/node.ts";
import { type SignFields, signRaw, testAddress } from "../../support/transactions.ts";

const GWEI = 10n ** 9n;
const ETHER = 10n ** 18n;

let l1: MemoryL1;
let node: ReturnType<typeof testNode>;
const deposit = (n: number, amountWei = ETHER) => ({ kind: 1 as const, account: testAddress(n), amountWei });
const send = async (fields: SignFields) => node.mempool.add(bytesOfHex(await signRaw(fields)));
const nonces = (block: Block | undefined) =>
  block?.transactions.map(({ transaction }) => [transaction?.sender, Number(transaction?.nonce)]);

beforeEach(() => {
  l1 = new MemoryL1();
  node = testNode(l1.chainFile());
});

describe("Sequencer", () => {
  it("seals nothing before L1 was read", () => {
    expect(node.sequencer.seal()).toBeUndefined();
  });

  it("takes the best price first, an account's nonces in order, and arrival order among equals", async () => {
    l1.mine([0, 1, 2].map((n) => deposit(n)));
    follow(node.chain, l1);
    node.sequencer.seal();
    await send({ key: 0, nonce: 0, maxPriorityFeePerGas: GWEI });
    await send({ key: 0, nonce: 1, maxPriorityFeePerGas: 9n * GWEI });
    await send({ key: 1, nonce: 0, maxPriorityFeePerGas: 2n * GWEI });
    await send({ key: 2, nonce: 0, maxPriorityFeePerGas: 2n * GWEI });
    const [a, b, c] = [0, 1, 2].map(testAddress);
    expect(nonces(node.sequencer.seal())).toEqual([
      [b, 0],
      [c, 0],
      [a, 0],
      [a, 1],
    ]);
    expect(node.mempool.size).toBe(0);
    expect(node.store.pool.all()).toEqual([]);
  });

  it("stops at the block gas limit and goes on in the next block", async () => {
    l1.mine([0, 1, 2, 3, 4].map((n) => deposit(n)));
    follow(node.chain, l1);
    node.sequencer.seal();
    for (const key of [0, 1, 2, 3, 4]) await send({ key, gas: 15_000_000n });
    expect([node.sequencer.seal(), node.sequencer.seal()].map((block) => block?.transactions.length)).toEqual([4, 1]);
  });

  it("lets two transactions drain one account in one block only as far as it pays", async () => {
    l1.mine([deposit(0, 100_000n * 10n * GWEI)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    await send({ nonce: 0, maxFeePerGas: 6n * GWEI, maxPriorityFeePerGas: GWEI });
    await send({ nonce: 1, maxFeePerGas: 6n * GWEI, maxPriorityFeePerGas: 6n * GWEI });
    expect(node.sequencer.seal()?.transactions.length).toBe(2);
    const { prepaidWei } = node.store.blocks.account(testAddress(0));
    expect(prepaidWei >= 0n).toBe(true);
  });

  it("consumes messages of its origin only, and never goes back behind its parent's origin or time", () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    const first = node.sequencer.seal() as Block;
    l1.mine([deposit(1)]);
    const second = node.sequencer.seal() as Block;
    follow(node.chain, l1);
    const third = node.sequencer.seal() as Block;
    expect([first, second, third].map(({ header }) => header.origin.inboxCount)).toEqual([1n, 1n, 2n]);
    expect(second.header.timestamp).toBe(first.header.timestamp);
    expect(third.header.timestamp).toBe(l1.head.timestamp);
  });

  it("keeps time within 1,800 s of its origin when L1's clock leaps", () => {
    const slow = new MemoryL1(5000n);
    const file = slow.chainFile();
    const leaping = testNode({ ...file, clocks: { ...file.clocks, inclusionWindowSeconds: 43_200 } });
    slow.mine();
    follow(leaping.chain, slow);
    leaping.sequencer.seal();
    slow.mine();
    follow(leaping.chain, slow);
    const { header } = leaping.sequencer.seal() as Block;
    const origin = slow.headers[Number(header.origin.number)];
    expect(header.timestamp - (origin?.timestamp ?? 0n)).toBeLessThanOrEqual(1800n);
  });

  it("keeps in its pool what somebody else forced with too little gas: skipped, it is its sender's as before", async () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    node.sequencer.seal();
    const raw = await signRaw({ nonce: 1 });
    const hash = await node.mempool.add(bytesOfHex(raw));
    l1.mine([{ kind: 7, envelope: raw, gasLimit: 21_000n }]);
    follow(node.chain, l1);
    const statuses = (block: Block | undefined) =>
      block?.transactions.map(({ hash: of, outcome }) => [of, outcome.status]);
    expect(statuses(node.sequencer.seal())).toEqual([[hash, "skipped"]]);
    expect(node.mempool.get(hash)).toBeDefined();
    expect(node.store.pool.all().map((one) => one.hash)).toEqual([hash]);

    const before = await send({ nonce: 0 });
    l1.mine([{ kind: 7, envelope: raw, gasLimit: 21_000n }]);
    follow(node.chain, l1);
    expect(statuses(node.sequencer.seal())).toEqual([
      [hash, "skipped"],
      [before, "included"],
      [hash, "included"],
    ]);
    expect(node.store.blocks.locate(hash)?.index).toBe(2);
    expect([node.mempool.size, node.store.pool.all()]).toEqual([0, []]);
  });

  it("drops what was not anchored within the window, waits for the fallback block, and seals the transactions anew on it", async () => {
    const slow = new MemoryL1(200n);
    const late = testNode(slow.chainFile());
    slow.mine([deposit(0)]);
    follow(late.chain, slow);
    const first = late.sequencer.seal() as Block;
    await late.mempool.add(bytesOfHex(await signRaw({})));
    const old = late.sequencer.seal() as Block;
    // The window is 600 s, the margin 60 s: 600 s later the second block can no longer be anchored, nor may another yet.
    slow.mine([], [{ blocks: [first] }]);
    slow.mine();
    slow.mine();
    follow(late.chain, slow);
    expect([late.sequencer.seal(), late.chain.heads().latest]).toEqual([undefined, 2n]);
    slow.mine();
    slow.mine();
    follow(late.chain, slow);
    late.sequencer.start((error) => {
      throw error;
    });
    await new Promise((resolve) => late.chain.events.once("dropped", resolve));
    expect([late.chain.heads().latest, late.mempool.size, late.sequencer.seal()]).toEqual([1n, 1, undefined]);
    const header = fallbackHeader(late.chain, slow.head);
    const fallback = genesisBlock(header);
    slow.mine([], [{ blocks: [fallback] }]);
    follow(late.chain, slow);
    const anew = await new Promise<Block>((resolve) => {
      late.chain.events.on("block", (block) => block.transactions.length > 0 && resolve(block));
    });
    late.sequencer.stop();
    expect(anew.transactions[0]?.hash).toBe(old.transactions[0]?.hash);
    expect([anew.header.number, anew.header.parentHash]).toEqual([3n, fallback.hash]);
    expect(anew.header.timestamp).toBe(slow.head.timestamp);
    expect(anew.hash).not.toBe(old.hash);
    expect(late.store.blocks.account(testAddress(0)).nonce).toBe(1n);
  });

  it("seals anew above an L1 fork on origins that the other branch does not have", () => {
    const lagging = new Sequencer({ ...SEALING, originLagBlocks: 3n }, node);
    for (let i = 0; i < 4; i++) l1.mine();
    follow(node.chain, l1);
    const fork = l1.head.number;
    l1.mine();
    follow(node.chain, l1);
    const lost = node.sequencer.seal() as Block;
    expect(lost.header.origin.number).toBe(fork + 1n);
    l1.fork(fork);
    node.chain.rewindL1(fork);
    expect(lagging.seal()).toBeUndefined();
    l1.mine();
    follow(node.chain, l1);
    // The lagging origin is canonical on both branches: with it, L1 turning back would make an equivocation of it.
    expect(lagging.seal()?.header).toMatchObject({ number: 1n, origin: { number: fork + 1n } });
  });

  it("keeps a transaction whose deposit an L1 fork took away, and includes it when the deposit is back", async () => {
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    node.sequencer.start((error) => {
      throw error;
    });
    const sealed = () => new Promise<Block>((resolve) => node.chain.events.once("block", resolve));
    await sealed();
    const hash = await send({});
    expect((await sealed()).transactions[0]?.hash).toBe(hash);
    l1.fork(l1.head.number - 1n);
    node.chain.rewindL1(l1.head.number);
    expect([node.chain.head().header.number, node.mempool.size]).toEqual([0n, 1]);
    l1.mine();
    follow(node.chain, l1);
    expect((await sealed()).transactions).toEqual([]);
    expect(node.mempool.size).toBe(1);
    l1.mine([deposit(0)]);
    follow(node.chain, l1);
    expect((await sealed()).transactions[0]?.hash).toBe(hash);
    node.sequencer.stop();
  });
});
