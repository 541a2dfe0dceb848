// A sequencing node of several L1 endpoints: whichever is gone, or lies for good, it reads, seals and anchors by the others.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatBlock, hexToBigInt, type RpcBlock } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../cli/stack/accounts.ts";
import { encodeChainFile } from "../../common/chain-file.ts";
import { keccakHex } from "../../common/keccak.ts";
import { headerRlp } from "../../common/l1-header.ts";
import { startL1, type TestL1 } from "../support/l1.ts";
import { type Lie, type LyingL1, startLyingL1 } from "../support/lying-l1.ts";
import { type NodeProcess, startNodeProcess } from "../support/node-process.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-endpoints-"));
let l1: TestL1;
let endpoints: LyingL1[];
let node: NodeProcess;

beforeAll(async () => {
  l1 = await startL1();
  writeFileSync(join(folder, "chain.json"), encodeChainFile(l1.chain));
  endpoints = [await startLyingL1(l1.url), await startLyingL1(l1.url), await startLyingL1(l1.url)];
  const [first, ...others] = endpoints.map(({ url }) => url) as [string, string, string];
  const chain = ["--data-dir", join(folder, "node"), "--chain-file", join(folder, "chain.json")];
  node = await startNodeProcess(
    [
      ...["--role", "sequencer", ...chain, "--port", "0", "--block-time-ms", "100", "--heartbeat-ms", "200"],
      ...["--l1-url", first, "--l1-witness-urls", others.join(",")],
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
const told = (event: string, { url }: LyingL1, code?: string) =>
  until(() => node.events.find((one) => one.event === event && one.url === url && (!code || one.code === code)));

it("anchors on while the first endpoint is gone, then while each other is, and names them", async () => {
  await goesOn();
  for (const endpoint of endpoints) {
    endpoint.fail(503);
    await told("l1-endpoint-failed", endpoint);
    await goesOn();
    endpoint.fail(undefined);
    await told("l1-endpoint-back", endpoint);
  }
  await goesOn();
  expect(node.events.filter(({ event }) => event === "l1-endpoint-failed")).toHaveLength(3);
});

const forged: Lie = (raw) => {
  const block = { ...(raw as RpcBlock), extraData: "0x01" } as const;
  return { ...block, hash: keccakHex(headerRlp(formatBlock(block))) };
};
const LIES: Readonly<Record<string, (liar: LyingL1) => void>> = {
  "what contracts do not say": (liar) => liar.lie("eth_call", (result: string) => result.replace(/.$/, "7")),
  "that L1 refuses everything": (liar) => liar.refuse("eth_estimateGas", "execution reverted: NotThis"),
  "of transactions that nobody sent": (liar) => {
    liar.lie("eth_getTransactionCount", () => "0xffff");
    liar.lie("eth_getTransactionReceipt", (receipt) => receipt && { ...(receipt as object), status: "0x0" });
  },
  "blocks that nobody has": (liar) => liar.lie("eth_getBlockByNumber", forged),
};
// It has ten seconds before it is outvoted for the first time.
describe.runIf(process.env.ANH_LONG === "1")("anchors on though the first endpoint tells", () => {
  it.each(Object.entries(LIES))("%s", async (_, begin) => {
    begin(endpoints[0]!);
    await goesOn();
    await told("l1-endpoint-failed", endpoints[0]!, "l1-outvoted");
    await goesOn();
  });
});
