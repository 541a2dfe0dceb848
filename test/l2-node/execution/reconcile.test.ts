// Blocks whose hash stays while they, or blocks below them, become others.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { encodeBatch } from "../../../common/batch.ts";
import { encodeHeader } from "../../../common/header.ts";
import { type Block, postedOf } from "../../../l2-node/chain/block.ts";
import { onChainChange } from "../../../l2-node/chain/chain.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import { openThreaded } from "../../../l2-node/execution/threaded.ts";
import { follow, testNode } from "../../support/node.ts";
import { testAddress } from "../../support/transactions.ts";
import { ethDeposit, gasDeposit, makeRig, type Rig } from "./rig.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), "anh-reconcile-"));
  folders.push(folder);
  return folder;
}

/** Block n pays 5 wei to account 7; its child pays somebody else and stands without it. */
async function twoBlocks(rig: Rig) {
  rig.deliver(gasDeposit(0), gasDeposit(1), ethDeposit(0), ethDeposit(1));
  await rig.send({ key: 0, to: testAddress(7), value: 5n });
  const n = rig.seal();
  await rig.send({ key: 1, to: testAddress(8), value: 6n });
  return { n, child: rig.seal() };
}

const blocksTo = (rig: Rig, last: bigint): Block[] =>
  Array.from({ length: Number(last) }, (_, i) => rig.store.blocks.block(BigInt(i + 1))!);

/** All blocks so far as one batch, the bytes of one of them empty. */
const emptied = (blocks: readonly Block[], { hash }: Block) => ({
  blocks,
  data: encodeBatch(blocks.map((block) => (block.hash === hash ? [] : postedOf(block).map(({ raw }) => raw)))),
});

test("a block that is emptied below the head is undone, though its child keeps its hash", async () => {
  const rig = makeRig();
  const { n, child } = await twoBlocks(rig);
  await rig.execution.executeTo("latest");
  rig.l1.mine([], [emptied(blocksTo(rig, child.header.number), n)]);
  follow(rig.chain, rig.l1);
  expect(rig.store.blocks.block(n.header.number)).toMatchObject({ hash: n.hash, inboxOnly: true });
  expect(rig.store.blocks.block(child.header.number)).toMatchObject({ hash: child.hash, inboxOnly: false });
  const fresh = rig.fresh();
  expect((await fresh.account(testAddress(7), "latest")).balanceWei).toBe(0n);
  expect((await rig.execution.account(testAddress(7), "latest")).balanceWei).toBe(0n);
  expect(await rig.execution.stateRoot("latest")).toBe(await fresh.stateRoot("latest"));
});

test("the same where L1 forks between two data sets, and the thread that executes looks only after both", async () => {
  const folder = newFolder();
  const rig = makeRig({ chainPath: join(folder, "chain.sqlite") });
  const { n, child } = await twoBlocks(rig);
  const blocks = blocksTo(rig, child.header.number);
  rig.l1.mine([], [{ blocks }]);
  const before = rig.l1.head.number - 1n;
  const replica = testNode(rig.file, join(folder, "replica.sqlite"));
  follow(replica.chain, rig.l1);
  const open = (state: string) =>
    openThreaded(
      { chain: rig.file, chainPath: join(folder, "replica.sqlite"), statePath: join(folder, state) },
      { onChange: onChainChange(replica.chain), onTrouble: () => {} },
    );
  const execution = await open("state.sqlite");
  expect((await execution.account(testAddress(7), "latest")).balanceWei).toBe(5n);
  rig.l1.fork(before);
  replica.chain.rewindL1(before);
  rig.l1.mine([], [emptied(blocks, n)]);
  follow(replica.chain, rig.l1);
  expect(replica.store.blocks.block(child.header.number)).toMatchObject({ hash: child.hash, inboxOnly: false });
  expect((await execution.account(testAddress(7), "latest")).balanceWei).toBe(0n);
  const root = await execution.stateRoot("latest");
  await execution.close();
  const fresh = await open("fresh.sqlite");
  expect(root).toBe(await fresh.stateRoot("latest"));
  await fresh.close();
  replica.store.close();
  rig.store.close();
});

test("an inbox-only block that consumes other messages after a fork while nobody executes", async () => {
  const path = join(newFolder(), "state.sqlite");
  const rig = makeRig({ path });
  rig.deliver(gasDeposit(0));
  const first = rig.chain.head();
  const before = rig.l1.head.number;
  const ownOrigin = rig.l1.head;
  const { header } = first;
  // No hash of L1's: inbox-only on every branch, consuming what each has at that number.
  const origin = { ...header.origin, number: before + 1n, hash: ownOrigin.mixHash };
  const posted = encodeHeader({ ...header, number: 2n, parentHash: first.hash, origin });
  const branch = (account: number) => {
    rig.l1.mine([ethDeposit(account)]);
    rig.l1.mine([], [{ blocks: [first], headers: [encodeHeader(header), posted] }]);
    follow(rig.chain, rig.l1);
    return rig.chain.head();
  };
  const one = branch(3);
  expect((await rig.execution.account(testAddress(3), "latest")).balanceWei).toBeGreaterThan(0n);
  await rig.execution.close();
  rig.l1.fork(before);
  rig.chain.rewindL1(before);
  const other = branch(4);
  expect([other.hash, other.inboxOnly]).toEqual([one.hash, true]);
  const execution = new LazyExecution({ path }, { source: rig.source });
  expect((await execution.account(testAddress(3), "latest")).balanceWei).toBe(0n);
  expect((await execution.account(testAddress(4), "latest")).balanceWei).toBeGreaterThan(0n);
  await execution.close();
});

test("what is executed stands where a fork of L1 brings the same blocks", async () => {
  const rig = makeRig();
  const { child } = await twoBlocks(rig);
  await rig.execution.executeTo("latest");
  const retracted: bigint[] = [];
  rig.execution.events.on("retracted", ({ number }) => retracted.push(number));
  const blocks = blocksTo(rig, child.header.number);
  const before = rig.l1.head.number;
  rig.l1.mine([], [{ blocks }]);
  follow(rig.chain, rig.l1);
  rig.l1.fork(before);
  rig.chain.rewindL1(before);
  rig.l1.mine([], [{ blocks }]);
  follow(rig.chain, rig.l1);
  expect(rig.chain.head()).toMatchObject({ hash: child.hash });
  expect(rig.chain.head().lineage).toBeUndefined();
  expect(retracted).toEqual([]);
});
