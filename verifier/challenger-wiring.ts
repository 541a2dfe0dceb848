import { join } from "node:path";
import { concat, type Hex, keccak256, stringToHex } from "viem";
import type { ChainFile } from "../common/chain-file.ts";
import type { Task } from "../common/task.ts";
import { troubleOf } from "../common/trouble.ts";
import { startChallenger } from "./challenger.ts";
import type { Policy } from "./check/policy.ts";
import { openClaimLog } from "./claims/log.ts";
import { openClaimsReader } from "./claims/reader.ts";
import { openAccountSender, openL1 } from "./clients.ts";
import { openDataClient } from "./data/client.ts";
import { keepGraph } from "./data/keep-graph.ts";
import { openLibrary, type TensorMemory } from "./data/library.ts";
import type { LookModules } from "./dispute/look-at.ts";
import { readPublished } from "./dispute/published.ts";
import { openDisputeReader } from "./dispute/reader.ts";
import { openShelf } from "./dispute/shelf.ts";
import { openWatch } from "./dispute/watch.ts";
import type { EventSink } from "./events.ts";
import { onnxRuntime } from "./runtime/onnxruntime.ts";
import { totalRuntime } from "./runtime/total.ts";
import type { Service } from "./service.ts";
import { storeState } from "./trace/checkpoint.ts";
import { MAX_KEPT, requireRoom, roomAt, roomToCheck } from "./trace/room.ts";
import { openBlobStore } from "./trace/store.ts";

export type ChallengerSettings = {
  readonly chain: ChainFile;
  readonly l1Url: string;
  /** Other endpoints of the same L1. */
  readonly l1WitnessUrls?: readonly string[];
  readonly key: Hex;
  /** Content that was fetched; may be deleted while the challenger is down. */
  readonly folder: string;
  /** Data services that hold graphs, datasets and start states: the node. */
  readonly dataUrls: readonly string[];
  readonly pollMs: number;
  readonly maxBondWei: bigint;
  readonly demandBudgetWei?: bigint;
  /** Which segments are looked at, and how many beside each other; by default all, one after the other. */
  readonly policy?: Policy;
  readonly checkers?: number;
};

const DATA_TIMEOUT_MS = 30_000;
/**
 * What one server may make a check wait: a minute, and for each segment what computing it again takes (P7.2), but no more
 * than a quarter of the window (or that minute), whatever a job says of its graph. What it was waited for before counts, a minute
 * is left for each time.
 */
const patienceFor = ({ steps, segmentSteps, graph, windowSeconds }: Task, waitedSeconds: number): number => {
  const perSegmentMs = 1000 * Math.ceil((segmentSteps * Number(graph.flops)) / 1e10);
  const limitMs = Math.max(60_000, 250 * windowSeconds);
  const patienceMs = Math.min(60_000 + Math.ceil(steps / segmentSteps) * perSegmentMs, limitMs);
  return Math.max(60_000, patienceMs - 1000 * waitedSeconds);
};

export function runChallenger(settings: ChallengerSettings, events: EventSink): Service {
  const { chain, l1Url, l1WitnessUrls = [], key, folder } = settings;
  const l1 = openL1({ urls: [l1Url, ...l1WitnessUrls], chain, pollMs: settings.pollMs }, events);
  const sender = openAccountSender(l1, key, Math.max(4 * chain.clocks.l1BlockMs, 5000));
  const disputes = openDisputeReader(l1);
  const store = openBlobStore(join(folder, "blobs"));
  const memory: TensorMemory = new Map();
  const keptGraphs = new Set<Hex>();
  const client = (urls: readonly string[], task: Task, signal: AbortSignal, waitedSeconds: number) =>
    openDataClient({ urls, timeoutMs: DATA_TIMEOUT_MS, patienceMs: patienceFor(task, waitedSeconds), signal });
  const libraryFor: LookModules["libraryFor"] = ({ dataUrl, task }, { consumed }, signal, waitedSeconds) => {
    const urls = [...settings.dataUrls, dataUrl, ...(consumed === undefined ? [] : [consumed.dataUrl])];
    return openLibrary(store, client(urls, task, signal, waitedSeconds), memory);
  };
  const stateNotKept = (error: unknown) => events({ event: "state-not-kept", error: troubleOf(error).message });
  const service = startChallenger(
    {
      pollMs: settings.pollMs,
      maxBondWei: settings.maxBondWei,
      airgapSeconds: BigInt(chain.clocks.airgapSeconds),
      answerSeconds: BigInt(chain.clocks.answerSeconds),
      challengerSeconds: BigInt(chain.clocks.challengerSeconds),
      ...(settings.demandBudgetWei === undefined ? {} : { demandBudgetWei: settings.demandBudgetWei }),
    },
    {
      l1,
      sender,
      disputes,
      events,
      log: openClaimLog(l1.client, l1.contracts.resultClaims, l1.fromBlock),
      claims: openClaimsReader(l1.client, l1.contracts, l1.fromBlock),
      watch: openWatch({
        events,
        libraryFor,
        keep: (state) => storeState(store, state),
        shelf: openShelf(join(folder, "shelf"), MAX_KEPT, stateNotKept),
        requireRoom: (task, graph) => requireRoom(roomToCheck(task, graph), roomAt(folder)),
        keepGraph: async (root, graph) => {
          if (keptGraphs.has(root)) return;
          await keepGraph(store, root, graph);
          keptGraphs.add(root);
        },
        runtime: totalRuntime(onnxRuntime({ threads: 1 })),
        checkers: settings.checkers ?? 1,
        policy: settings.policy ?? { kind: "all" },
        // The same after a restart, and known to nobody else.
        secret: keccak256(concat([key, stringToHex("anh segments")])),
        clientFor: ({ dataUrl, task }, signal, waitedSeconds) => client([dataUrl], task, signal, waitedSeconds),
        published: ({ claimHash, l1Block }) => readPublished(l1, claimHash, l1Block),
        openedSteps:
          ({ claimHash, l1Block }) =>
          (segment) =>
            disputes.openedSteps(claimHash, segment, l1Block),
      }),
    },
  );
  events({ event: "ready", account: sender.address });
  return service;
}
