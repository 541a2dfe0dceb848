// The head that services go by where one of their L1 endpoints lags, stands still or has another.
import { setTimeout as sleep } from "node:timers/promises";
import { formatBlock, numberToHex, type RpcBlock } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { keccakHex } from "../../../common/keccak.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { ownErrorOf } from "../../../common/trouble.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { openAgreed } from "../../../verifier/l1/agreed.ts";
import { gatherEndpoints } from "../../../verifier/l1/endpoints.ts";
import { until } from "../../support/until.ts";
import { failed, failure, type LiarRig, openLiarRig, PATIENT } from "./rig.ts";

let rig: LiarRig;
beforeAll(async () => {
  rig = await openLiarRig();
  // Its head is seconds younger than its first blocks, however quickly the contracts came onto it.
  await rig.l1.warp(10);
});
afterEach(() => rig.tellTruth());
afterAll(() => rig?.stop());

describe("the head", () => {
  it("is the newest that all have; one that lags is named", async () => {
    const old = await rig.l1.client.request({ method: "eth_getBlockByNumber", params: ["0x1", false] });
    rig.liar.lie("eth_getBlockByNumber", (block, [at]) => (at === "latest" ? old : block));
    const { agreed, events } = rig.openHead(PATIENT);
    expect((await agreed.head(0)).header.number).toBe(1n);
    expect(events).toMatchObject([{ event: "l1-endpoint-lags", url: rig.liar.url }]);
  });

  it("does not wait for an endpoint that no longer moves", async () => {
    const old = await rig.l1.client.request({ method: "eth_getBlockByNumber", params: ["0x1", false] });
    rig.liar.lie("eth_getBlockByNumber", (block, [at]) => (at === "latest" ? old : block));
    const { agreed, events } = rig.openHead({ ...PATIENT, stuckMs: 300 });
    expect((await agreed.head(0)).header.number).toBe(1n);
    await until(async () => (await agreed.head(0)).header.number > 1n || undefined);
    expect(failed(events)).toMatchObject({ url: rig.liar.url, code: "l1-endpoint-stuck" });
    // It is looked at again, and answers; nobody takes that for moving on, until it does.
    await sleep(1_500);
    await agreed.head(0);
    rig.liar.lie("eth_getBlockByNumber", undefined);
    await until(async () => {
      await agreed.head(0);
      return events.find(({ event }) => event === "l1-endpoint-back");
    });
    expect(events.map(({ event }) => event)).toEqual(["l1-endpoint-lags", "l1-endpoint-failed", "l1-endpoint-back"]);
  });

  it("does not wait for an endpoint that moves on far in the past, and waits for all where none is in the present", async () => {
    const { timestamp } = await rig.l1.client.getBlock({ blockNumber: 2n });
    let past = 0;
    const inThePast = async () => {
      past = Math.min(past + 1, 3);
      return rig.l1.client.request({ method: "eth_getBlockByNumber", params: [numberToHex(past), false] });
    };
    rig.liar.lie("eth_getBlockByNumber", (block, [at]) => (at === "latest" ? inThePast() : block));
    const all = rig.openHead({ ...PATIENT, lateMs: -600_000 });
    expect((await all.agreed.head(0)).header.number).toBe(1n);
    expect(failed(all.events)).toBeUndefined();
    const { agreed, events } = rig.openHead({ ...PATIENT, lateMs: Date.now() - 1000 * Number(timestamp) - 3_000 });
    expect((await agreed.head(0)).header.number).toBeGreaterThan(3n);
    expect(failed(events)).toMatchObject({ url: rig.liar.url, code: "l1-endpoint-late" });
    await sleep(1_500);
    expect((await agreed.head(0)).header.number).toBeGreaterThan(3n);
    rig.liar.lie("eth_getBlockByNumber", undefined);
    await until(async () => {
      await agreed.head(0);
      return events.find(({ event }) => event === "l1-endpoint-back");
    });
    expect(events.map(({ event }) => event)).toEqual(["l1-endpoint-failed", "l1-endpoint-back"]);
  });

  it("is what more than half have, in time; who was outvoted on the fork that lost comes back", async () => {
    const ask = (method: string, params: readonly unknown[]) => rig.l1.client.request({ method, params } as never);
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
    rig.liar.lie("eth_getBlockByNumber", (raw) => {
      const forged = { ...(raw as RpcBlock), extraData: "0x01" } as const;
      return { ...forged, hash: keccakHex(headerRlp(formatBlock(forged))) };
    });
    const { client, events } = rig.open(rig.liar.url, rig.l1.url);
    const error = await client.getBlockNumber().then(
      () => undefined,
      (thrown) => ownErrorOf(thrown),
    );
    expect(error).toMatchObject({ code: "l1-endpoints-disagree", message: expect.stringContaining(rig.liar.url) });
    expect(error?.message).toContain(rig.l1.url);
    // Who of them lies is not known: nobody is left out, and nothing is done until they agree.
    expect(events).toEqual([]);
    rig.liar.lie("eth_getBlockByNumber", undefined);
    expect(await client.getBlockNumber()).toBeGreaterThan(rig.logged);
  });
});
