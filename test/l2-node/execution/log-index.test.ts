import type { Address, Hex } from "viem";
import { expect, test } from "vitest";
import type { LogFilter, LogRecord, Receipt } from "../../../l2-node/execution/execution.ts";
import { matches } from "../../../l2-node/execution/receipts.ts";
import { ExecutionStore } from "../../../l2-node/execution/store.ts";
import { seededRandom } from "../../support/random.ts";

const BLOCKS = 12;
const RECEIPTS = 30;
const random = seededRandom(23);

const address = (i: number): Address => `0x${`a${i}`.repeat(20)}`;
const topic = (i: number): Hex => `0x${`0${i}`.repeat(32)}`;

function randomLog(): Pick<LogRecord, "address" | "topics"> {
  const topics = Array.from({ length: random.below(4) }, () => topic(random.below(3)));
  return { address: address(random.below(4)), topics };
}

/** What the index must find again, and no more: receipts hold several logs, and gaps lie between their positions. */
function fill(store: ExecutionStore): Receipt[] {
  const all: Receipt[] = [];
  for (let number = 0n; number < BLOCKS; number++) {
    const receipts = Array.from({ length: number % 5n === 4n ? 0 : RECEIPTS }, (_, i) => {
      const hash: Hex = `0x${(number * 1000n + BigInt(i)).toString(16).padStart(64, "0")}`;
      const logs = Array.from({ length: random.below(3) }, () => ({ ...randomLog(), blockNumber: number }));
      return { transactionHash: hash, transactionIndex: 2 * i, blockNumber: number, logs } as unknown as Receipt;
    });
    const none = { appearances: [], judged: [], taint: new Map(), inputs: new Map() };
    store.commitBlock({ number, hash: "0x", identity: "" }, new Map(), { ...none, receipts });
    all.push(...receipts);
  }
  return all;
}

test("the index of logs leads to the receipts that have them, whatever is asked for", () => {
  const store = new ExecutionStore(":memory:", "test");
  const all = fill(store);
  const some = <T>(of: readonly T[]): T[] => of.filter(() => random.below(3) === 0);
  const addresses = [0, 1, 2, 3, 4].map(address);
  const topics = [0, 1, 2, 3].map(topic);
  let found = 0;
  for (let i = 0; i < 300; i++) {
    const place = () => [null, topic(random.below(4)), some(topics)][random.below(3)] as Hex | Hex[] | null;
    const fromBlock = BigInt(random.below(BLOCKS));
    const filter: LogFilter = {
      fromBlock,
      toBlock: fromBlock + BigInt(random.below(BLOCKS)),
      addresses: some(addresses),
      topics: Array.from({ length: random.below(4) }, place),
    };
    const read = store.receiptsWithLogs(filter);
    const logs = read.flatMap((receipt) => receipt.logs).filter((log) => matches(log, filter));
    const within = all.filter(({ blockNumber }) => blockNumber >= fromBlock && blockNumber <= filter.toBlock);
    expect(logs).toEqual(within.flatMap((receipt) => receipt.logs).filter((log) => matches(log, filter)));
    found += logs.length;
  }
  expect(found).toBeGreaterThan(1000);
  store.close();
});

test("no other receipt of their blocks is read", () => {
  const store = new ExecutionStore(":memory:", "test");
  const all = fill(store);
  const filter = { fromBlock: 0n, toBlock: BigInt(BLOCKS), addresses: [address(2)], topics: [null, topic(1)] };
  const logsOf = ({ logs }: Receipt) => logs.map((log) => [log.address, log.topics[1]]);
  const has = (receipt: Receipt, i: 0 | 1, value: Hex) => logsOf(receipt).some((log) => log[i] === value);
  const wanted = all.filter((receipt) => has(receipt, 0, address(2)) && has(receipt, 1, topic(1)));
  expect(store.receiptsWithLogs(filter)).toEqual(wanted);
  expect(wanted.length).toBeLessThan(all.length / 5);
  store.close();
});
