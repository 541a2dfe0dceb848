import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { mineEvery } from "../../../cli/stack/miner.ts";
import { startL1 } from "../../support/l1.ts";
import { until } from "../../support/until.ts";

test("a slow chain is asked for one block at a time, and for none while it is held", async () => {
  let [now, most, asked] = [0, 0, 0];
  const server = createServer(async (_, response) => {
    asked++;
    most = Math.max(most, ++now);
    await sleep(30);
    now--;
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const miner = mineEvery(1, (server.address() as AddressInfo).port);
  await until(() => asked > 5 || undefined);
  await miner.hold();
  expect([now, most]).toEqual([0, 1]);
  const before = asked;
  await sleep(100);
  expect(asked).toBe(before);
  miner.resume();
  await until(() => asked > before || undefined);
  await miner.hold();
});

test("an L1's blocks come by themselves until it is held", async () => {
  const l1 = await startL1();
  onTestFinished(l1.stop);
  const number = () => l1.client.getBlockNumber();
  const first = await number();
  await until(async () => (await number()) > first + 2n || undefined);
  await l1.hold();
  const held = await number();
  await sleep(200);
  expect(await number()).toBe(held);
  await l1.resume();
  await until(async () => (await number()) > held || undefined);
});
