// A sequencing node of several L1 endpoints: whichever is gone, it reads, seals and anchors by the others.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hexToBigInt, type RpcBlock } from "viem";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount } from "../../cli/stack/accounts.ts";
import { encodeChainFile } from "../../common/chain-file.ts";
import { startL1, type TestL1 } from "../support/l1.ts";
import { type LyingL1, startLyingL1 } from "../support/lying-l1.ts";
import { type NodeProcess, startNodeProcess } from "../support/node-process.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-endpoints-"));
let l1: TestL1;
let endpoints: LyingL1[];
let node: NodeProcess;

beforeAll(async () => {
  l1 = await startL1();
  writeFileSync(join(folder, "chain.json"), encodeChainFile(l1.chain));
  endpoints = [await startLyingL1(l1.url), await startLyingL1(l1.url)];
  const [first, second] = endpoints.map(({ url }) => url) as [string, string];
  const chain = ["--data-dir", join(folder, "node"), "--chain-file", join(folder, "chain.json")];
  node = await startNodeProcess(
    [
      ...["--role", "sequencer", ...chain, "--port", "0", "--block-time-ms", "100", "--heartbeat-ms", "200"],
      ...["--l1-url", first, "--l1-witness-urls", second],
    ],
    { ANH_NODE_SEQUENCER_KEY: devAccount("sequencer").privateKey },
  );
});
afterAll(async () => {
  await node?.end("SIGKILL");
  for (const endpoint of endpoints) endpoint.stop();
  l1.stop();
  rmSync(folder, { recursive: true });
});

const anchored = async (): Promise<bigint> => {
  const block = await node.call<RpcBlock>("eth_getBlockByNumber", "safe", false);
  return hexToBigInt(block.number!);
};
/** It anchors what it seals from now on. */
async function goesOn(): Promise<void> {
  const latest = hexToBigInt(await node.call("eth_blockNumber"));
  await until(async () => (await anchored()) > latest || undefined);
}
const told = (event: string, { url }: LyingL1) =>
  until(() => node.events.find((one) => one.event === event && one.url === url));

it("anchors on while the first endpoint is gone, then while the second is, and names them", async () => {
  await goesOn();
  for (const endpoint of endpoints) {
    endpoint.fail(503);
    await told("l1-endpoint-failed", endpoint);
    await goesOn();
    endpoint.fail(undefined);
    await told("l1-endpoint-back", endpoint);
  }
  await goesOn();
  expect(node.events.filter(({ event }) => event === "l1-endpoint-failed")).toHaveLength(2);
});
