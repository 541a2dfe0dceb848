// The logs that services read where one of their L1 endpoints hides, invents or changes some.
import { createTestClient, type Hex, http, numberToHex, type PublicClient, type RpcBlock } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inboxAbi } from "../../../common/contracts/inbox.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { DEEP_BLOCKS, openAgreed } from "../../../verifier/l1/agreed.ts";
import { openEndpoints } from "../../../verifier/l1/endpoints.ts";
import { openLogBook } from "../../../verifier/l1/log-book.ts";
import { type Lie, startLyingL1 } from "../../support/lying-l1.ts";
import { failed, failure, type LiarRig, openLiarRig, PATIENT, type Receipt } from "./rig.ts";

let rig: LiarRig;
beforeAll(async () => {
  rig = await openLiarRig();
});
afterEach(() => rig.tellTruth());
afterAll(() => rig?.stop());

const inCapitals = (hex: string): string => `0x${hex.slice(2).toUpperCase()}`;

const withLogs =
  (change: (receipts: readonly Receipt[]) => unknown): Lie =>
  (receipts, [number]) =>
    number === numberToHex(rig.logged) ? change(receipts as readonly Receipt[]) : receipts;

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
    const { client, events } = rig.open(rig.l1.url);
    expect((await rig.logsOf(client)).map(({ blockTimestamp: _, ...log }) => log)).toEqual(
      (await rig.logsOf(rig.l1.client)).map(({ blockTimestamp: _, ...log }) => ({ ...log, address: log.address })),
    );
    expect(events).toEqual([]);
  });

  for (const [name, lie] of Object.entries(LIES)) {
    it(`${name}: the only endpoint is not believed`, async () => {
      rig.liar.lie("eth_getBlockReceipts", lie);
      expect(await failure(rig.logsOf(rig.open(rig.liar.url).client))).toBe("l1-receipts");
    });

    it(`${name}: it is named, and the logs come from another endpoint`, async () => {
      rig.liar.lie("eth_getBlockReceipts", lie);
      const { client, events } = rig.open(rig.liar.url, rig.l1.url);
      expect(await rig.logsOf(client)).toHaveLength((await rig.logsOf(rig.l1.client)).length);
      expect(failed(events)).toMatchObject({ url: rig.liar.url, code: "l1-receipts" });
    });
  }

  it("a header with another bloom, which would hide a block's logs, is not its block's", async () => {
    const emptied: Lie = (block) => ({ ...(block as object), logsBloom: `0x${"00".repeat(256)}` });
    rig.liar.lie("eth_getBlockByNumber", emptied);
    expect(await failure(rig.logsOf(rig.open(rig.liar.url).client))).toBe("l1-header");
    const { client, events } = rig.open(rig.liar.url, rig.l1.url);
    expect(await rig.logsOf(client)).toHaveLength((await rig.logsOf(rig.l1.client)).length);
    expect(failed(events)).toMatchObject({ url: rig.liar.url, code: "l1-header" });
  });

  it("whose topics are in capitals are the same logs, of whoever says so", async () => {
    rig.liar.lie(
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
        ...{ address: rig.l1.chain.contracts.inbox, abi: inboxAbi, eventName: "MessageQueued" },
        ...{ fromBlock: 0n, toBlock: rig.logged, strict: true },
      });
    const right = await queued(rig.l1.client);
    expect(right).not.toHaveLength(0);
    for (const { client, events } of [rig.open(rig.liar.url), rig.open(rig.liar.url, rig.l1.url)]) {
      const found = (await queued(client)) as typeof right;
      expect(found.map(({ topics }) => topics)).toEqual(right.map(({ topics }) => topics));
      expect(events).toEqual([]);
    }
  });

  for (const field of ["receiptsRoot", "parentHash", "hash"])
    it(`${field} in capitals keeps nobody from the logs, and has nobody blamed`, async () => {
      rig.liar.lie("eth_getBlockByNumber", ((block: Record<string, string>) => ({
        ...block,
        [field]: inCapitals(block[field]!),
      })) as Lie);
      const { client, events } = rig.open(rig.liar.url, rig.l1.url);
      expect(await rig.logsOf(client)).toHaveLength((await rig.logsOf(rig.l1.client)).length);
      expect(events).toEqual([]);
    });

  it("an endpoint without receipts of blocks is done without", async () => {
    rig.liar.lie(
      "eth_getBlockReceipts",
      withLogs(() => undefined),
    );
    const { client, events } = rig.open(rig.liar.url, rig.l1.url);
    expect(await rig.logsOf(client)).toHaveLength((await rig.logsOf(rig.l1.client)).length);
    expect(failed(events)).toMatchObject({ url: rig.liar.url });
  });

  it("of long ago: a page that leaves some out is found out by another endpoint's", async () => {
    rig.liar.lie("eth_getLogs", () => []);
    const events: ServiceEvent[] = [];
    const endpoints = openEndpoints([rig.liar.url, rig.l1.url], (event) => events.push(event));
    const agreed = openAgreed(PATIENT, endpoints, () => {});
    const { chain } = rig.l1;
    const options = { chain, addresses: [chain.contracts.inbox], provenBlocks: 1n };
    const book = openLogBook(options, { agreed, endpoints });
    expect(await book.upTo(await agreed.head(0))).not.toHaveLength(0);
    expect(failed(events)).toMatchObject({ url: rig.liar.url, code: "l1-logs" });
  });

  describe("of long ago: an endpoint that names blocks without any", () => {
    type Told = { readonly blockNumber: Hex; readonly blockHash?: Hex };
    /** In each block that it is asked about. */
    const inventing = (told: (block: RpcBlock) => Told) =>
      rig.liar.lie("eth_getLogs", ((_: unknown, [{ fromBlock, toBlock }]: [{ fromBlock: Hex; toBlock: Hex }]) => {
        const count = Number(toBlock) - Number(fromBlock) + 1;
        const numbers = Array.from({ length: count }, (_, i) => numberToHex(Number(fromBlock) + i));
        const blockAt = (at: Hex) => rig.l1.client.request({ method: "eth_getBlockByNumber", params: [at, false] });
        return Promise.all(numbers.map(async (at) => told((await blockAt(at)) as RpcBlock)));
      }) as unknown as Lie);
    async function read(urls: [string, ...string[]]) {
      const events: ServiceEvent[] = [];
      const endpoints = openEndpoints(urls, (event) => events.push(event));
      const agreed = openAgreed(PATIENT, endpoints, () => {});
      const { chain } = rig.l1;
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
      const right = await read([rig.l1.url]);
      expect(right.logs).not.toHaveLength(0);
      const lies: readonly (readonly [code: string, told: (block: RpcBlock) => Told])[] = [
        ["l1-logs", ({ number, hash }) => ({ blockNumber: number!, blockHash: hash! })],
        ["l1-malformed", ({ number }) => ({ blockNumber: number! })],
        ["l1-malformed", ({ number }) => ({ blockNumber: number!, blockHash: "0x" })],
      ];
      for (const [code, told] of lies) {
        inventing(told);
        const { logs, blocks, events } = await read([rig.l1.url, rig.liar.url]);
        expect(logs).toEqual(right.logs);
        expect(blocks).toBeLessThanOrEqual(right.blocks + 1);
        expect(events).toMatchObject([{ event: "l1-endpoint-failed", url: rig.liar.url, code }]);
      }
    });

    it("hides nothing where it is the only one, or the only one that answers", async () => {
      const right = await read([rig.l1.url]);
      inventing(({ number, hash }) => ({ blockNumber: number!, blockHash: hash! }));
      expect((await read([rig.liar.url])).logs).toEqual(right.logs);
      const dead = await startLyingL1(rig.l1.url);
      dead.fail(503);
      expect((await read([rig.liar.url, dead.url])).logs).toEqual(right.logs);
      dead.stop();
    });

    it("may have had them on a fork, where its blocks have other hashes: but not so deep that no fork goes there", async () => {
      const right = await read([rig.l1.url]);
      const otherHash: Hex = `0x${"11".repeat(32)}`;
      inventing(({ number }) => ({ blockNumber: number!, blockHash: otherHash }));
      const young = await read([rig.l1.url, rig.liar.url]);
      expect([young.logs, young.events]).toEqual([right.logs, []]);
      await createTestClient({ mode: "anvil", transport: http(rig.l1.url) }).mine({ blocks: Number(DEEP_BLOCKS) });
      const { logs, blocks, events } = await read([rig.l1.url, rig.liar.url]);
      expect(logs).toEqual(right.logs);
      expect(blocks).toBeLessThanOrEqual(right.blocks + 1);
      expect(events).toMatchObject([{ event: "l1-endpoint-failed", url: rig.liar.url, code: "l1-logs" }]);
    });
  });
});
