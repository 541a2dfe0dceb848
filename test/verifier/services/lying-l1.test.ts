// Services whose L1 endpoint lies to them, alone and beside an honest one, or becomes another L1.
import { formatBlock, type Hex, type RpcBlock } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { keccakHex } from "../../../common/keccak.ts";
import { headerRlp } from "../../../common/l1-header.ts";
import { runChallenger } from "../../../verifier/challenger-wiring.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { type HidingL1, startHidingL1 } from "../../support/hiding-l1.ts";
import { startL1 } from "../../support/l1.ts";
import { type Lie, type LyingL1, startLyingL1 } from "../../support/lying-l1.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { until } from "../../support/until.ts";

const METHODS = [
  ...["eth_getBlockReceipts", "eth_getBlockByNumber", "eth_call", "eth_estimateGas", "eth_getTransactionReceipt"],
  ...["eth_sendRawTransaction", "eth_getTransactionCount"],
];
let stage: ServiceStage;
let lying: HidingL1;
let liarL1: LyingL1;
beforeAll(async () => {
  stage = await openServiceStage();
  lying = await startHidingL1(stage.l1.url);
  liarL1 = await startLyingL1(stage.l1.url);
});
afterEach(async () => {
  for (const method of METHODS) {
    liarL1.lie(method, undefined);
    liarL1.refuse(method, undefined);
  }
  await stage.stopAll();
});
afterAll(async () => {
  lying?.stop();
  liarL1?.stop();
  await stage?.close();
});

it("an endpoint that shows other content than a claim has is named; nothing is put at stake for what it says", async () => {
  const task = stage.job({ stepRoots: true });
  const { events: claims } = await stage.execute("executor", task, honestSteps(1));
  await seen(claims, "claimed");
  // One digit of the job's start root, wherever it stands: whoever believed it would find the claim wrong.
  const digits = task.task.startRoot.slice(2);
  lying.forge(
    digits,
    digits.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
  );
  const events = stage.watch({ l1Url: lying.url });
  const failed = await seen(events, "round-failed");
  expect(failed.error).toContain("shows other receipts than");
  expect(failed.error).toContain(lying.url);
  expect(events.map(({ event }) => event)).not.toContain("checked");
  lying.forge("", "");
  expect(await checked(events, task)).toMatchObject({ finding: "right" });
  expect(events.map(({ event }) => event)).not.toContain("challenged");
});

it("an endpoint that fails on a claim keeps nobody else from proving it wrong", async () => {
  const task = stage.job({ stepRoots: true });
  const { events: claims } = await stage.execute("liar", task, liar("next_weight0"));
  const { claimHash } = (await seen(claims, "claimed")) as unknown as { claimHash: Hex };
  lying.hide(claimHash.slice(2));
  const blinded = stage.watch({ l1Url: lying.url });
  await until(() => blinded.find((one) => one.event === "round-failed" && one.claimHash === claimHash));
  const events = stage.watch();
  expect(await seen(events, "proved")).toMatchObject({ claimHash, wrong: "element" });
  expect(blinded.map(({ event }) => event)).not.toContain("challenged");
});

type Receipt = { readonly logs: readonly { readonly topics: readonly Hex[] }[] };
const ofLogs =
  (change: (logs: Receipt["logs"]) => Receipt["logs"]): Lie =>
  (receipts) =>
    (receipts as readonly Receipt[]).map(({ logs, ...receipt }) => ({ ...receipt, logs: change(logs) }));
const named = (events: readonly ServiceEvent[]) =>
  until(() => events.find(({ event, url }) => event === "l1-endpoint-failed" && url === liarL1.url));

it("an endpoint that hides a wrong claim is named, and the claim proved wrong by what another one shows", async () => {
  const task = stage.job({ stepRoots: true });
  const { events: claims } = await stage.execute("liar", task, liar("next_weight0"));
  const { claimHash } = (await seen(claims, "claimed")) as unknown as { claimHash: Hex };
  liarL1.lie(
    "eth_getBlockReceipts",
    ofLogs((logs) => logs.filter(({ topics }) => !topics.includes(claimHash))),
  );
  const blinded = stage.watch({ l1Url: liarL1.url });
  const events = stage.watch({ l1Url: liarL1.url, l1WitnessUrls: [stage.l1.url] });
  expect(await seen(events, "proved")).toMatchObject({ claimHash, wrong: "element" });
  expect(await named(events)).toMatchObject({ code: "l1-receipts" });
  // Alone with it nothing is known, and nothing done.
  expect((await seen(blinded, "round-failed")).error).toContain(liarL1.url);
  expect(blinded.map(({ event }) => event)).not.toContain("checked");
});

it("an endpoint that writes topics in capitals hides no wrong claim", async () => {
  const task = stage.job({ stepRoots: true });
  const { events: claims } = await stage.execute("liar", task, liar("next_weight0"));
  const { claimHash } = (await seen(claims, "claimed")) as unknown as { claimHash: Hex };
  const inCapitals = (hex: Hex): Hex => `0x${hex.slice(2).toUpperCase()}`;
  liarL1.lie(
    "eth_getBlockReceipts",
    ofLogs((logs) => logs.map((log) => ({ ...log, topics: log.topics.map(inCapitals) }))),
  );
  const events = stage.watch({ l1Url: liarL1.url, l1WitnessUrls: [stage.l1.url] });
  expect(await seen(events, "proved")).toMatchObject({ claimHash, wrong: "element" });
});

