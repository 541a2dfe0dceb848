// A sequencer and a replica on a real L1 that forks under them: nothing is lost, doubled, or signed twice.
import { setTimeout as sleep } from "node:timers/promises";
import { createTestClient, encodeFunctionData, type Hex, http } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount, type Role } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import { chainSource } from "../../../l2-node/execution/chain-source.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import { Anchor } from "../../../l2-node/l1/anchor.ts";
import { Follower } from "../../../l2-node/l1/follower.ts";
import { forceEnvelope } from "../../../l2-node/l1/force.ts";
import { L1Sender } from "../../../l2-node/l1/sender.ts";
import { Sequencer } from "../../../l2-node/sequencer/sequencer.ts";
import { agreedOn } from "../../support/agreed.ts";
import { catchUpWith } from "../../support/catch-up.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { NO_BLOBS, NO_KZG, SEALING, testNode } from "../../support/node.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";

const ETHER = 10n ** 18n;
const privateKey = devAccount("sequencer").privateKey;

let l1: TestL1;
let test: ReturnType<typeof createTestClient>;
beforeAll(async () => {
  l1 = await startL1();
  test = createTestClient({ mode: "anvil", transport: http(l1.url) });
  await l1.hold();
  await test.mine({ blocks: 40 }); // forks do not reach genesis
});
afterAll(() => l1.stop());

const node = () => testNode(l1.chain);
type Node = ReturnType<typeof node>;
const senderOf = (key: Hex) =>
  new L1Sender({ privateKey: key, l1ChainId: l1.chain.l1ChainId, bumpAfterMs: 400, pollMs: 5 }, { client: l1.client });
const anchorOf = ({ chain }: Node) =>
  new Anchor(
    { privateKey, intervalMs: 20, maxBatchBytes: 100_000, maxBatchHeaders: 100, data: "calldata" },
    { client: l1.client, chain, sender: senderOf(privateKey), kzg: NO_KZG, onTrouble: () => {}, onAnchored: () => {} },
  );
const followerOf = ({ chain }: Node, onReorg: (to: bigint) => void = () => {}) =>
  new Follower(
    { pollMs: 10, maxRangeBlocks: 50n, maxBackoffMs: 100 },
    {
      client: l1.client,
      agreed: agreedOn(l1.client),
      blobs: NO_BLOBS,
      chain,
      onTrouble: (trouble) => "reorgTo" in trouble && onReorg(trouble.reorgTo),
    },
  );
async function catchUp(...nodes: Node[]): Promise<void> {
  for (const one of nodes) {
    const follower = followerOf(one);
    await catchUpWith(follower);
  }
}

/** Every header that a chain's sequencer gave its word for, in order of sealing. */
function recordSealed({ chain }: Node): Block[] {
  const sealed: Block[] = [];
  chain.events.on("block", (block) => block.sealedHere && sealed.push(block));
  return sealed;
}

/** Pairs of promises for one place that both stand on L1's chain: what SequencerStake slashes (P3.9). */
async function equivocations(sealed: readonly Block[]): Promise<Hex[][]> {
  const canonical: Block[] = [];
  for (const block of new Map(sealed.map((one) => [one.hash, one])).values()) {
    const { number, hash } = block.header.origin;
    const found = await l1.client.getBlock({ blockNumber: number }).catch(() => undefined);
    if (found?.hash === hash) canonical.push(block);
  }
  const place = ({ header }: Block) => `${header.number} ${header.parentHash}`;
  const places = Map.groupBy(canonical, place);
  return [...places.values()].filter(({ length }) => length > 1).map((blocks) => blocks.map(({ hash }) => hash));
}

const blocksOf = ({ store, chain }: Node): Block[] =>
  Array.from({ length: Number(chain.head().header.number) }, (_, i) => store.blocks.block(BigInt(i) + 1n) as Block);
const includedIn = (one: Node): Hex[] =>
  blocksOf(one).flatMap(({ transactions }) =>
    transactions.filter(({ outcome }) => outcome.status === "included").map(({ hash }) => hash),
  );

