import { beforeAll, describe, expect, it } from "vitest";
import { decodeBatch, decodedBlockSize, encodeBatch, MAX_DECODED_BYTES } from "../../../common/batch.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { type Block, postedOf } from "../../../l2-node/chain/block.ts";
import { batchOf } from "../../../l2-node/l1/batch-room.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

const LIMITS = { maxBatchBytes: 110_000, maxBatchHeaders: 100 };
const SENDERS = 10;
const ZEROS = `0x${"00".repeat(89_000)}` as const;
const ETHER = 10n ** 18n;
const envelopes = (block: Block) => postedOf(block).map(({ raw }) => raw);
const deposits = [...Array(SENDERS + 1).keys()].map((n) => ({
  kind: 1 as const,
  account: testAddress(n),
  amountWei: ETHER,
}));

/** 120 transactions that post 850 bytes each and decode to 89 kB; one block's gas takes 65 of them unless it is raised. */
let bombs: Uint8Array[];
beforeAll(async () => {
  const gas = 21_000n + 890_000n + 1_000n;
  const fees = { maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 10n ** 7n };
  const sign = (n: number) =>
    signRaw({ key: n % SENDERS, nonce: Math.floor(n / SENDERS), gas, data: ZEROS, ...fees }).then(bytesOfHex);
  bombs = await Promise.all(Array.from({ length: 120 }, (_, n) => sign(n)));
});

async function sequencer(gasLimit?: number) {
  const l1 = new MemoryL1();
  l1.baseFeeWei = 7n;
  const file = l1.chainFile();
  const l2BlockGasLimit = gasLimit ?? file.clocks.l2BlockGasLimit;
  const chainFile = { ...file, clocks: { ...file.clocks, l2BlockGasLimit } };
  const node = testNode(chainFile, ":memory:", { maxTransactionBytes: 90_000 });
  l1.mine(deposits);
  follow(node.chain, l1);
  const first = node.sequencer.seal() as Block;
  return { l1, node, first, replica: testNode(chainFile) };
}

describe("what a batch holds", () => {
  it("is never more than can be read back: blocks full of zeros go into batches of their own", async () => {
    const { l1, node, first, replica } = await sequencer();
    const sealed = [first];
    for (let block = 0; block < 2; block++) {
      for (const raw of bombs.slice(60 * block, 60 * (block + 1))) await node.mempool.add(raw);
      l1.mine();
      follow(node.chain, l1);
      sealed.push(node.sequencer.seal() as Block);
    }
    await node.mempool.add(bytesOfHex(await signRaw({ key: SENDERS })));
    l1.mine();
    follow(node.chain, l1);
    sealed.push(node.sequencer.seal() as Block);
    expect(sealed.reduce((sum, block) => sum + decodedBlockSize(envelopes(block)), 0)).toBeGreaterThan(
      MAX_DECODED_BYTES,
    );
    const batches: number[] = [];
    for (let left = sealed; left.length > 0; ) {
      const blocks = batchOf(left, LIMITS);
      batches.push(blocks.length);
      left = left.slice(blocks.length);
      l1.mine([], [{ blocks }]);
    }
    expect(batches).toEqual([2, 2]);
    follow(replica.chain, l1);
    expect(replica.chain.head().hash).toBe(node.chain.head().hash);
    expect(replica.store.blocks.account(testAddress(SENDERS)).nonce).toBe(1n);
  });

  it("holds no block that is unreadable alone, however much gas a block has: the rest goes into the next one", async () => {
    const { node } = await sequencer(200_000_000);
    for (const raw of bombs) await node.mempool.add(raw);
    const one = node.sequencer.seal() as Block;
    const size = decodedBlockSize(envelopes(one));
    expect(size).toBeLessThanOrEqual(MAX_DECODED_BYTES);
    expect(size).toBeGreaterThan(MAX_DECODED_BYTES - 90_000);
    expect(decodeBatch(encodeBatch([envelopes(one)]), 1)[0]).toEqual(envelopes(one));
    const two = node.sequencer.seal() as Block;
    expect(envelopes(one).length + envelopes(two).length).toBe(bombs.length);
  });
});
