// Transactions whose block leaves the chain wait again: on disk before the block has left it, whoever is killed when.
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { parseTransaction } from "../../../common/transaction.ts";
import { type Block, genesisBlock } from "../../../l2-node/chain/block.ts";
import { fallbackHeader } from "../../../l2-node/chain/fallback.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { signRaw, TEST_CHAIN_ID, testAddress } from "../../support/transactions.ts";

let folder: string;
let l1: MemoryL1;
let node: ReturnType<typeof testNode>;
const open = (at = "chain.sqlite") => testNode(l1.chainFile(), join(folder, at));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-left-"));
  l1 = new MemoryL1(200n);
  node = open();
  l1.mine([{ kind: 1, account: testAddress(0), amountWei: 10n ** 18n }]);
  follow(node.chain, l1);
  first = node.sequencer.seal()!;
});
afterEach(() => {
  node.sequencer.stop();
  node.store.close();
  rmSync(folder, { recursive: true });
});
let first: Block;

async function sealTwo(): Promise<Block> {
  for (const nonce of [0, 1]) await node.mempool.add(bytesOfHex(await signRaw({ nonce })));
  return node.sequencer.seal()!;
}

/** So much comes and goes that the journal does not know of what came before. */
async function forget(): Promise<void> {
  const large = await Promise.all(
    [0, 1, 2, 3].map((nonce) => signRaw({ key: 1, nonce, data: `0x${"ab".repeat(90_000)}`, gas: 2n ** 24n })),
  );
  const others = large.map((raw) => parseTransaction(bytesOfHex(raw), TEST_CHAIN_ID));
  for (let i = 0; i < 75; i++) {
    await node.store.pool.put(others);
    node.store.pool.included(others.map(({ hash }) => hash));
  }
  expect(readdirSync(join(folder, "chain.sqlite-pool"))[0]).not.toMatch(/^0000000001/);
}

/** The files as a kill at that moment leaves them. */
function killed(): Hex[] {
  for (const name of readdirSync(folder))
    if (name.startsWith("chain.sqlite") && !name.endsWith("-lock"))
      cpSync(join(folder, name), join(folder, name.replace("chain", "killed")), { recursive: true });
  const after = open("killed.sqlite");
  const hashes = [...after.mempool.all()].flatMap(({ hash, sender }) => (sender === testAddress(0) ? [hash] : []));
  after.sequencer.stop();
  after.store.close();
  return hashes;
}

const ways = {
  "dropped as too late": () => void node.chain.dropAbove(1n),
  "on a branch that L1 has left": () => node.chain.rewindL1(l1.head.number - 1n),
  "replaced by the fallback block": () => {
    l1.mine([], [{ blocks: [first] }]);
    follow(node.chain, l1);
    for (let i = 0; i < 4; i++) l1.mine();
    const fallback = genesisBlock(fallbackHeader({ ...node.chain, head: () => first } as never, l1.head));
    l1.mine([], [{ blocks: [fallback] }]);
    follow(node.chain, l1, l1.head.number);
  },
};

describe.each(Object.entries(ways))("a block that is %s", (_, leave) => {
  test("leaves its transactions in the pool, though its node has only begun to follow L1", async () => {
    const { transactions } = await sealTwo();
    leave();
    expect(node.chain.head().transactions).toEqual([]);
    expect([...node.mempool.all()].map(({ hash }) => hash)).toEqual(transactions.map(({ hash }) => hash));
  });

  test("has left them on disk when it leaves", async () => {
    const { transactions } = await sealTwo();
    await forget();
    let found: Hex[] | undefined;
    node.chain.events.prependListener("dropped", () => {
      found = killed();
    });
    leave();
    expect(found).toEqual(transactions.map(({ hash }) => hash));
  });
});

test("what took the place of a transaction while its block was away keeps it when the block has come back and left again", async () => {
  l1.mine();
  follow(node.chain, l1);
  const { header } = await sealTwo();
  const branch = [...l1.headers];
  const leave = () => {
    l1.fork(header.origin.number - 1n);
    node.chain.rewindL1(header.origin.number - 1n);
  };
  leave();
  const dearer = await Promise.all(
    [0, 1].map((nonce) => signRaw({ nonce, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 10n })),
  );
  const hashes: Hex[] = [];
  for (const raw of dearer) hashes.push(await node.mempool.add(bytesOfHex(raw)));
  l1.headers.push(...branch.slice(l1.headers.length));
  follow(node.chain, l1);
  expect(node.sequencer.seal()?.header.number).toBe(header.number);
  leave();
  expect(killed()).toEqual(hashes);
});