/** What the Inbox credits an account, less what its transactions in the blocks took: each deposit counts once, or it differs. */
function expectedWei(one: Node, account: Hex): bigint {
  const { inboxCount } = one.chain.head().header.origin;
  const messages = Array.from({ length: Number(inboxCount) }, (_, i) => one.store.l1.message(BigInt(i)));
  const paid = messages.reduce((sum, m) => sum + (m.kind === 1 && m.account === account ? m.amountWei : 0n), 0n);
  return blocksOf(one)
    .flatMap(({ transactions }) => transactions)
    .reduce(
      (left, { transaction, outcome }) =>
        transaction?.sender === account && outcome.status === "included"
          ? left - transaction.gasLimit * outcome.priceWei
          : left,
      paid,
    );
}

const depositOf = (n: number) => ({
  to: l1.chain.contracts.prepaidGas,
  data: encodeFunctionData({ abi: prepaidGasAbi, functionName: "deposit", args: [testAddress(n)] }),
  valueWei: ETHER,
});

/** Deposits sent by different L1 accounts do not wait for each other's nonces. */
const deposit = (n: number, by: Role = "user") => senderOf(devAccount(by).privateKey).send(depositOf(n));

/** Does something on L1, a block at a time, until it is in one. */
async function mining<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  finished.catch(() => {});
  while (!done) {
    const { pending } = await test.getTxpoolStatus();
    if (pending > 0) await test.mine({ blocks: 1 });
    await sleep(5);
  }
  return finished;
}

const reorg = (depth: number) => l1.client.request({ method: "anvil_reorg", params: [depth, []] } as never);

