import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import express from "express";
import { bytesToHex, concatHex, type Hex, isAddressEqual, keccak256, stringToHex } from "viem";
import type { ChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";
import type { Task } from "../common/task.ts";
import { answerDuty } from "./claims/answers.ts";
import type { ConsumedClaim } from "./claims/assemble.ts";
import { type CommissionOptions, openCommissions } from "./claims/commissions.ts";
import type { Demand, DemandSource } from "./claims/demand.ts";
import { openGroundwork } from "./claims/groundwork.ts";
import { type ClaimLog, openClaimLog } from "./claims/log.ts";
import { openClaimsReader } from "./claims/reader.ts";
import { openRuns, type Runs } from "./claims/runs.ts";
import { specOf } from "./claims/spec.ts";
import { openWorkbench } from "./claims/workbench.ts";
import { openAccountSender, openL1 } from "./clients.ts";
import { openDataClient } from "./data/client.ts";
import { openLibrary, type TensorMemory } from "./data/library.ts";
import { dataRouter } from "./data/server.ts";
import type { ClaimSource } from "./data/source.ts";
import type { EventSink } from "./events.ts";
import { startExecutor } from "./executor.ts";
import type { Graph } from "./graph/graph.ts";
import { profileOf } from "./ops/judge.ts";
import { onnxRuntime } from "./runtime/onnxruntime.ts";
import { isGpu, type Provider } from "./runtime/provider.ts";
import { totalRuntime } from "./runtime/total.ts";
import type { Service } from "./service.ts";
import { DeclinedError } from "./trace/canonical.ts";
import { reproducedSteps } from "./trace/reproduced-steps.ts";
import { requireRoom, roomAt, roomFor, TooBigError } from "./trace/room.ts";
import { type Steps, stepsOf } from "./trace/steps.ts";
import { type BlobStore, openBlobStore } from "./trace/store.ts";

export type ExecutorSettings = {
  readonly chain: ChainFile;
  readonly l1Url: string;
  /** Other endpoints of the same L1. */
  readonly l1WitnessUrls?: readonly string[];
  readonly key: Hex;
  /** Checkpoints and content; may be deleted while the executor is down. */
  readonly folder: string;
  /** Port of the data service on the loopback; 0: any free one. */
  readonly dataPort: number;
  /** Where others reach the data service; by default the loopback and its port. */
  readonly dataUrl?: string;
  /** Data services that hold graphs, datasets and start states: the node. */
  readonly dataUrls: readonly string[];
  readonly pollMs: number;
  readonly maxBondWei: bigint;
  readonly takes: (demand: Demand, overturned: boolean) => boolean;
  readonly commissions?: Partial<CommissionOptions>;
};

export type ExecutorParts = {
  readonly demands: DemandSource;
  readonly openSteps: (graph: Graph, task: Task) => Promise<Steps>;
  readonly events: EventSink;
};

export type RunningExecutor = Service & { readonly dataUrl: string };

const DATA_TIMEOUT_MS = 30_000;
const RETRY_MS = 2_000;

/** `strict` is judged by the bits of one thread on a CPU; only `tolerant` tasks may use more, and of those only the ones of the gpu
 * column a graphics processor. */
export const honestSteps =
  (tolerantThreads: number, provider: Provider = "cpu"): ExecutorParts["openSteps"] =>
  async (graph, task) => {
    const profile = profileOf(task);
    const threads = profile === "strict" ? 1 : tolerantThreads;
    // What the runtime refuses to compute, a lookup of a row that is not there, fails by some element: which one has to be found.
    if (profile === "strict") return stepsOf(await totalRuntime(onnxRuntime({ threads })).open(graph));
    if (profile !== "tolerant-gpu" || !isGpu(provider)) return stepsOf(await onnxRuntime({ threads }).open(graph));
    return reproducedSteps(graph, await onnxRuntime({ threads, provider }).open(graph));
  };

/** An executor with its data service, ready to be stopped. */
export async function runExecutor(settings: ExecutorSettings, parts: ExecutorParts): Promise<RunningExecutor> {
  const { chain, l1Url, l1WitnessUrls = [], key, folder } = settings;
  const { demands, openSteps, events } = parts;
  const l1 = openL1({ urls: [l1Url, ...l1WitnessUrls], chain, pollMs: settings.pollMs }, events);
  const sender = openAccountSender(l1, key, Math.max(4 * chain.clocks.l1BlockMs, 5000));
  const store = openBlobStore(join(folder, "blobs"));
  const unclaimed = openBlobStore(join(folder, "unclaimed"));
  const own: BlobStore = { ...store, get: async (root) => (await store.get(root)) ?? unclaimed.get(root) };
  const memory: TensorMemory = new Map();
  const libraryFor = (consumed: ConsumedClaim | undefined) => {
    const urls = [...(consumed === undefined ? [] : [consumed.dataUrl]), ...settings.dataUrls];
    return openLibrary(own, openDataClient({ urls, timeoutMs: DATA_TIMEOUT_MS }), memory);
  };
  const runs = openRuns({
    folder: join(folder, "runs"),
    store,
    libraryFor,
    openSteps,
    onSegment: ({ id, segmentSteps, steps }, { index, metrics }) =>
      events({
        event: "segment",
        id,
        step: Math.min((index + 1) * segmentSteps, steps),
        steps,
        lossBits: metrics.at(-1),
      }),
  });
  const log = openClaimLog(l1.client, l1.contracts.resultClaims, l1.fromBlock);

  const app = express();
  const stored = async (root: Hex) =>
    (await store.open(root)) ?? ((await isClaimed(root, log, sender.address)) ? unclaimed.open(root) : undefined);
  app.use(dataRouter({ stored, claims: ownClaims(log, runs, sender.address) }));
  const server = createServer(app).listen(settings.dataPort, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject)).catch((cause) => {
    if (cause.code !== "EADDRINUSE") throw cause;
    throw new AnhError("port-taken", `port ${settings.dataPort} of the data service is in use`, {
      actual: settings.dataPort,
      cause,
      hint: "stop what listens there, or choose another with --data-port (0 takes any free one)",
    });
  });
  const dataUrl = settings.dataUrl ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const failed =
    (event: string) =>
    ({ id }: Task, error: unknown): void => {
      if (error instanceof DeclinedError) events({ event: "declined", id, reason: error.message, ...error.at });
      else events({ event, id, error: error instanceof Error ? error.message : String(error) });
    };
  const groundwork = openGroundwork(
    { retryMs: RETRY_MS },
    { prepare: (task, job) => runs.prepare(task, job), onFailure: failed("not-ready") },
  );
  const secret = keccak256(concatHex([key, stringToHex("anh commissions")]));
  const commissions = openCommissions(
    { weightsFolder: undefined, blind: false, validators: [], secret, ...settings.commissions },
    {
      account: sender.address,
      runs,
      store,
      unclaimed,
      library: () => libraryFor(undefined),
      requireRoom: (task, job) => requireRoom(roomFor(task, job), roomAt(folder)),
    },
  );
  const commissionGround = openGroundwork(
    { retryMs: RETRY_MS },
    { prepare: commissions.prepare, onFailure: failed("not-ready") },
  );
  const hasRoom = roomCheck(folder, events);
  const { l1BlockMs, minWindowSeconds, answerSeconds, seedDelayBlocks, reserveSeconds, airgapSeconds } = chain.clocks;
  const service = startExecutor(
    {
      pollMs: settings.pollMs,
      dataUrl,
      maxBondWei: settings.maxBondWei,
      takes: (demand, overturned) => settings.takes(demand, overturned) && hasRoom(demand),
      clocks: {
        l1BlockMs: BigInt(l1BlockMs),
        minWindowSeconds: BigInt(minWindowSeconds),
        answerSeconds: BigInt(answerSeconds),
        seedDelayBlocks: BigInt(seedDelayBlocks),
        reserveSeconds: BigInt(reserveSeconds),
        airgapSeconds: BigInt(airgapSeconds),
      },
    },
    {
      l1,
      sender,
      demands,
      log,
      events,
      reader: openClaimsReader(l1.client, l1.contracts, l1.fromBlock),
      answers: answerDuty({ l1, sender, runs, events }),
      groundwork,
      commissionGround,
      commissions,
      workbench: openWorkbench(
        { claimant: sender.address, dataUrl, salt: () => bytesToHex(randomBytes(32)), retryMs: RETRY_MS },
        {
          runs,
          onFailure: ({ task }, error) => {
            groundwork.giveUp(task.id);
            commissionGround.giveUp(task.id);
            failed("run-failed")(task, error);
          },
        },
      ),
    },
  );
  events({ event: "ready", account: sender.address, dataUrl });
  return {
    dataUrl,
    failed: service.failed,
    stop: async () => {
      await service.stop();
      await runs.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether the machine can hold a demand's run; asked before it is reserved. Each refusal is told once. */
function roomCheck(folder: string, events: EventSink): (demand: Demand) => boolean {
  const taken = new Set<Hex>();
  const refused = new Set<Hex>();
  return ({ task, job }) => {
    // What runs takes the room it was given: it is not asked for again.
    if (taken.has(task.id)) return true;
    try {
      requireRoom(roomFor(task, job), roomAt(folder));
      taken.add(task.id);
      return true;
    } catch (error) {
      if (!(error instanceof TooBigError)) throw error;
      if (!refused.has(task.id)) events({ event: "declined", id: task.id, reason: error.message });
      refused.add(task.id);
      return false;
    }
  };
}

/** Whether an own claim starts from what was delivered under this root: from then on challengers need it. */
async function isClaimed(startRoot: Hex, log: ClaimLog, account: Hex): Promise<boolean> {
  const claims = [...(await log.read()).values()];
  return claims.some(({ claim, task }) => task.startRoot === startRoot && isAddressEqual(claim.claimant, account));
}

/** Serves the traces of this account's claims. */
function ownClaims(log: ClaimLog, runs: Runs, account: Hex): ClaimSource {
  const find = async (claimHash: Hex) => {
    const claims = await log.read();
    const logged = claims.get(claimHash);
    return logged && isAddressEqual(logged.claim.claimant, account) ? specOf(logged, claims) : undefined;
  };
  return {
    segments: async (claimHash) => {
      const spec = await find(claimHash);
      return spec && (await runs.segments(spec)).map(({ record }) => record);
    },
    stepHashes: async (claimHash, segment) => {
      const spec = await find(claimHash);
      return spec && (await runs.traces(spec)).stepHashes(segment);
    },
    stepRoots: async (claimHash, step) => {
      const spec = await find(claimHash);
      return spec && (await runs.traces(spec)).roots(step);
    },
    value: async (claimHash, step, place, index) => {
      const spec = await find(claimHash);
      return spec && (await runs.traces(spec)).value(step, place, index);
    },
  };
}
