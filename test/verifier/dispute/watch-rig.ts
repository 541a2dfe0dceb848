// A watch over claims whose claimants serve what they computed, or serve nothing, or lie.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { ZERO_HASH } from "../../../common/hash.ts";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import { evidenceOf } from "../../../verifier/check/evidence.ts";
import type { Policy } from "../../../verifier/check/policy.ts";
import type { Published } from "../../../verifier/check/published.ts";
import { type DataClient, openDataClient } from "../../../verifier/data/client.ts";
import { keepGraph } from "../../../verifier/data/keep-graph.ts";
import { openLibrary } from "../../../verifier/data/library.ts";
import type { RequireRoom } from "../../../verifier/dispute/inputs.ts";
import type { LookModules } from "../../../verifier/dispute/look-at.ts";
import { openShelf } from "../../../verifier/dispute/shelf.ts";
import { openWatch, type Watch, type Window } from "../../../verifier/dispute/watch.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import { storeState } from "../../../verifier/trace/checkpoint.ts";
import { MAX_KEPT } from "../../../verifier/trace/room.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { serveClaim } from "../../support/served-claim.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";
import { storeGraph, storeTensors } from "../../support/upload.ts";

/** Of the long claims. */
export const SEGMENTS = 6;
export const inOrder = Array.from({ length: SEGMENTS }, (_, segment) => segment);
/** In L1 seconds. */
export const NOW = 1000n;
export const SILENT = openDataClient({ urls: [], timeoutMs: 1000 });

const runtime = onnxRuntime({ threads: 1 });
const long = smallTask({ steps: 12, segmentSteps: 2, tolerant: true });
const strict = smallTask({ steps: 12, segmentSteps: 2, salt: 2 });
const other = smallTask({ steps: 4, segmentSteps: 2, stepRoots: true, salt: 1 });

type Claims = Readonly<Record<"long" | "hidden" | "dark" | "other" | "lie" | "darkLie", ClaimSubject>>;

export type WatchRig = Awaited<ReturnType<typeof openWatchRig>>;

