import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Abi, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount, type Role } from "../../../cli/stack/accounts.ts";
import { demandsAbi } from "../../../common/contracts/demands.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { evaluateTask, inferTask, trainTask } from "../../../common/task.ts";
import type { Demand } from "../../../verifier/claims/demand.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import {
  type ExecutorParts,
  honestSteps,
  type RunningExecutor,
  runExecutor,
} from "../../../verifier/executor-wiring.ts";
import { openSender } from "../../../verifier/sender.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf } from "../../../verifier/tensor/tensor.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { startDataNode } from "../../support/data-node.ts";
import { startL1, type TestL1 } from "../../support/l1.ts";
import { smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";
import { storeGraph, storeTensors } from "../../support/upload.ts";

const trained = smallTask({ flags: JOB_FLAG.soft, deadline: 2n ** 40n });
const sequential = smallTask({ flags: JOB_FLAG.sequentialRows, rows: 80, stepRoots: true });
const image = { dtype: "uint8" as const, shape: [1, 12], data: new Uint8Array(12).fill(9) };
const infer = inferTask(trained.job, tensorRoot(bytesOf(image)));
const evaluate = evaluateTask(trained.job, trained.job.datasetRoot, 50);
/** No id of L1's: every look at it throws, and must not keep the executor from the others. */
const hostile: Demand = { job: trained.job, task: { ...trained.task, id: "0x12" } };
/** No machine holds its state: it is never reserved, and said once why. */
const hugeJob = { ...trained.job, stateBytes: 2n ** 62n };
const huge: Demand = { job: hugeJob, task: trainTask(hugeJob) };
const demands: Demand[] = [
  trained,
  sequential,
  { job: trained.job, task: infer },
  { job: trained.job, task: evaluate },
];

let folder: string;
let l1: TestL1;
let node: { url: string; stop: () => void };
const events: ServiceEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-executor-"));
  const store = openBlobStore(join(folder, "node"));
  for (const { graphs, dataset, start } of [trained, sequential]) {
    for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate]) await storeGraph(store, graph);
    await storeTensors(store, dataset.tensors);
    await storeTensors(store, start);
  }
  await storeTensors(store, datasetOf([image]).tensors);
  [l1, node] = await Promise.all([startL1(), startDataNode(store)]);
});
afterAll(async () => {
  l1?.stop();
  node?.stop();
  await rm(folder, { recursive: true, force: true });
});

const start = (
  parts: Partial<ExecutorParts> = {},
  chain = l1.chain,
  role: Role = "executor",
): Promise<RunningExecutor> =>
  runExecutor(
    {
      chain,
      l1Url: l1.url,
      key: devAccount(role).privateKey,
      folder: join(folder, role),
      dataPort: 0,
      dataUrls: [node.url],
      pollMs: 20,
      maxBondWei: 2n * 10n ** 18n,
      takes: () => true,
    },
    {
      demands: async () => [hostile, huge, ...demands],
      openSteps: honestSteps(1),
      events: (event) => events.push(event),
      ...parts,
    },
  );

const results = () => ({ address: l1.chain.contracts.resultClaims, abi: resultClaimsAbi }) as const;
const liveClaim = ({ task }: Pick<Demand, "task">) =>
  l1.client.readContract({ ...results(), functionName: "liveClaim", args: [task.id] });
const claimOf = async (demand: Pick<Demand, "task">) =>
  l1.client.readContract({ ...results(), functionName: "claimOf", args: [await liveClaim(demand)] });

/** Asks something of a claim whose claimant is down, until the answer is overdue. */
async function fallForSilence(claimHash: Hex): Promise<void> {
  const account = privateKeyToAccount(devAccount("user").privateKey);
  const sender = openSender({ l1: l1.client, wallet: createWalletClient({ account, transport: http(l1.url) }) });
  const contract = { address: l1.chain.contracts.demands, abi: demandsAbi as Abi };
  await sender.sendWithBond({ ...contract, functionName: "demandSegment", args: [claimHash, 0] }, 10n ** 18n);
  const [asked] = await l1.client.getContractEvents({
    ...contract,
    eventName: "Asked",
    args: { claimHash },
    fromBlock: 0n,
    strict: true,
  });
  await l1.warp(31);
  const { key } = asked!.args as unknown as { key: Hex };
  await sender.send({ ...contract, functionName: "timeout", args: [key] });
}

