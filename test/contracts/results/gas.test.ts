// Gas of every action of a result's life on a real L1, as the services send them: a lie without step roots is opened, pointed
// at and proved; an honest claim answers one demand of each kind and becomes final. A commitment (P6.3) beside it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Abi, createWalletClient, decodeFunctionData, type Hex, http, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { devAccount, type Role } from "../../../cli/stack/accounts.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { disputesAbi } from "../../../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { PLACE } from "../../../common/graph-encoding.ts";
import { runChallenger } from "../../../verifier/challenger-wiring.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { type ExecutorParts, honestSteps, runExecutor } from "../../../verifier/executor-wiring.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { type Call, openSender } from "../../../verifier/sender.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { encodeName, nameValue } from "../../../verifier/witness/canonical.ts";
import { headerProof } from "../../../verifier/witness/proofs.ts";
import { startDataNode } from "../../support/data-node.ts";
import { expectSnapshot } from "../../support/gas-snapshot.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { LASTING } from "../../support/service-stage.ts";
import { smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";
import { storeGraph, storeTensors } from "../../support/upload.ts";

const CODE_LIMIT = 24_576;
/** A result dispute, prepared and proven (docs/protocol.md P7; 2-protocol targets). */
const DISPUTE_GAS_LIMIT = 3_000_000;

let folder: string;
let l1: TestL1;
let node: { url: string; stop: () => void };
const stops: (() => Promise<void>)[] = [];
/** As many steps as a long training has: 64 segments of 64, so that proofs are as deep and openings as long. */
const STEPS = 4096;
const task = smallTask({ salt: 77, steps: STEPS, segmentSteps: 64 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-results-gas-"));
  const store = openBlobStore(join(folder, "node"));
  for (const graph of [task.graphs.train.graph, task.graphs.infer, task.graphs.evaluate])
    await storeGraph(store, graph);
  await storeTensors(store, task.dataset.tensors);
  await storeTensors(store, task.start);
  [l1, node] = await Promise.all([startL1(), startDataNode(store)]);
});
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  l1?.stop();
  node?.stop();
  await rm(folder, { recursive: true, force: true });
});

const common = (role: Role) => ({
  chain: l1.chain,
  l1Url: l1.url,
  key: devAccount(role).privateKey,
  folder: join(folder, role),
  dataUrls: [node.url],
  pollMs: 20,
  maxBondWei: parseEther("2"),
});

async function execute(role: Role, openSteps: ExecutorParts["openSteps"], takes: (overturned: boolean) => boolean) {
  const events: ServiceEvent[] = [];
  const running = await runExecutor(
    { ...common(role), dataPort: 0, takes: (_, overturned) => takes(overturned) },
    { demands: async () => [task], openSteps, events: (event) => events.push(event) },
  );
  stops.push(running.stop);
  return events;
}

const liar: ExecutorParts["openSteps"] = (graph) =>
  lyingSteps(graph, onnxRuntime({ threads: 1 }), {
    step: 5,
    node: graph.nodes.findIndex(({ output }) => valueAt(graph, output).name === "next_weight0"),
    element: 3,
    amount: LASTING,
  });

const sees = (events: readonly ServiceEvent[], name: string) => until(() => events.find(({ event }) => event === name));

const contracts = (): readonly { address: Hex; abi: Abi; name: string }[] => [
  { address: l1.chain.contracts.resultClaims, abi: resultClaimsAbi as Abi, name: "results" },
  { address: l1.chain.contracts.demands, abi: demandsAbi as Abi, name: "demands" },
  { address: l1.chain.contracts.disputes, abi: disputesAbi as Abi, name: "disputes" },
];

type Sent = { readonly contract: string; readonly functionName: string; readonly gas: number };

/** What succeeded since the contracts were deployed. */
async function sent(): Promise<Sent[]> {
  const all: Sent[] = [];
  const head = await l1.client.getBlockNumber();
  for (let number = l1.chain.deployedAtL1Block; number <= head; number++) {
    const { transactions } = await l1.client.getBlock({ blockNumber: number, includeTransactions: true });
    for (const { to, input, hash } of transactions) {
      const contract = contracts().find(({ address }) => address.toLowerCase() === to?.toLowerCase());
      if (contract === undefined) continue;
      const { functionName } = decodeFunctionData({ abi: contract.abi, data: input });
      const { status, gasUsed } = await l1.client.getTransactionReceipt({ hash });
      if (status === "success") all.push({ contract: contract.name, functionName, gas: Number(gasUsed) });
    }
  }
  return all;
}