export async function openWatchRig() {
  const folder = mkdtempSync(join(tmpdir(), "anh-watch-"));
  const store = openBlobStore(join(folder, "blobs"));
  const stops: (() => Promise<void>)[] = [];

  async function claimOf(task: SmallTask, lies: boolean, hidden: readonly number[] = []): Promise<ClaimSubject> {
    const node = task.graph.nodes.findIndex(({ op }) => op === "Exp");
    const lie = { step: 3, node, element: 3, amount: { unit: "ulp", count: 4096 } } as const;
    const steps = lies ? await lyingSteps(task.graph, runtime, lie) : stepsOf(await runtime.open(task.graph));
    const { subject, stop } = await serveClaim(task, steps, hidden);
    stops.push(stop);
    return subject;
  }

  for (const { graph, dataset, start } of [long, strict, other]) {
    await storeGraph(store, graph);
    await storeTensors(store, dataset.tensors);
    await storeTensors(store, start);
  }
  const hiddenLie = { ...(await claimOf(strict, true)), claimHash: `0x${"d1".repeat(32)}` } as const;
  const claims: Claims = {
    long: await claimOf(long, false),
    hidden: await claimOf(strict, false, [...Array(12).keys()]),
    dark: { ...(await claimOf(strict, false)), claimHash: `0x${"da".repeat(32)}`, data: SILENT },
    other: await claimOf(other, false),
    lie: await claimOf({ ...other, seed: `0x${"5f".repeat(32)}` }, true),
    darkLie: { ...hiddenLie, data: SILENT },
  };
  const records = await hiddenLie.data.segments(hiddenLie.claimHash, SEGMENTS);

  const looked = new Map<Hex, ClaimSubject>();
  const rig = {
    folder,
    /** A test may have another claimant stand in for one. */
    claims,
    clockMs: 0,
    /** What whatever is computed takes, by that clock. */
    computeMs: 0,
    /** By the names of the claims whose data was asked for. */
    waited: [] as [string, number][],
    events: [] as ServiceEvent[],
    onEvent: (_: ServiceEvent): void => {},
    onRoots: async (_: Hex): Promise<void> => {},
    /** What a claimant serves whoever asks until the signal. */
    dataOf: ({ data }: ClaimSubject, _: AbortSignal): DataClient => data,
    /** What L1 shows of every claim. */
    published: { leaf: () => undefined, opened: () => undefined } as Partial<Published>,
    /** What the claimant of the dark lie serves to nobody. */
    lieData: hiddenLie.data,
    /** The leaf of a segment of the dark lie, as its claimant publishes it. */
    darkLeaf: (segment: number) => evidenceOf(records, [ZERO_HASH], segment, 0).segment,
    watch: undefined as Watch | undefined,
    open,
    look,
    told,
    segmentsOf,
    found: (claim: ClaimSubject) => until(() => told("checked", claim)[0]),
    once,
    stop: async () => {
      rig.onEvent = () => {};
      rig.computeMs = 0;
      rig.dataOf = ({ data }) => data;
      rig.published = { leaf: () => undefined, opened: () => undefined };
      await rig.watch?.stop();
    },
    close: async () => {
      for (const stop of stops) await stop();
      rmSync(folder, { recursive: true });
    },
  };

  function open(
    checkers = 1,
    policy: Policy = { kind: "all" },
    onSegment = () => {},
    requireRoom: RequireRoom = () => {},
    places = MAX_KEPT,
  ): Watch {
    rig.events = [];
    rig.waited = [];
    const open = async (graph: Graph): Promise<Session> => {
      const session = await runtime.open(graph);
      const segment: Session["segment"] = (...args) => {
        onSegment();
        rig.clockMs += rig.computeMs;
        return session.segment(...args);
      };
      const step: Session["step"] = (...args) => {
        rig.clockMs += rig.computeMs;
        return session.step(...args);
      };
      const values: Session["values"] = (...args) => {
        rig.clockMs += rig.computeMs;
        return session.values(...args);
      };
      return { ...session, segment, step, values };
    };
    const modules: LookModules = {
      runtime: { ...runtime, open },
      clientFor: ({ claimHash }, signal, waitedSeconds) => {
        const isIt = (claim: ClaimSubject) => claim.claimHash === claimHash;
        const [name, claim] = Object.entries(rig.claims).find(([, claim]) => isIt(claim)) ?? [
          "",
          looked.get(claimHash)!,
        ];
        rig.waited.push([name, waitedSeconds]);
        return rig.dataOf(claim, signal);
      },
      libraryFor: (_logged, _spec, signal) => {
        const library = openLibrary(store, openDataClient({ urls: [], timeoutMs: 1000, signal }));
        return { ...library, roots: async (...args) => (await rig.onRoots(args[0])) ?? library.roots(...args) };
      },
      openedSteps: () => async () => undefined,
      published: async () => rig.published as Published,
      keep: (state) => storeState(store, state),
      keepGraph: (root, graph) => keepGraph(store, root, graph),
      shelf: openShelf(join(folder, "shelf"), places, (error) => rig.events.push({ event: "state-not-kept", error })),
      requireRoom,
      events: (event) => {
        rig.events.push(event);
        rig.onEvent(event);
      },
      checkers,
      policy,
      secret: `0x${"42".repeat(32)}`,
    };
    rig.watch = openWatch(modules, () => rig.clockMs);
    return rig.watch;
  }

  function look(subject: ClaimSubject, window: Partial<Window> = {}) {
    const { claimHash, claim, inputs } = subject;
    looked.set(claimHash, subject);
    const { task, seed } = inputs;
    const logged = { claimHash, claim, task, dataUrl: "", l1Block: 1n };
    const { until = NOW + 60n, nowSeconds = NOW } = window;
    const { usefulUntil = until } = window;
    return rig.watch!.look(logged, { task, seed, consumed: undefined }, { until, usefulUntil, nowSeconds });
  }
  function told(name: string, { claimHash }: ClaimSubject) {
    return rig.events.filter((event) => event.event === name && event.claimHash === claimHash);
  }
  function segmentsOf(claim: ClaimSubject) {
    return told("segment-checked", claim).map(({ segment }) => segment as number);
  }
  /** Once, in the moment in which the first segments of a claim are checked. */
  function once(count: number, of: ClaimSubject, act: () => void): void {
    let isDone = false;
    rig.onEvent = () => {
      if (isDone || segmentsOf(of).length < count) return;
      isDone = true;
      act();
    };
  }

  return rig;
}