describe("an executor", () => {
  it("claims what L2 demands, through a kill on the way, and finalizes it", async () => {
    const first = await start();
    await until(() => events.find(({ event }) => event === "reserved"));
    await first.stop();
    const second = await start();
    for (const demand of demands)
      await until(async () => ((await claimOf(demand)).status === CLAIM_STATUS.open ? true : undefined));
    await l1.warp(61);
    for (const demand of demands)
      await until(async () => ((await claimOf(demand)).status === CLAIM_STATUS.final ? true : undefined));
    await second.stop();
    expect(events.filter(({ event }) => event === "claimed")).toHaveLength(demands.length);
    expect(events.filter(({ event }) => event === "reserved")).toHaveLength(1);
    const declined = events.filter(({ event }) => event === "declined");
    expect(declined).toHaveLength(2); // once per start
    expect(declined[0]).toMatchObject({ id: huge.task.id, reason: expect.stringContaining("memory") });
    expect(events.find(({ event }) => event === "round-failed")).toMatchObject({ id: hostile.task.id });
  });

  it("leaves to others what they were faster at, and says once who they are", async () => {
    const told: ServiceEvent[] = [];
    let rounds = 0;
    const slower = await start(
      {
        demands: async () => {
          rounds++;
          return demands;
        },
        events: (event) => told.push(event),
      },
      l1.chain,
      "liar",
    );
    await until(() => rounds > 3 || undefined);
    await slower.stop();
    const by = devAccount("executor").address;
    expect(told.slice(1)).toEqual(demands.map(({ task }) => ({ event: "taken", id: task.id, by })));
  });

  it("gives up what L1 takes no claim of", async () => {
    const short = smallTask({ flags: JOB_FLAG.sequentialRows, rows: 80, windowSeconds: 59, salt: 8 });
    const blind = { ...l1.chain, clocks: { ...l1.chain.clocks, minWindowSeconds: 0 } };
    const told: ServiceEvent[] = [];
    const asked = { rounds: 0 };
    const running = await start(
      {
        demands: async () => {
          asked.rounds++;
          return [short];
        },
        events: (event) => told.push(event),
      },
      blind,
    );
    await until(() => told.find(({ event }) => event === "declined"));
    const { rounds } = asked;
    await until(() => asked.rounds > rounds + 3 || undefined);
    await running.stop();
    expect(told.filter(({ error }) => error === "JobInvalid")).toHaveLength(1);
    expect(told.filter(({ event }) => event === "declined")).toMatchObject([
      { id: short.task.id, reason: expect.stringContaining("windowSeconds") },
    ]);
  });

  it("claims once more what fell for a late answer, and gives up what falls again", async () => {
    const late = smallTask({ deadline: 2n ** 40n, salt: 9 });
    const parts = { demands: async () => [late] };
    const claims: Hex[] = [];
    for (const fall of [1, 2]) {
      const running = await start(parts);
      await until(async () => ((await claimOf(late)).status === CLAIM_STATUS.open ? true : undefined));
      await running.stop();
      claims.push(await liveClaim(late));
      await fallForSilence(claims.at(-1)!);
      await l1.warp(6);
      expect((await claimOf(late)).status, `fall ${fall}`).toBe(CLAIM_STATUS.none);
    }
    expect(claims[0]).not.toBe(claims[1]);
    const last = await start(parts);
    await until(() => events.find(({ event, claimHash }) => event === "given-up" && claimHash === claims[1]));
    await last.stop();
    expect(events.filter(({ event, claimHash }) => event === "given-up" && claimHash === claims[0])).toEqual([]);
  });
});
