// An L1 that mines and forks from one queue: anvil loses blocks where mining meets a fork (foundry #8590).
import { setTimeout as sleep } from "node:timers/promises";
import { createTestClient, type Hex, http } from "viem";
import type { Clocks } from "../../common/clocks.ts";
import { startL1, type TestL1 } from "./l1.ts";
import type { Random } from "./random.ts";

const BLOCK_MS = 50;
/** States in memory. anvil, after a thousand blocks, forks to what it has of older ones on disk, and there contracts have no code. */
const STATES = 512;

/** Mines a block every 50 ms, of a second each, until it is stopped. */
export async function startForkingL1(random: Random, clocks?: Clocks) {
  const l1 = await startL1(clocks, ["--prune-history", String(STATES)]);
  const test = createTestClient({ mode: "anvil", transport: http(l1.url) });
  await l1.hold();
  let tail: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = tail.then(work);
    tail = done.catch(() => {});
    return done;
  };
  const mine = (blocks: number) => inTurn(() => test.mine({ blocks }));
  let isStopped = false;
  const mining = (async () => {
    while (!isStopped) {
      await mine(1);
      await sleep(BLOCK_MS);
    }
  })();

  /** Every transaction of the last `depth` blocks, mixed, but in order for each sender. */
  async function minedLast(depth: number): Promise<Hex[]> {
    const head = Number(await l1.client.getBlockNumber());
    const bySender = new Map<Hex, Hex[]>();
    for (let number = head - depth + 1; number <= head; number++) {
      const { transactions } = await l1.client.getBlock({ blockNumber: BigInt(number), includeTransactions: true });
      for (const { from, hash } of transactions) {
        const raw = await l1.client.request({ method: "eth_getRawTransactionByHash", params: [hash] } as never);
        bySender.set(from, [...(bySender.get(from) ?? []), raw]);
      }
    }
    const queues = [...bySender.values()];
    return Array.from({ length: queues.flat().length }, () =>
      random.pick(queues.filter(({ length }) => length > 0)).shift(),
    ) as Hex[];
  }
  const reorg = (depth: number) => l1.client.request({ method: "anvil_reorg", params: [depth, []] } as never);

  return {
    ...l1,
    mine,
    warp: (seconds: number) =>
      inTurn(async () => {
        await test.increaseTime({ seconds });
        await test.mine({ blocks: 1 });
      }),
    /** As many blocks are others now, and empty. */
    empty: (depth: number) => inTurn(() => reorg(depth)),
    /** What L1 has from this block on is gone. */
    undo: (block: bigint) => inTurn(async () => reorg(Number((await l1.client.getBlockNumber()) - block) + 1)),
    /** As many blocks are others now; what was in them is sent again. */
    refill: (depth: number) =>
      inTurn(async () => {
        const transactions = await minedLast(depth);
        await reorg(depth);
        for (const serializedTransaction of transactions)
          await l1.client.sendRawTransaction({ serializedTransaction }).catch(() => {});
      }),
    /** Ends where it was before `during`: shorter than it has been. */
    async shorten(during: () => Promise<void>): Promise<void> {
      const id = await inTurn(() => test.snapshot());
      await during();
      await inTurn(() => test.revert({ id }));
    },
    async stop(): Promise<void> {
      isStopped = true;
      await mining;
      l1.stop();
    },
  } satisfies Omit<TestL1, "stop"> & { stop: () => Promise<void> } & Record<string, unknown>;
}

export type ForkingL1 = Awaited<ReturnType<typeof startForkingL1>>;