/** The dearest call of each function. */
function gasByFunction(all: readonly Sent[]): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const { contract, functionName, gas } of all) {
    const key = `${contract}-${functionName}`;
    figures[key] = Math.max(figures[key] ?? 0, gas);
  }
  return Object.fromEntries(Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All that a dispute is, but who pays out. */
const MOVES = ["challenge", "openSegment", "point", "prove"];

it("gas of every action is the recorded one, and every contract fits", async () => {
  await execute("liar", liar, (overturned) => !overturned);
  const honest = await execute("executor", honestSteps(1), (overturned) => overturned);
  const { stop, events } = watch();
  await sees(events, "proved");
  const dispute = (await sent()).filter(({ functionName }) => MOVES.includes(functionName));
  await l1.warp(6);
  const { claimHash } = (await sees(honest, "claimed")) as unknown as { claimHash: Hex };
  await sees(events, "collected");
  await stop();

  const account = privateKeyToAccount(devAccount("user").privateKey);
  const sender = openSender({ l1: l1.client, wallet: createWalletClient({ account, transport: http(l1.url) }) });
  const demand = async (functionName: string, args: readonly unknown[]) => {
    const before = honest.filter(({ event }) => event === "answered").length;
    const call: Call = { address: l1.chain.contracts.demands, abi: demandsAbi as Abi, functionName, args };
    await sender.sendWithBond(call, parseEther("1"));
    await until(() => (honest.filter(({ event }) => event === "answered").length > before ? true : undefined));
  };
  const graph = encodeGraph(task.graph);
  const header = headerProof(graph);
  const named = (place: number, index: number) => encodeName(graph, nameValue(graph, place, index));
  await demand("demandSegment", [claimHash, 1]);
  await demand("demandTraces", [claimHash, 1]);
  await demand("demandMetrics", [claimHash, 1]);
  await demand("demandGraph", [claimHash, task.task, 0, []]);
  await demand("demandGraph", [claimHash, task.task, 5, [header]]);
  await demand("demandStep", [claimHash, 1, 1, 0]);
  await demand("demandInput", [claimHash, task.task, header, named(PLACE.feed, 0), 0, 1]);
  await demand("demandValue", [claimHash, task.task, 1, 1, header, named(PLACE.state, 0), 0, 1]);
  const { address, abi } = contracts()[0]!;
  await sender.send({ address, abi, functionName: "commit", args: [`0x${"c0".repeat(32)}`] });
  await l1.warp(61);
  await sees(honest, "finalized");

  const figures = gasByFunction(await sent());
  expect(dispute.map(({ functionName }) => functionName)).toEqual(MOVES);
  figures["transactions-dispute-k4096"] = dispute.length;
  figures["dispute-k4096"] = dispute.reduce((sum, { gas }) => sum + gas, 0);
  // Of a claimant that serves no value roots: asked for with the pointing, then opened, a transaction more.
  const opening = figures["demands-demandStep"]! + figures["demands-openStep"]!;
  figures["dispute-k4096-step-opened"] = figures["dispute-k4096"] + opening;
  expect(figures["dispute-k4096-step-opened"]).toBeLessThan(DISPUTE_GAS_LIMIT);
  // Where the leaf holds step roots there is nothing to be opened or pointed at.
  figures["dispute-k4096-with-step-roots"] = figures["disputes-challenge"]! + figures["disputes-prove"]! + opening;
  for (const { address, name } of contracts()) {
    const size = ((await l1.client.getCode({ address }))!.length - 2) / 2;
    expect(size, name).toBeLessThanOrEqual(CODE_LIMIT);
  }
  // Services act at the same time: whether a collection leaves no bond behind, which is 4,800 gas of refund, is a matter of milliseconds.
  expectSnapshot("gas-results", figures, 0.06);
});

function watch() {
  const events: ServiceEvent[] = [];
  const { stop } = runChallenger(common("challenger"), (event) => events.push(event));
  return { events, stop };
}