describe("an L1 reorg", () => {
  it.each([
    // Where the origin lags behind the fork, the blocks stay and only their batch is gone.
    { depth: 1, lag: 2n, staying: true },
    { depth: 3, lag: 0n, staying: false },
    { depth: 10, lag: 2n, staying: false },
  ])("of $depth blocks, origins $lag behind, loses and doubles nothing", async ({ depth, lag, staying }) => {
    const [sequencing, replica] = [node(), node()];
    const sealed = recordSealed(sequencing);
    const sequencer = new Sequencer({ ...SEALING, blockTimeMs: 2 ** 30, originLagBlocks: lag }, sequencing);
    sequencer.start((error) => {
      throw error;
    });
    const anchor = anchorOf(sequencing);
    const executions = [sequencing, replica].map(
      ({ chain }) => new LazyExecution({ path: ":memory:" }, { source: chainSource(chain) }),
    );
    // Accounts of this case alone: the L1 is shared.
    const [steady, moved, vanished, forcing] = [0, 1, 2, 3].map((n) => 100 * depth + n) as [number, ...number[]] as [
      number,
      number,
      number,
      number,
    ];
    const send = async (key: number, nonce = 0) =>
      sequencing.mempool.add(
        bytesOfHex(await signRaw({ key, nonce, chainId: 42n, gas: 400_000n, to: testAddress(7) })),
      );
    // Origins are L1 blocks that the node saw as the head.
    const settle = async () => {
      await catchUp(sequencing);
      await test.mine({ blocks: Number(lag) });
      await catchUp(sequencing);
    };
    const post = async () => {
      await catchUp(sequencing);
      await mining(anchor.post());
      await catchUp(sequencing, replica);
    };
    for (const key of [steady, forcing]) await mining(deposit(key));
    await settle();
    sequencer.seal();
    await post();
    const safe = sequencing.chain.heads().safe;
    const common = await l1.client.getBlockNumber();

    // What the fork takes: two deposits, a forced transaction, their blocks, and the batch with them.
    const envelope = await signRaw({ key: forcing, chainId: 42n, gas: 50_000n, to: testAddress(5) });
    const forceIt = () => {
      const sender = senderOf(devAccount("relayer").privateKey);
      return mining(forceEnvelope(envelope, 50_000n, { client: l1.client, chain: l1.chain, sender }));
    };
    const hashes = [await send(steady)];
    if (!staying) {
      await mining(Promise.all([deposit(vanished), deposit(moved, "challenger")]).then(() => {}));
      await forceIt();
      await settle();
      sequencer.seal();
      for (const key of [vanished, moved]) hashes.push(await send(key));
    }
    sequencer.seal();
    await post();
    expect(includedIn(replica)).toEqual(expect.arrayContaining(hashes));
    for (const execution of executions) await execution.executeTo("latest");
    const before = sequencing.chain.head();
    const mined = Number((await l1.client.getBlockNumber()) - common);
    // All that was mined is to go: a busy machine takes more blocks for it.
    const gone = Math.max(depth, mined);
    await test.mine({ blocks: gone - mined });
    await catchUp(sequencing, replica);

    await reorg(gone);
    await catchUp(sequencing, replica);
    expect(replica.chain.heads()).toMatchObject({ latest: safe, safe });
    expect(sequencing.chain.heads()).toMatchObject({ latest: staying ? before.header.number : safe, safe });
    expect(sequencing.mempool.size).toBe(staying ? 0 : 3);

    // The other branch has one of the deposits and the forced transaction too, elsewhere and in another order.
    if (!staying) {
      await forceIt();
      await mining(deposit(moved, "challenger"));
    }
    // L1's clock went back: its blocks are a second apart here.
    await test.mine({ blocks: gone });
    await settle();
    for (let i = 0; i < 2; i++) sequencer.seal();
    await post();
    expect(sequencing.mempool.size).toBe(staying ? 0 : 1);
    expect(replica.store.blocks.account(testAddress(vanished)).prepaidWei).toBe(0n);
    if (!staying) {
      // The one whose deposit vanished waits for as long as it takes.
      await mining(deposit(vanished));
      await settle();
      for (let i = 0; i < 2; i++) sequencer.seal();
      await post();
    }
    sequencer.stop();

    const fresh = node();
    await catchUp(fresh);
    for (const one of [sequencing, replica]) {
      expect(one.chain.head().hash).toBe(fresh.chain.head().hash);
      expect(one.mempool.size).toBe(0);
      const included = includedIn(one);
      expect(included.length).toBe(new Set(included).size);
      expect(included).toEqual(includedIn(fresh));
      expect(included).toEqual(expect.arrayContaining(hashes));
      expect(blocksOf(one).some(({ inboxOnly }) => inboxOnly)).toBe(false);
      for (const key of [steady, moved, vanished, forcing]) {
        const account = testAddress(key);
        expect(one.store.blocks.account(account)).toEqual(fresh.store.blocks.account(account));
        expect(one.store.blocks.account(account).prepaidWei).toBe(expectedWei(one, account));
      }
    }
    expect(replica.store.blocks.account(testAddress(forcing)).nonce).toBe(staying ? 0n : 1n);
    expect(sequencing.store.blocks.block(before.header.number)?.hash === before.hash).toBe(staying);
    expect(await equivocations(sealed)).toEqual([]);
    const execution = new LazyExecution({ path: ":memory:" }, { source: chainSource(fresh.chain) });
    const root = await execution.stateRoot("latest");
    for (const survivor of executions) expect(await survivor.stateRoot("latest")).toBe(root);
    for (const one of [...executions, execution]) await one.close();
  });
});

describe("L1Sender", () => {
  it("says so when a fork takes the transactions before the one it waits for, and goes on after them", async () => {
    const sender = senderOf(devAccount("challenger").privateKey);
    await mining(sender.send(depositOf(0)));
    const next = sender.send(depositOf(0));
    next.catch(() => {});
    await until(async () => ((await test.getTxpoolStatus()).pending > 0 ? true : undefined));
    await reorg(1);
    await expect(next).rejects.toMatchObject({ code: "l1-forked" });
    await l1.client.request({ method: "anvil_dropAllTransactions" } as never);
    expect((await mining(sender.send(depositOf(0)))).status).toBe("success");
  });
});
