import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataUnavailableError, openDataClient } from "../../../verifier/data/client.ts";
import { openPatience } from "../../../verifier/data/patience.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";

describe("patience with one server", () => {
  it("runs out by the time waited, not by the number of requests that wait at once", async () => {
    let clock = 0;
    const patience = openPatience(100, () => clock);
    const ends: (() => void)[] = [];
    const ask = () => patience.during(() => new Promise<void>((resolve) => ends.push(resolve)));
    const asked = [ask(), ask()];
    expect(patience.leftMs()).toBe(100);
    clock = 99;
    expect(patience.leftMs()).toBe(1);
    for (const end of ends) end();
    await Promise.all(asked);
    clock = 5_000; // nobody waits meanwhile
    expect(patience.leftMs()).toBe(1);
    const third = ask();
    clock = 5_001;
    expect(patience.leftMs()).toBe(0);
    ends.at(-1)!();
    await third;
  });

  it("grows by what came: a millisecond for every 1,000 bytes", async () => {
    let clock = 0;
    const patience = openPatience(10, () => clock);
    await patience.during(async (received) => {
      clock = 50;
      received(40_000);
    });
    expect(patience.leftMs()).toBe(0);
  });

  it("is used up by a request that fails, too", async () => {
    let clock = 0;
    const patience = openPatience(10, () => clock);
    const failing = patience.during(async () => {
      clock = 30;
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(patience.leftMs()).toBe(-20);
  });
});

describe("a claimant that sends a byte now and then", () => {
  const bytes = new Uint8Array(5000).fill(7);
  let asked = 0;
  const slow = createServer((_, response) => {
    asked++;
    response.writeHead(200, { "content-length": bytes.length }).write("x");
  });
  const quick = createServer((_, response) => response.end(bytes));
  const urlOf = (server: typeof slow) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  beforeAll(async () => {
    for (const server of [slow, quick]) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    for (const server of [slow, quick]) {
      server.closeAllConnections();
      server.close();
    }
  });

  it("is given up for good, and others are asked instead", async () => {
    const client = openDataClient({ urls: [urlOf(slow), urlOf(quick)], timeoutMs: 500, patienceMs: 700 });
    for (let i = 0; i < 6; i++) expect(await client.tensor(tensorRoot(bytes), bytes.length)).toEqual(bytes);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(6);
    const alone = openDataClient({ urls: [urlOf(slow)], timeoutMs: 10, patienceMs: 15 });
    for (let i = 0; i < 4; i++)
      await expect(alone.tensor(tensorRoot(bytes), bytes.length)).rejects.toThrow(DataUnavailableError);
    const error = await alone.tensor(tensorRoot(bytes), bytes.length).catch((one: DataUnavailableError) => one);
    expect((error as DataUnavailableError).actual).toMatch(/slower than anybody/);
  });
});