it("a claim that an endpoint invents is looked at by nobody", async () => {
  const task = stage.job({ stepRoots: true });
  const { events: claims } = await stage.execute("executor", task, honestSteps(1));
  const { claimHash } = (await seen(claims, "claimed")) as unknown as { claimHash: Hex };
  const invented = claimHash.replace(/^0x../, "0xff") as Hex;
  const other = (log: Receipt["logs"][number]) => JSON.parse(JSON.stringify(log).replaceAll(claimHash, invented));
  liarL1.lie(
    "eth_getBlockReceipts",
    ofLogs((logs) => [...logs, ...logs.filter(({ topics }) => topics.includes(claimHash)).map(other)]),
  );
  const events = stage.watch({ l1Url: liarL1.url, l1WitnessUrls: [stage.l1.url] });
  expect(await checked(events, task)).toMatchObject({ finding: "right" });
  await named(events);
  expect(JSON.stringify(events, (_, it) => `${it}`)).not.toContain(invented);
});

it("an executor's endpoint that cuts its logs short makes it neither claim twice nor leave a claim", async () => {
  const task = stage.job({ stepRoots: true });
  const first = await stage.execute("executor", task, honestSteps(1));
  const { claimHash } = (await seen(first.events, "claimed")) as unknown as { claimHash: Hex };
  await first.stop();
  liarL1.lie(
    "eth_getBlockReceipts",
    ofLogs((logs) => logs.slice(0, 0)),
  );
  const again = await stage.execute("executor", task, honestSteps(1), () => true, {
    l1Url: liarL1.url,
    l1WitnessUrls: [stage.l1.url],
  });
  await named(again.events);
  await stage.l1.warp(task.task.windowSeconds + 1);
  await until(() => again.events.find((one) => one.event === "finalized" && one.claimHash === claimHash));
  expect(again.events.filter(({ event, id }) => event === "reserved" && id === task.task.id)).toEqual([]);
});

it("an endpoint that lacks the blocks it shows, late, keeps no lie from being proved before its window ends", async () => {
  const task = stage.job({ stepRoots: true });
  const { events: claims } = await stage.execute("liar", task, liar("next_weight0"));
  const { claimHash } = (await seen(claims, "claimed")) as unknown as { claimHash: Hex };
  for (const method of ["eth_call", "eth_estimateGas", "eth_getTransactionCount"])
    liarL1.refuse(method, "header not found");
  const events = stage.watch({ l1Url: liarL1.url, l1WitnessUrls: [stage.l1.url] });
  expect(await seen(events, "proved")).toMatchObject({ claimHash, wrong: "element" });
  expect(await named(events)).toMatchObject({ code: "l1-refusal" });
});

const forgedHead: Lie = (raw) => {
  const forged = { ...(raw as RpcBlock), extraData: "0x01" } as const;
  return { ...forged, hash: keccakHex(headerRlp(formatBlock(forged))) };
};
/** Of three endpoints, the first; from the moment at which a challenger begins. Each would hold up two of them for good. */
const HOLD_UPS: Readonly<Record<string, () => void>> = {
  "forges every block": () => liarL1.lie("eth_getBlockByNumber", forgedHead),
  "tells what contracts do not say": () => liarL1.lie("eth_call", (result: string) => result.replace(/.$/, "7")),
  "says that contracts refuse everything": () => liarL1.refuse("eth_estimateGas", "execution reverted"),
  "counts no transactions, takes them all and shows none": () => {
    liarL1.lie("eth_getTransactionCount", () => "0x0");
    liarL1.lie("eth_sendRawTransaction", () => `0x${"11".repeat(32)}`);
    liarL1.lie("eth_getTransactionReceipt", () => null);
  },
};
// Each has its time of ten seconds before it is outvoted.
describe.runIf(process.env.ANH_LONG === "1")("one endpoint of three costs no challenger its window, where it", () => {
  it.each(Object.entries(HOLD_UPS))("%s", async (_, begin) => {
    const honest = await startHidingL1(stage.l1.url);
    const task = stage.job({ stepRoots: true });
    const { events: claims } = await stage.execute("liar", task, liar("next_weight0"));
    const { claimHash } = (await seen(claims, "claimed")) as unknown as { claimHash: Hex };
    begin();
    const events = stage.watch({ l1Url: liarL1.url, l1WitnessUrls: [honest.url, stage.l1.url] });
    expect(await seen(events, "proved")).toMatchObject({ claimHash, wrong: "element" });
    expect(await named(events)).toMatchObject({ code: "l1-outvoted" });
    await stage.stopAll();
    honest.stop();
  });
});

it("services whose L1 was started anew end, and say so: it has their contracts at the same addresses", async () => {
  const anew = await startL1();
  const moving = await startLyingL1(stage.l1.url);
  const task = stage.job({ stepRoots: true });
  const executor = await stage.execute("executor", task, honestSteps(1), () => true, { l1Url: moving.url });
  await seen(executor.events, "claimed");
  const events: ServiceEvent[] = [];
  const challenger = runChallenger(
    {
      chain: stage.l1.chain,
      l1Url: moving.url,
      key: devAccount("challenger").privateKey,
      folder: `${stage.folder}/moved`,
      dataUrls: [stage.nodeUrl],
      pollMs: 20,
      maxBondWei: 0n,
    },
    (event) => events.push(event),
  );
  await checked(events, task);
  moving.turnTo(anew.url);
  await expect(challenger.failed).rejects.toMatchObject({ code: "wrong-l1" });
  await expect(executor.failed).rejects.toMatchObject({ code: "wrong-l1" });
  await challenger.stop();
  moving.stop();
  anew.stop();
});
