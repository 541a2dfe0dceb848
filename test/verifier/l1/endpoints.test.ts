// Which endpoints of L1 services do without: one that is slow, dead, of another chain, or says what cannot be.
import { setTimeout as sleep } from "node:timers/promises";
import { numberToHex, TimeoutError } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { openAgreed } from "../../../verifier/l1/agreed.ts";
import { type Endpoint, gatherEndpoints } from "../../../verifier/l1/endpoints.ts";
import { until } from "../../support/until.ts";
import { failed, failure, type LiarRig, openLiarRig, PATIENT } from "./rig.ts";

let rig: LiarRig;
beforeAll(async () => {
  rig = await openLiarRig();
});
afterEach(() => rig.tellTruth());
afterAll(() => rig?.stop());

describe("an endpoint", () => {
  const answering = (ms: number, shown: string): Endpoint => ({
    shown,
    ask: () => new Promise((resolve) => setTimeout(resolve, ms, shown)),
  });

  it("that takes its time with everything is waited for once, for so long behind the first; one that is alone, for as long as it takes", async () => {
    vi.useFakeTimers();
    try {
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
    const { resultClaims: address } = rig.l1.chain.contracts;
    const call = { address, abi: resultClaimsAbi, functionName: "liveClaim", args: [`0x${"00".repeat(32)}`] } as const;
    const refusals = ["eth_getBlockByNumber", "eth_getBlockReceipts"].map(
      (method) => () => rig.liar.refuse(method, "no"),
    );
    const garbled = ["abc", { logs: 1 }, [{ logs: null }], 7].map(
      (answer) => () => rig.liar.lie("eth_getBlockReceipts", () => answer),
    );
    const lacks = ["header not found", "missing trie node 12"].map((words) => () => rig.liar.refuse("eth_call", words));
    const noHex = [
      () => rig.liar.lie("eth_getBlockByNumber", (block) => ({ ...(block as object), parentHash: "0xparent" })),
      () =>
        rig.liar.lie("eth_getBlockReceipts", (all: readonly object[]) =>
          all.map((one) => ({ ...one, logsBloom: "0x1" })),
        ),
      () => rig.liar.lie("eth_getBlockByNumber", () => "abc"),
    ];
    for (const begin of [...refusals, ...garbled, ...lacks, ...noHex]) {
      begin();
      const { client, events } = rig.open(rig.liar.url, rig.l1.url);
      expect(await rig.logsOf(client)).toHaveLength((await rig.logsOf(rig.l1.client)).length);
      expect(await client.readContract(call)).toMatch(/^0x0+$/);
      expect(failed(events), begin.toString()).toMatchObject({ url: rig.liar.url });
      rig.tellTruth();
    }
    rig.liar.refuse("eth_call", "execution reverted");
    expect(await failure(rig.open(rig.liar.url, rig.l1.url).client.readContract(call))).toBe("l1-endpoints-disagree");
  });

  it("that no longer answers is waited for once, and then looked at while nobody waits", async () => {
    const events: ServiceEvent[] = [];
    const asked: PromiseWithResolvers<unknown>[] = [];
    const askReal = (method: string, params: readonly unknown[]) => rig.l1.client.request({ method, params } as never);
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
      const { client, events } = rig.open(rig.liar.url, rig.l1.url);
      rig.liar.fail(status);
      const look = () => client.getBlockNumber();
      await look();
      await look();
      expect(events).toMatchObject([{ event: "l1-endpoint-failed", url: rig.liar.url, code: "endpoint-unavailable" }]);
      expect(rig.liar.asked()).toBe(1);
      // Looked at again, and found as it was, it is not named again.
      await sleep(1_100);
      await look();
      await until(() => rig.liar.asked() > 1 || undefined);
      expect(events).toHaveLength(1);
      rig.liar.fail(undefined);
      await until(async () => {
        await look();
        return events.find(({ event }) => event === "l1-endpoint-back");
      });
    }
  });

  it("that says another state is not outvoted, but nothing is believed", async () => {
    rig.liar.lie("eth_call", () => numberToHex(7, { size: 32 }));
    const { client } = rig.open(rig.liar.url, rig.l1.url);
    const call = client.readContract({
      address: rig.l1.chain.contracts.resultClaims,
      abi: resultClaimsAbi,
      functionName: "liveClaim",
      args: [`0x${"00".repeat(32)}`],
    });
    expect(await failure(call)).toBe("l1-endpoints-disagree");
  });

  it("of another chain is refused", async () => {
    rig.liar.lie("eth_chainId", () => "0x1");
    expect(await failure(rig.logsOf(rig.open(rig.liar.url).client))).toBe("wrong-l1");
    expect(await failure(rig.logsOf(rig.open(rig.liar.url, rig.l1.url).client))).toBe("l1-endpoints-disagree");
  });
});
