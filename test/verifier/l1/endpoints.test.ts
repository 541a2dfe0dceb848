// What services read of L1 where one of their endpoints lies, lags, forks or is dead.

import { setTimeout as sleep } from "node:timers/promises";
import {
  createTestClient,
  createWalletClient,
  custom,
  formatBlock,
  type Hex,
  http,
  type Log,
  numberToHex,
  type PublicClient,
  type RpcBlock,
  TimeoutError,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { inboxAbi } from "../../../common/contracts/inbox.ts";
import { prepaidGasAbi } from "../../../common/contracts/prepaid-gas.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { ownErrorOf } from "../../../common/trouble.ts";
import { openL1 } from "../../../verifier/clients.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { type AgreedOptions, DEEP_BLOCKS, openAgreed } from "../../../verifier/l1/agreed.ts";
import { type Endpoint, gatherEndpoints, openEndpoints } from "../../../verifier/l1/endpoints.ts";
import { openLogBook } from "../../../verifier/l1/log-book.ts";
import { partlyRefused, sendByAll } from "../../../verifier/l1/send-by-all.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { type Lie, type LyingL1, startLyingL1 } from "../../support/lying-l1.ts";
import { until } from "../../support/until.ts";

const METHODS = [
  ...["eth_getBlockReceipts", "eth_getBlockByNumber", "eth_getLogs", "eth_call", "eth_estimateGas", "eth_chainId"],
  ...["eth_sendRawTransaction", "eth_maxPriorityFeePerGas", "eth_getTransactionReceipt", "eth_getTransactionByHash"],
  "eth_fillTransaction",
];

let l1: TestL1;
let liar: LyingL1;
let logged: bigint;
beforeAll(async () => {
  l1 = await startL1();
  liar = await startLyingL1(l1.url);
  const wallet = createWalletClient({
    account: privateKeyToAccount(devAccount("user").privateKey),
    transport: http(l1.url),
  });
  for (const amount of [1n, 2n]) {
    const { inbox, prepaidGas: address } = l1.chain.contracts;
    const hash = await wallet.writeContract({
      address,
      abi: prepaidGasAbi,
      functionName: "deposit",
      args: [inbox],
      value: amount,
      chain: null,
    });
    logged = (await until(() => l1.client.getTransactionReceipt({ hash }).catch(() => undefined))).blockNumber;
  }
});
afterEach(() => {
  for (const method of METHODS) liar.lie(method, undefined);
  for (const method of METHODS) liar.refuse(method, undefined);
  liar.fail(undefined);
});
afterAll(() => {
  liar?.stop();
  l1?.stop();
});

/** As services do, but for the contracts whose logs they read. */
function open(...urls: [string, ...string[]]) {
  const events: ServiceEvent[] = [];
  const { inbox: resultClaims } = l1.chain.contracts;
  const chain = { ...l1.chain, contracts: { ...l1.chain.contracts, resultClaims } };
  return { ...openL1({ urls, chain, pollMs: 20 }, (event) => events.push(event)), events };
}
const failure = (work: Promise<unknown>) =>
  work.then(
    () => "nothing thrown",
    (error) => ownErrorOf(error)?.code ?? error,
  );
/** What services know of the head. */
function openHead(options: AgreedOptions) {
  const events: ServiceEvent[] = [];
  const endpoints = openEndpoints([l1.url, liar.url], (event) => events.push(event));
  return { agreed: openAgreed(options, endpoints, (event) => events.push(event)), endpoints, events };
}
const PATIENT = { stuckMs: 600_000, lateMs: 600_000 };
const logsOf = (client: PublicClient) =>
  client.getLogs({ address: l1.chain.contracts.inbox, fromBlock: 0n, toBlock: logged + 1n });
const failed = (events: readonly ServiceEvent[]) => events.find(({ event }) => event === "l1-endpoint-failed");

const inCapitals = (hex: string): string => `0x${hex.slice(2).toUpperCase()}`;

type Receipt = { readonly logs: readonly object[] };
const withLogs =
  (change: (receipts: readonly Receipt[]) => unknown): Lie =>
  (receipts, [number]) =>
    number === numberToHex(logged) ? change(receipts as readonly Receipt[]) : receipts;

const LIES: Readonly<Record<string, Lie>> = {
  "a hidden log": withLogs((all) => all.map((receipt) => ({ ...receipt, logs: receipt.logs.slice(1) }))),
  "an invented log": withLogs((all) => all.map(({ logs, ...receipt }) => ({ ...receipt, logs: [...logs, ...logs] }))),
  "another log's data": withLogs((all) =>
    all.map(({ logs, ...rest }) => ({ ...rest, logs: logs.map((log) => ({ ...log, data: "0x01" })) })),
  ),
  "receipts in another order": withLogs((all) => [...all].reverse().concat(all)),
  "a truncated answer": withLogs(() => []),
  "no answer": withLogs(() => null),
};

describe("logs", () => {
  it("are those that L1 has", async () => {
    const { client, events } = open(l1.url);
    expect((await logsOf(client)).map(({ blockTimestamp: _, ...log }) => log)).toEqual(
      (await logsOf(l1.client)).map(({ blockTimestamp: _, ...log }) => ({ ...log, address: log.address })),
    );
    expect(events).toEqual([]);
  });

  for (const [name, lie] of Object.entries(LIES)) {
    it(`${name}: the only endpoint is not believed`, async () => {
      liar.lie("eth_getBlockReceipts", lie);
      expect(await failure(logsOf(open(liar.url).client))).toBe("l1-receipts");
    });

    it(`${name}: it is named, and the logs come from another endpoint`, async () => {
      liar.lie("eth_getBlockReceipts", lie);
      const { client, events } = open(liar.url, l1.url);
      expect(await logsOf(client)).toHaveLength((await logsOf(l1.client)).length);
      expect(failed(events)).toMatchObject({ url: liar.url, code: "l1-receipts" });
    });
  }

  it("a header with another bloom, which would hide a block's logs, is not its block's", async () => {
    const emptied: Lie = (block) => ({ ...(block as object), logsBloom: `0x${"00".repeat(256)}` });
    liar.lie("eth_getBlockByNumber", emptied);
    expect(await failure(logsOf(open(liar.url).client))).toBe("l1-header");
    const { client, events } = open(liar.url, l1.url);
    expect(await logsOf(client)).toHaveLength((await logsOf(l1.client)).length);
    expect(failed(events)).toMatchObject({ url: liar.url, code: "l1-header" });
  });

  it("whose topics are in capitals are the same logs, of whoever says so", async () => {
    liar.lie(
      "eth_getBlockReceipts",
      withLogs((all) =>
        all.map(({ logs, ...rest }) => ({
          ...rest,
          logs: logs.map((log) => ({ ...log, topics: (log as { topics: string[] }).topics.map(inCapitals) })),
        })),
      ),
    );
    const queued = (client: PublicClient) =>
      client.getContractEvents({
        ...{ address: l1.chain.contracts.inbox, abi: inboxAbi, eventName: "MessageQueued" },
        ...{ fromBlock: 0n, toBlock: logged, strict: true },
      });
    const right = await queued(l1.client);
    expect(right).not.toHaveLength(0);
    for (const { client, events } of [open(liar.url), open(liar.url, l1.url)]) {
      const found = (await queued(client)) as typeof right;
      expect(found.map(({ topics }) => topics)).toEqual(right.map(({ topics }) => topics));
      expect(events).toEqual([]);
    }
  });

  for (const field of ["receiptsRoot", "parentHash", "hash"])
    it(`${field} in capitals keeps nobody from the logs, and has nobody blamed`, async () => {
      liar.lie("eth_getBlockByNumber", ((block: Record<string, string>) => ({
        ...block,
        [field]: inCapitals(block[field]!),
      })) as Lie);
      const { client, events } = open(liar.url, l1.url);
      expect(await logsOf(client)).toHaveLength((await logsOf(l1.client)).length);
      expect(events).toEqual([]);
    });

  it("an endpoint without receipts of blocks is done without", async () => {
    liar.lie(
      "eth_getBlockReceipts",
      withLogs(() => undefined),
    );
    const { client, events } = open(liar.url, l1.url);
    expect(await logsOf(client)).toHaveLength((await logsOf(l1.client)).length);
    expect(failed(events)).toMatchObject({ url: liar.url });
  });

  it("of long ago: a page that leaves some out is found out by another endpoint's", async () => {
    liar.lie("eth_getLogs", () => []);
    const events: ServiceEvent[] = [];
    const endpoints = openEndpoints([liar.url, l1.url], (event) => events.push(event));
    const agreed = openAgreed(PATIENT, endpoints, () => {});
    const { chain } = l1;
    const options = { chain, addresses: [chain.contracts.inbox], provenBlocks: 1n };
    const book = openLogBook(options, { agreed, endpoints });
    expect(await book.upTo(await agreed.head(0))).not.toHaveLength(0);
    expect(failed(events)).toMatchObject({ url: liar.url, code: "l1-logs" });
  });

  describe("of long ago: an endpoint that names blocks without any", () => {
    type Told = { readonly blockNumber: Hex; readonly blockHash?: Hex };
    /** In each block that it is asked about. */
    const inventing = (told: (block: RpcBlock) => Told) =>
      liar.lie("eth_getLogs", ((_: unknown, [{ fromBlock, toBlock }]: [{ fromBlock: Hex; toBlock: Hex }]) => {
        const count = Number(toBlock) - Number(fromBlock) + 1;
        const numbers = Array.from({ length: count }, (_, i) => numberToHex(Number(fromBlock) + i));
        const blockAt = (at: Hex) => l1.client.request({ method: "eth_getBlockByNumber", params: [at, false] });
        return Promise.all(numbers.map(async (at) => told((await blockAt(at)) as RpcBlock)));
      }) as unknown as Lie);
    async function read(urls: [string, ...string[]]) {
      const events: ServiceEvent[] = [];
      const endpoints = openEndpoints(urls, (event) => events.push(event));
      const agreed = openAgreed(PATIENT, endpoints, () => {});
      const { chain } = l1;
      const options = { chain, addresses: [chain.contracts.inbox], provenBlocks: 1n };
      const blocks: bigint[] = [];
      const block = (...asked: Parameters<typeof agreed.block>) => {
        blocks.push(asked[0]);
        return agreed.block(...asked);
      };
      const book = openLogBook(options, { agreed: { ...agreed, block }, endpoints });
      const logs = await book.upTo(await agreed.head(0));
      return { logs: logs.map(({ blockHash, logIndex }) => [blockHash, logIndex]), blocks: blocks.length, events };
    }

    it("is named, and no other block read on its word", async () => {
      const right = await read([l1.url]);
      expect(right.logs).not.toHaveLength(0);
      const lies: readonly (readonly [code: string, told: (block: RpcBlock) => Told])[] = [
        ["l1-logs", ({ number, hash }) => ({ blockNumber: number!, blockHash: hash! })],
        ["l1-malformed", ({ number }) => ({ blockNumber: number! })],
        ["l1-malformed", ({ number }) => ({ blockNumber: number!, blockHash: "0x" })],
      ];
      for (const [code, told] of lies) {
        inventing(told);
        const { logs, blocks, events } = await read([l1.url, liar.url]);
        expect(logs).toEqual(right.logs);
        expect(blocks).toBeLessThanOrEqual(right.blocks + 1);
        expect(events).toMatchObject([{ event: "l1-endpoint-failed", url: liar.url, code }]);
      }
    });

    it("hides nothing where it is the only one, or the only one that answers", async () => {
      const right = await read([l1.url]);
      inventing(({ number, hash }) => ({ blockNumber: number!, blockHash: hash! }));
      expect((await read([liar.url])).logs).toEqual(right.logs);
      const dead = await startLyingL1(l1.url);
      dead.fail(503);
      expect((await read([liar.url, dead.url])).logs).toEqual(right.logs);
      dead.stop();
    });

    it("may have had them on a fork, where its blocks have other hashes: but not so deep that no fork goes there", async () => {
      const right = await read([l1.url]);
      const otherHash: Hex = `0x${"11".repeat(32)}`;
      inventing(({ number }) => ({ blockNumber: number!, blockHash: otherHash }));
      const young = await read([l1.url, liar.url]);
      expect([young.logs, young.events]).toEqual([right.logs, []]);
      await createTestClient({ mode: "anvil", transport: http(l1.url) }).mine({ blocks: Number(DEEP_BLOCKS) });
      const { logs, blocks, events } = await read([l1.url, liar.url]);
      expect(logs).toEqual(right.logs);
      expect(blocks).toBeLessThanOrEqual(right.blocks + 1);
      expect(events).toMatchObject([{ event: "l1-endpoint-failed", url: liar.url, code: "l1-logs" }]);
    });
  });
});

describe("the head", () => {
  it("is the newest that all have; one that lags is named", async () => {
    const old = await l1.client.request({ method: "eth_getBlockByNumber", params: ["0x1", false] });
    liar.lie("eth_getBlockByNumber", (block, [at]) => (at === "latest" ? old : block));
    const { agreed, events } = openHead(PATIENT);
    expect((await agreed.head(0)).header.number).toBe(1n);
    expect(events).toMatchObject([{ event: "l1-endpoint-lags", url: liar.url }]);
  });

  it("does not wait for an endpoint that no longer moves", async () => {
    const old = await l1.client.request({ method: "eth_getBlockByNumber", params: ["0x1", false] });
    liar.lie("eth_getBlockByNumber", (block, [at]) => (at === "latest" ? old : block));
    const { agreed, events } = openHead({ ...PATIENT, stuckMs: 300 });
    expect((await agreed.head(0)).header.number).toBe(1n);
    await until(async () => (await agreed.head(0)).header.number > 1n || undefined);
    expect(failed(events)).toMatchObject({ url: liar.url, code: "l1-endpoint-stuck" });
    // It is looked at again, and answers; nobody takes that for moving on, until it does.
    await sleep(1_500);
    await agreed.head(0);
    liar.lie("eth_getBlockByNumber", undefined);
    await until(async () => {
      await agreed.head(0);
      return events.find(({ event }) => event === "l1-endpoint-back");
    });
    expect(events.map(({ event }) => event)).toEqual(["l1-endpoint-lags", "l1-endpoint-failed", "l1-endpoint-back"]);
  });

  it("does not wait for an endpoint that moves on far in the past, and waits for all where none is in the present", async () => {
    const { timestamp } = await l1.client.getBlock({ blockNumber: 2n });
    let past = 0;
    const inThePast = async () => {
      past = Math.min(past + 1, 3);
      return l1.client.request({ method: "eth_getBlockByNumber", params: [numberToHex(past), false] });
    };
    liar.lie("eth_getBlockByNumber", (block, [at]) => (at === "latest" ? inThePast() : block));
    const all = openHead({ ...PATIENT, lateMs: -600_000 });
    expect((await all.agreed.head(0)).header.number).toBe(1n);
    expect(failed(all.events)).toBeUndefined();
    const { agreed, events } = openHead({ ...PATIENT, lateMs: Date.now() - 1000 * Number(timestamp) - 3_000 });
    expect((await agreed.head(0)).header.number).toBeGreaterThan(3n);
    expect(failed(events)).toMatchObject({ url: liar.url, code: "l1-endpoint-late" });
    await sleep(1_500);
    expect((await agreed.head(0)).header.number).toBeGreaterThan(3n);
    liar.lie("eth_getBlockByNumber", undefined);
    await until(async () => {
      await agreed.head(0);
      return events.find(({ event }) => event === "l1-endpoint-back");
    });
    expect(events.map(({ event }) => event)).toEqual(["l1-endpoint-failed", "l1-endpoint-back"]);
  });

  it("is what more than half have, in time; who was outvoted on the fork that lost comes back", async () => {
    const ask = (method: string, params: readonly unknown[]) => l1.client.request({ method, params } as never);
    let isForked = true;
    const onFork = async (method: string, params: readonly unknown[]) => {
      const block = (await ask(method, params)) as RpcBlock;
      if (!isForked || method !== "eth_getBlockByNumber") return block;
      const forged = { ...block, extraData: "0x01" } as const;
      return { ...forged, hash: keccakHex(headerRlp(formatBlock(forged))) };
    };
    const events: ServiceEvent[] = [];
    const endpoints = gatherEndpoints(
      [
        { shown: "right", ask },
        { shown: "one", ask: onFork },
        { shown: "other", ask: onFork },
      ],
      (event) => events.push(event),
    );
    const agreed = openAgreed({ stuckMs: 1_000, lateMs: 600_000 }, endpoints, () => {});
    expect(await failure(agreed.head(0))).toBe("l1-endpoints-disagree");
    const head = await until(() => agreed.head(0).catch(() => undefined));
    expect(head.among.map(({ shown }) => shown)).toEqual(["one", "other"]);
    expect(failed(events)).toMatchObject({ url: "right", code: "l1-outvoted" });
    isForked = false;
    await until(async () => (await agreed.head(0)).among.length === 3 || undefined);
  });

  it("that two endpoints have differently is nobody's, though each gives its hash", async () => {
    liar.lie("eth_getBlockByNumber", (raw) => {
      const forged = { ...(raw as RpcBlock), extraData: "0x01" } as const;
      return { ...forged, hash: keccakHex(headerRlp(formatBlock(forged))) };
    });
    const { client, events } = open(liar.url, l1.url);
    const error = await client.getBlockNumber().then(
      () => undefined,
      (thrown) => ownErrorOf(thrown),
    );
    expect(error).toMatchObject({ code: "l1-endpoints-disagree", message: expect.stringContaining(liar.url) });
    expect(error?.message).toContain(l1.url);
    // Who of them lies is not known: nobody is left out, and nothing is done until they agree.
    expect(events).toEqual([]);
    liar.lie("eth_getBlockByNumber", undefined);
    expect(await client.getBlockNumber()).toBeGreaterThan(logged);
  });
});

describe("an endpoint", () => {
  it("that takes its time with everything is waited for once, for so long behind the first; one that is alone, for as long as it takes", async () => {
    vi.useFakeTimers();
    try {
      const answering = (ms: number, shown: string): Endpoint => ({
        shown,
        ask: () => new Promise((resolve) => setTimeout(resolve, ms, shown)),
      });
      const events: ServiceEvent[] = [];
      const endpoints = gatherEndpoints(
        [answering(9_000, "slow"), answering(1_000, "quick"), answering(3_900, "late")],
        (event) => events.push(event),
      );
      const saidBy = async (asked: ReturnType<typeof endpoints.askAll>) =>
        (await asked).map((answer) => ("value" in answer ? answer.value : answer.refusal));
      const ask = ({ ask }: Endpoint) => ask("eth_call", []);
      const [first, rest] = [
        saidBy(endpoints.askAll(ask)),
        saidBy(endpoints.askAll(ask, endpoints.usable().slice(0, 1))),
      ];
      await vi.advanceTimersByTimeAsync(3_999);
      expect(events).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(await first).toEqual(["quick", "late"]);
      expect(events).toMatchObject([{ url: "slow", code: "l1-endpoint-slow" }]);
      const second = saidBy(endpoints.askAll(ask));
      await vi.advanceTimersByTimeAsync(3_900);
      expect(await second).toEqual(["quick", "late"]);
      await vi.advanceTimersByTimeAsync(1_100);
      expect(await rest).toEqual(["slow"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("that is asked alone and takes its time is not waited for where another is quicker, though that one is asked later", async () => {
    vi.useFakeTimers();
    try {
      const answering = (ms: number, shown: string): Endpoint => ({
        shown,
        ask: () => new Promise((resolve) => setTimeout(resolve, ms, shown)),
      });
      const dead: Endpoint = { shown: "dead", ask: () => Promise.reject(new TimeoutError({ body: {}, url: "" })) };
      for (const [ms, all, found, left] of [
        [3_999, [answering(9_000, "slow"), answering(999, "quick")], "quick", ["slow"]],
        [3_999, [answering(3_999, "slow"), answering(1_001, "quick")], "slow", []],
        [4_999, [answering(9_000, "slow"), dead, answering(1_999, "quick")], "quick", ["dead", "slow"]],
        [9_000, [answering(9_000, "slow"), dead], "slow", ["dead"]],
        [9_000, [answering(9_000, "alone")], "alone", []],
      ] as const) {
        const events: ServiceEvent[] = [];
        const endpoints = gatherEndpoints(all, (event) => events.push(event));
        let answer: unknown;
        endpoints
          .askOne(({ ask }) => ask("eth_getProof", []))
          .then((said) => {
            answer = said;
          });
        await vi.advanceTimersByTimeAsync(ms - 1);
        expect(answer).toBeUndefined();
        await vi.advanceTimersByTimeAsync(1);
        expect([answer, events.map(({ url }) => url)]).toEqual([found, left]);
        await vi.advanceTimersByTimeAsync(9_000);
        expect(events).toHaveLength(left.length);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it("that refuses what has an answer, or garbles it, is done without; what a contract refuses is an answer", async () => {
    const { resultClaims: address } = l1.chain.contracts;
    const call = { address, abi: resultClaimsAbi, functionName: "liveClaim", args: [`0x${"00".repeat(32)}`] } as const;
    const refusals = ["eth_getBlockByNumber", "eth_getBlockReceipts"].map((method) => () => liar.refuse(method, "no"));
    const garbled = ["abc", { logs: 1 }, [{ logs: null }], 7].map(
      (answer) => () => liar.lie("eth_getBlockReceipts", () => answer),
    );
    const lacks = ["header not found", "missing trie node 12"].map((words) => () => liar.refuse("eth_call", words));
    const noHex = [
      () => liar.lie("eth_getBlockByNumber", (block) => ({ ...(block as object), parentHash: "0xparent" })),
      () =>
        liar.lie("eth_getBlockReceipts", (all: readonly object[]) => all.map((one) => ({ ...one, logsBloom: "0x1" }))),
      () => liar.lie("eth_getBlockByNumber", () => "abc"),
    ];
    for (const begin of [...refusals, ...garbled, ...lacks, ...noHex]) {
      begin();
      const { client, events } = open(liar.url, l1.url);
      expect(await logsOf(client)).toHaveLength((await logsOf(l1.client)).length);
      expect(await client.readContract(call)).toMatch(/^0x0+$/);
      expect(failed(events), begin.toString()).toMatchObject({ url: liar.url });
      for (const method of METHODS) {
        liar.refuse(method, undefined);
        liar.lie(method, undefined);
      }
    }
    liar.refuse("eth_call", "execution reverted");
    expect(await failure(open(liar.url, l1.url).client.readContract(call))).toBe("l1-endpoints-disagree");
  });

  it("that no longer answers is waited for once, and then looked at while nobody waits", async () => {
    const events: ServiceEvent[] = [];
    const asked: PromiseWithResolvers<unknown>[] = [];
    const askReal = (method: string, params: readonly unknown[]) => l1.client.request({ method, params } as never);
    let isMute = true;
    const mute: Endpoint = {
      shown: "mute",
      ask: (method, params) => {
        if (!isMute) return askReal(method, params);
        asked.push(Promise.withResolvers());
        return asked.at(-1)!.promise;
      },
    };
    const endpoints = gatherEndpoints([{ shown: "real", ask: askReal }, mute], (event) => events.push(event));
    const agreed = openAgreed(PATIENT, endpoints, (event) => events.push(event));
    const first = agreed.head(0);
    asked[0]!.reject(new TimeoutError({ body: {}, url: "http://mute" }));
    expect((await first).among).toHaveLength(1);
    await sleep(1_100);
    // One look is under way, however many heads are asked for; none of them waits for it.
    for (let i = 0; i < 3; i++) expect((await agreed.head(0)).among).toHaveLength(1);
    expect(asked).toHaveLength(2);
    isMute = false;
    asked[1]!.resolve("0x1");
    await until(async () => (await agreed.head(0)).among.length === 2 || undefined);
    expect(events.map(({ event, url }) => [event, url])).toEqual([
      ["l1-endpoint-failed", "mute"],
      ["l1-endpoint-back", "mute"],
    ]);
  });

  it("that is dead or asks to be left alone is done without, named once, and comes back", async () => {
    for (const status of [429, 503]) {
      const { client, events } = open(liar.url, l1.url);
      liar.fail(status);
      const look = () => client.getBlockNumber();
      await look();
      await look();
      expect(events).toMatchObject([{ event: "l1-endpoint-failed", url: liar.url, code: "endpoint-unavailable" }]);
      expect(liar.asked()).toBe(1);
      // Looked at again, and found as it was, it is not named again.
      await sleep(1_100);
      await look();
      await until(() => liar.asked() > 1 || undefined);
      expect(events).toHaveLength(1);
      liar.fail(undefined);
      await until(async () => {
        await look();
        return events.find(({ event }) => event === "l1-endpoint-back");
      });
    }
  });

  it("that says another state is not outvoted, but nothing is believed", async () => {
    liar.lie("eth_call", () => numberToHex(7, { size: 32 }));
    const { client } = open(liar.url, l1.url);
    const call = client.readContract({
      address: l1.chain.contracts.resultClaims,
      abi: resultClaimsAbi,
      functionName: "liveClaim",
      args: [`0x${"00".repeat(32)}`],
    });
    expect(await failure(call)).toBe("l1-endpoints-disagree");
  });

  it("of another chain is refused", async () => {
    liar.lie("eth_chainId", () => "0x1");
    expect(await failure(logsOf(open(liar.url).client))).toBe("wrong-l1");
    expect(await failure(logsOf(open(liar.url, l1.url).client))).toBe("l1-endpoints-disagree");
  });
});

describe("a transaction", () => {
  const account = privateKeyToAccount(devAccount("challenger").privateKey);
  const send = async (client: PublicClient): Promise<Hex> => {
    const wallet = createWalletClient({ account, transport: custom(client, { retryCount: 0 }) });
    // anvil may have it in a block before the second endpoint is told of it, and that one says so.
    return wallet.sendTransaction({ to: account.address, value: 1n, chain: null }).catch((error) => {
      const hash = partlyRefused(error)?.hash;
      if (hash === undefined) throw error;
      return hash;
    });
  };

  it("that an endpoint keeps to itself goes out by the others", async () => {
    const kept = `0x${"11".repeat(32)}`;
    liar.lie("eth_sendRawTransaction", () => kept);
    const { client } = open(liar.url, l1.url);
    const hash = await send(client);
    expect(hash).not.toBe(kept);
    expect((await until(() => client.getTransactionReceipt({ hash }).catch(() => undefined))).status).toBe("success");
  });

  it("that one takes which others refuse is told as such, by who refuses it and why", async () => {
    const taken = `0x${"11".repeat(32)}`;
    const serializedTransaction = await account.signTransaction({
      ...{ type: "eip1559", chainId: Number(l1.chain.l1ChainId), nonce: 0, to: account.address, gas: 21_000n },
      ...{ maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n },
    });
    // Its nonce is taken since the test before.
    const taking: Endpoint = { shown: "taking", ask: async () => taken };
    const honest: Endpoint = {
      shown: "honest",
      ask: (method, params) => l1.client.request({ method, params } as never),
    };
    const endpoints = gatherEndpoints([taking, honest], () => {});
    const sent = sendByAll(endpoints, [serializedTransaction]);
    await expect(sent).rejects.toThrow(/^honest refuses what others take: .*nonce too low/);
    await expect(sent).rejects.toMatchObject({ hash: keccakHex(bytesOfHex(serializedTransaction)) });
    await expect(
      sendByAll(
        gatherEndpoints([honest], () => {}),
        [serializedTransaction],
      ),
    ).rejects.toThrow(/nonce/);
  });

  it("does not pay what one endpoint names as the fee", async () => {
    liar.lie("eth_maxPriorityFeePerGas", () => numberToHex(10n ** 15n));
    const { client } = open(liar.url, l1.url);
    expect((await client.estimateFeesPerGas()).maxPriorityFeePerGas).toBeLessThan(10n ** 12n);
  });

  it("takes no gas that one endpoint fills in", async () => {
    liar.lie("eth_fillTransaction", ({ tx, ...rest }: { tx: object }) => ({ ...rest, tx: { ...tx, gas: "0x1" } }));
    const { prepaidGas: address, inbox } = l1.chain.contracts;
    const call = { account, address, abi: prepaidGasAbi, functionName: "deposit", args: [inbox], value: 1n } as const;
    expect(await open(liar.url, l1.url).client.estimateContractGas(call)).toBeGreaterThan(30_000n);
  });

  it("that was included for one endpoint and not for another is not yet", async () => {
    liar.lie("eth_getTransactionReceipt", () => null);
    const { client } = open(liar.url, l1.url);
    const hash = await send(client);
    await until(() => l1.client.getTransactionReceipt({ hash }).catch(() => undefined));
    await expect(client.getTransactionReceipt({ hash })).rejects.toThrow("could not be found");
    liar.lie("eth_getTransactionReceipt", (receipt) => ({ ...(receipt as object), status: "0x0" }));
    expect(await failure(client.getTransactionReceipt({ hash }))).toBe("l1-endpoints-disagree");
  });

  it("that an endpoint shows in no shape that it can have is as the others show it", async () => {
    const { transactionHash: hash } = (await logsOf(l1.client))[0]!;
    const lies: readonly ((receipt: Receipt) => unknown)[] = [
      (receipt) => ({ ...receipt, blockNumber: "no number" }),
      (receipt) => ({ ...receipt, blockNumber: undefined }),
      (receipt) => ({ ...receipt, blockNumber: [] }),
      (receipt) => ({ ...receipt, blockNumber: "0x" }),
      () => "0x",
      () => [],
      () => 7,
      () => JSON.parse(`${"[".repeat(1_000)}${"]".repeat(1_000)}`),
    ];
    for (const lie of lies) {
      liar.lie("eth_getTransactionReceipt", lie as Lie);
      const { client, events } = open(liar.url, l1.url);
      expect((await client.getTransactionReceipt({ hash })).status, lie.toString()).toBe("success");
      expect(failed(events), lie.toString()).toMatchObject({ url: liar.url, code: "l1-malformed" });
    }
  });

  it("that one shows in no block is not yet", async () => {
    const { transactionHash: hash } = (await logsOf(l1.client))[0]!;
    const { client, events } = open(liar.url, l1.url);
    for (const method of ["eth_getTransactionReceipt", "eth_getTransactionByHash"])
      liar.lie(method, (shown) => ({ ...(shown as object), blockNumber: null, blockHash: null }));
    await expect(client.getTransactionReceipt({ hash })).rejects.toThrow("could not be found");
    await expect(client.getTransaction({ hash })).rejects.toThrow("could not be found");
    expect(events).toEqual([]);
  });

  it("has the block and the logs of which nobody says otherwise", async () => {
    const [{ transactionHash: hash }] = (await logsOf(l1.client)) as [Log<bigint, number, false>];
    const changed = (change: (log: object) => object) => (receipt: Receipt) => ({
      ...receipt,
      logs: receipt.logs.map(change),
    });
    const lies: readonly ((receipt: Receipt) => object)[] = [
      (receipt) => ({ ...receipt, blockNumber: "0xffffffffff" }),
      (receipt) => ({ ...receipt, logs: [] }),
      (receipt) => ({ ...receipt, logs: null }),
      (receipt) => ({ ...receipt, logs: [...receipt.logs, ...receipt.logs] }),
      changed((log) => ({ ...log, address: devAccount("user").address })),
      changed((log) => ({ ...log, topics: [] })),
      changed((log) => ({ ...log, data: "0x01" })),
    ];
    const { client } = open(liar.url, l1.url);
    for (const lie of lies) {
      liar.lie("eth_getTransactionReceipt", lie as Lie);
      expect(await failure(client.getTransactionReceipt({ hash }))).toBe("l1-endpoints-disagree");
    }
    // Software differs in the order in which it tells the same.
    const reversed = (fields: object) => Object.fromEntries(Object.entries(fields).reverse());
    liar.lie("eth_getTransactionReceipt", ((receipt: Receipt) => reversed(changed(reversed)(receipt))) as Lie);
    expect((await client.getTransactionReceipt({ hash })).logs).toHaveLength(1);
  });
});
