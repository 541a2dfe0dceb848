import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createPublicClient, type Hex, http } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import type { Policy } from "../../../verifier/check/policy.ts";
import { type DataClient, DataUnavailableError, openDataClient } from "../../../verifier/data/client.ts";
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
import { MAX_KEPT, requireRoom, roomAt, roomToCheck } from "../../../verifier/trace/room.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { serveClaim } from "../../support/served-claim.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";
import { storeGraph, storeTensors } from "../../support/upload.ts";

test("an event about a failed check is without the endpoint's credentials", async () => {
  const l1 = createPublicClient({ transport: http("http://127.0.0.1:1/v3/APIKEY", { retryCount: 0 }) });
  const graph = async () => {
    throw new DataUnavailableError("graph", "not served");
  };
  const events: object[] = [];
  const watch = openWatch({
    libraryFor: () => ({ graph }),
    published: () => l1.getBlockNumber(),
    events: (event: object) => void events.push(event),
    checkers: 1,
    secret: "0x5ec7e7",
    shelf: { clear: () => {} },
  } as never);
  const spec = { task: { id: "0x02", flags: 0, graph: { root: "0x03" } } };
  const window = { until: 9n, usefulUntil: 9n, nowSeconds: 1n };
  watch.look({ claimHash: "0x01", claim: { id: "0x02" } } as never, spec as never, window);
  await until(() => events[0]);
  await watch.stop();
  const error = "http://127.0.0.1:1/… does not answer";
  expect(events).toEqual([{ event: "check-failed", claimHash: "0x01", error }]);
});

describe("a check that is under way", () => {
  const SEGMENTS = 6;
  const NOW = 1000n;
  const runtime = onnxRuntime({ threads: 1 });
  const folder = mkdtempSync(join(tmpdir(), "anh-watch-"));
  const store = openBlobStore(join(folder, "blobs"));
  const long = smallTask({ steps: 12, segmentSteps: 2, tolerant: true });
  const strict = smallTask({ steps: 12, segmentSteps: 2, salt: 2 });
  const other = smallTask({ steps: 4, segmentSteps: 2, stepRoots: true, salt: 1 });
  const SILENT = openDataClient({ urls: [], timeoutMs: 1000 });
  let stops: (() => Promise<void>)[] = [];
  let claims: Readonly<Record<"long" | "hidden" | "dark" | "other" | "lie", ClaimSubject>>;

  async function claimOf(task: SmallTask, lies: boolean, hidden: readonly number[] = []): Promise<ClaimSubject> {
    const node = task.graph.nodes.findIndex(({ op }) => op === "Exp");
    const lie = { step: 3, node, element: 3, amount: { unit: "ulp", count: 4096 } } as const;
    const steps = lies ? await lyingSteps(task.graph, runtime, lie) : stepsOf(await runtime.open(task.graph));
    const { subject, stop } = await serveClaim(task, steps, hidden);
    stops.push(stop);
    return subject;
  }

  beforeAll(async () => {
    for (const { graph, dataset, start } of [long, strict, other]) {
      await storeGraph(store, graph);
      await storeTensors(store, dataset.tensors);
      await storeTensors(store, start);
    }
    claims = {
      long: await claimOf(long, false),
      hidden: await claimOf(strict, false, [...Array(12).keys()]),
      dark: { ...(await claimOf(strict, false)), claimHash: `0x${"da".repeat(32)}`, data: SILENT },
      other: await claimOf(other, false),
      lie: await claimOf({ ...other, seed: `0x${"5f".repeat(32)}` }, true),
    };
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    stops = [];
    rmSync(folder, { recursive: true });
  });

  let clockMs = 0;
  /** By the names of the claims whose data was asked for. */
  let waited: [string, number][] = [];
  let onRoots = async (_: Hex): Promise<void> => {};
  let events: ServiceEvent[] = [];
  let onEvent = (_: ServiceEvent): void => {};
  let watch: Watch | undefined;
  afterEach(async () => {
    onEvent = () => {};
    await watch?.stop();
  });

  function open(
    checkers = 1,
    policy: Policy = { kind: "all" },
    onSegment = () => {},
    requireRoom: RequireRoom = () => {},
    places = MAX_KEPT,
  ): Watch {
    events = [];
    waited = [];
    const open = async (graph: Graph): Promise<Session> => {
      const session = await runtime.open(graph);
      const segment: Session["segment"] = (...args) => {
        onSegment();
        return session.segment(...args);
      };
      return { ...session, segment };
    };
    const modules: LookModules = {
      runtime: { ...runtime, open },
      clientFor: ({ claimHash }, _signal, waitedSeconds) => {
        const [name, { data }] = Object.entries(claims).find(([, claim]) => claim.claimHash === claimHash)!;
        waited.push([name, waitedSeconds]);
        return data;
      },
      libraryFor: (_logged, _spec, signal) => {
        const library = openLibrary(store, openDataClient({ urls: [], timeoutMs: 1000, signal }));
        return { ...library, roots: async (...args) => (await onRoots(args[0])) ?? library.roots(...args) };
      },
      openedSteps: () => async () => undefined,
      published: async () => ({ leaf: () => undefined }) as never,
      keep: (state) => storeState(store, state),
      keepGraph: (root, graph) => keepGraph(store, root, graph),
      shelf: openShelf(join(folder, "shelf"), places),
      requireRoom,
      events: (event) => {
        events.push(event);
        onEvent(event);
      },
      checkers,
      policy,
      secret: `0x${"42".repeat(32)}`,
    };
    watch = openWatch(modules, () => clockMs);
    return watch;
  }

  const look = ({ claimHash, claim, inputs }: ClaimSubject, window: Partial<Window> = {}) => {
    const { task, seed } = inputs;
    const logged = { claimHash, claim, task, dataUrl: "", l1Block: 1n };
    const { until = NOW + 60n, nowSeconds = NOW } = window;
    const { usefulUntil = until } = window;
    return watch!.look(logged, { task, seed, consumed: undefined }, { until, usefulUntil, nowSeconds });
  };
  const told = (name: string, { claimHash }: ClaimSubject) =>
    events.filter((event) => event.event === name && event.claimHash === claimHash);
  const segmentsOf = (claim: ClaimSubject) => told("segment-checked", claim).map(({ segment }) => segment as number);
  const found = (claim: ClaimSubject) => until(() => told("checked", claim)[0]);
  /** Once, in the moment in which the first segments of a claim are checked. */
  const once = (count: number, of: ClaimSubject, act: () => void) => {
    let isDone = false;
    onEvent = () => {
      if (isDone || segmentsOf(of).length < count) return;
      isDone = true;
      act();
    };
  };
  const inOrder = Array.from({ length: SEGMENTS }, (_, segment) => segment);

  it("is given up once its claim is decided, and looked at anew if a fork of L1 opens it again", async () => {
    open();
    const { long } = claims;
    once(2, long, () => watch!.forget(long.claimHash as Hex));
    look(long);
    const { reason, segmentsChecked } = await until(() => told("check-broken-off", long)[0]);
    expect({ reason, segmentsChecked }).toEqual({ reason: "decided", segmentsChecked: 2 });
    expect(told("checked", long)).toEqual([]);
    await until(() => (look(long).finding.kind === "right" ? true : undefined));
    expect(segmentsOf(long)).toEqual([0, 1, ...inOrder]);
  });

  it("that this machine cannot hold is not begun, is said, and keeps nobody from the others", async () => {
    const { long, other } = claims;
    open(1, { kind: "all" }, undefined, ({ id }) => {
      if (id === long.inputs.task.id)
        requireRoom(
          { memoryBytes: 2n, heapBytes: 0n, diskBytes: 0n },
          { memoryBytes: 1n, heapBytes: 0n, diskBytes: 0n },
        );
    });
    look(long, { until: NOW + 10n });
    look(other);
    await found(other);
    expect(told("check-failed", long)[0]!.error).toMatch(/may take 2 bytes of memory, 1 may be used/);
    expect(segmentsOf(long)).toEqual([]);
  });

  it.each([
    [1, "all", { kind: "all" } as const],
    [2, "all", { kind: "all" } as const],
    [1, "a sample", { kind: "sample", share: 0.5 } as const],
  ])(
    "of more segments than a machine could hold is not begun, and ends nothing else (%i at once: %s)",
    async (checkers, _, policy) => {
      open(checkers, policy, undefined, (task, graph) => requireRoom(roomToCheck(task, graph), roomAt(folder)));
      const { other } = claims;
      const small = smallTask();
      const many = { ...small, task: { ...small.task, steps: 2 ** 32 - 1, segmentSteps: 1 } };
      const absurd: ClaimSubject = {
        claimHash: `0x${"ab".repeat(32)}`,
        claim: { ...other.claim, id: many.task.id },
        inputs: many,
        data: SILENT,
      };
      look(absurd, { until: NOW + 10n });
      look(other);
      expect((await found(other)).finding).toBe("right");
      expect(told("check-failed", absurd)[0]!.error).toMatch(/bytes of (memory|heap)/);
      // Its claimant is asked on L1, as one that serves nothing: silence loses it.
      expect(look(absurd).finding.kind).toBe("unavailable");
    },
  );

  it("that only waits is never begun once its claim is decided", async () => {
    open();
    const { long, other } = claims;
    look(long, { until: NOW + 10n });
    look(other);
    watch!.forget(other.claimHash);
    await found(long);
    await watch!.stop();
    expect(events.filter(({ claimHash }) => claimHash === other.claimHash)).toEqual([]);
  });

  it.each([
    ["in the last second", 0n, 0n, "right"],
    ["a second later", 1n, 0n, "unknown"],
    ["a second later, for who has challenged", 1n, 1n, "right"],
  ])("ends with its window: %s", async (_, late, useful, finding) => {
    open();
    const { long } = claims;
    const window = { until: NOW, usefulUntil: NOW + useful };
    once(2, long, () => look(long, { ...window, nowSeconds: NOW + late }));
    look(long, window);
    const isOver = ({ event }: ServiceEvent) => event === "checked" || event === "check-broken-off";
    expect((await until(() => events.find(isOver))).finding ?? "unknown").toBe(finding);
    expect(segmentsOf(long).length).toBe(finding === "right" ? SEGMENTS : 2);
    // Nothing is begun again, but where the window is longer than it was.
    look(long, { until: NOW + 2n, nowSeconds: NOW + late });
    await until(() => (look(long, { until: NOW + 2n }).finding.kind === "right" ? true : undefined));
  });

  it.each([
    [1, "one after the other", { kind: "all" } as const],
    [1, "a sample of all", { kind: "sample", share: 1 } as const],
    [2, "two at once", { kind: "all" } as const],
  ])("gives way to a more urgent one and goes on where it stood (%i at once: %s)", async (checkers, _, policy) => {
    open(checkers, policy);
    const { long, lie } = claims;
    once(2, long, () => look(lie, { until: NOW + 59n }));
    look(long);
    expect(await found(lie)).toMatchObject({ finding: "wrong", step: 3 });
    expect(told("checked", long)).toEqual([]);
    expect((await found(long)).finding).toBe("right");
    // Each of them once.
    expect(segmentsOf(long).sort()).toEqual(inOrder);
    expect(told("check-broken-off", long).map(({ reason }) => reason)).toEqual(["gave-way"]);
  });

  it("gives way to a lie that ends sooner, however often it gave way to right claims before", async () => {
    open();
    const { long, other, lie } = claims;
    onEvent = (event) => {
      if (event.event !== "segment-checked" || event.claimHash !== long.claimHash) return;
      if (segmentsOf(long).length <= MAX_KEPT) {
        watch!.forget(other.claimHash);
        look(other, { until: NOW + 10n });
      } else if (segmentsOf(long).length < SEGMENTS) look(lie, { until: NOW + 20n });
    };
    look(long);
    expect(await found(lie)).toMatchObject({ finding: "wrong", step: 3 });
    expect(told("checked", long)).toEqual([]);
    expect((await found(long)).finding).toBe("right");
    expect(segmentsOf(long)).toEqual(inOrder);
    // Nothing stays behind.
    await until(() => readdirSync(join(folder, "shelf")).length === 0 || undefined);
  });

  it("gives way to a lie that ends sooner, however often its own run gave way beside a claim of which nothing is served", async () => {
    const { dark, other, lie } = claims;
    let computed = 0;
    open(1, { kind: "all" }, () => {
      computed += 1;
      if (computed <= MAX_KEPT) {
        watch!.forget(other.claimHash);
        look(other, { until: NOW + 10n });
      } else look(lie, { until: NOW + 20n });
    });
    look(dark);
    expect(await found(lie)).toMatchObject({ finding: "wrong", step: 3 });
    expect(told("checked", dark)).toEqual([]);
    expect((await found(dark)).finding).toBe("right");
    expect(computed).toBe(SEGMENTS);
  });

  it("of which no state could stay begins anew after the others, and is done", async () => {
    open(1, { kind: "all" }, undefined, undefined, 1);
    const { long, hidden, lie } = claims;
    let step = 0;
    onEvent = () => {
      if (step === 0 && segmentsOf(long).length === 2) {
        step = 1;
        look(hidden, { until: NOW + 40n });
      } else if (step === 1 && segmentsOf(hidden).length === 3) {
        step = 2;
        look(lie, { until: NOW + 20n });
      }
    };
    look(long);
    expect((await found(long)).finding).toBe("right");
    // The more urgent one has the one place.
    expect(segmentsOf(hidden)).toEqual(inOrder);
    expect(segmentsOf(long)).toEqual([0, 1, ...inOrder]);
    expect(events.filter(({ event }) => event === "checked").map(({ claimHash }) => claimHash)).toEqual(
      [lie, hidden, long].map(({ claimHash }) => claimHash),
    );
  });

  /** Their claimants let whoever asks for a part wait until they serve, and are deaf to who goes away. */
  async function withStalled<K extends "stepHashes" | "segments">(
    names: readonly ("long" | "hidden" | "other")[],
    part: K,
    isStalled: (...args: Parameters<DataClient[K]>) => boolean,
    act: (asked: readonly string[], serve: () => void) => Promise<void>,
  ): Promise<void> {
    const before = claims;
    const served = Promise.withResolvers<void>();
    const asked: string[] = [];
    const stalled = (name: (typeof names)[number]): ClaimSubject => {
      const { data } = claims[name];
      const ask = async (...args: Parameters<DataClient[K]>) => {
        if (isStalled(...args)) {
          asked.push(name);
          await served.promise;
        }
        return (data[part] as (...args: Parameters<DataClient[K]>) => unknown)(...args);
      };
      return { ...claims[name], data: { ...data, [part]: ask } };
    };
    claims = { ...claims, ...Object.fromEntries(names.map((name) => [name, stalled(name)])) };
    try {
      await act(asked, served.resolve);
    } finally {
      served.resolve();
      await watch!.stop();
      claims = before;
    }
  }

  it.each([1, 2])(
    "gives way to a lie that ends sooner while it waits for its claimant's data (%i at once)",
    async (checkers) => {
      open(checkers);
      await withStalled(
        ["long"],
        "segments",
        () => true,
        async (asked, serve) => {
          const { long, lie } = claims;
          look(long, { until: NOW + 2_592_000n });
          await until(() => asked[0]);
          clockMs += 7000;
          look(lie, { until: NOW + 3600n });
          expect(await found(lie)).toMatchObject({ finding: "wrong" });
          expect(told("check-broken-off", long)[0]).toMatchObject({ reason: "gave-way" });
          serve();
          expect((await found(long)).finding).toBe("right");
          // What it was waited for is not waited again.
          expect(waited).toEqual([
            ["long", 0],
            ["lie", 0],
            ["long", 7],
          ]);
        },
      );
    },
  );

  it("that gave way where it waited goes on behind the last segment found right", async () => {
    open();
    await withStalled(
      ["long"],
      "stepHashes",
      (_, segment) => segment === 3,
      async (asked, serve) => {
        const { long, lie } = claims;
        look(long);
        await until(() => asked[0]);
        look(lie, { until: NOW + 20n });
        await found(lie);
        serve();
        expect((await found(long)).finding).toBe("right");
        expect(segmentsOf(long)).toEqual(inOrder);
      },
    );
  });

  it("gives way to none that ends later while it waits", async () => {
    open();
    await withStalled(
      ["long"],
      "segments",
      () => true,
      async (asked, serve) => {
        const { long, other } = claims;
        look(long);
        await until(() => asked[0]);
        look(other, { until: NOW + 61n });
        clockMs += 20_000;
        look(other, { until: NOW + 61n });
        serve();
        await found(other);
        expect(told("check-broken-off", long)).toEqual([]);
      },
    );
  });

  it("of silent claimants keeps nobody waiting but for their lead, and they take turns", async () => {
    open();
    await withStalled(
      ["long", "hidden"],
      "segments",
      () => true,
      async (asked, serve) => {
        const { long, hidden, lie } = claims;
        const lookAll = () => {
          look(long, { until: NOW + 300n });
          look(hidden, { until: NOW + 300n });
          look(lie, { until: NOW + 390n });
        };
        lookAll();
        await until(() => asked[0]);
        for (const expected of [["long"], ["long", "hidden"]]) {
          expect(asked).toEqual(expected);
          // Each is waited for a minute; twice that is more than their lead.
          clockMs += 61_000;
          lookAll();
          if (expected.length === 1) await until(() => asked[1]);
        }
        expect(await found(lie)).toMatchObject({ finding: "wrong" });
        // Then for twice as long in turn, so that each gets what it takes.
        await until(() => asked[2]);
        clockMs += 61_500;
        lookAll();
        await until(() => asked[3]);
        expect(asked).toEqual(["long", "hidden", "long", "hidden"]);
        serve();
        expect((await found(long)).finding).toBe("right");
        expect((await found(hidden)).finding).toBe("right");
      },
    );
  });

  it("of a claimant that serves slowly is not put behind what can wait: only computing counts as work", async () => {
    open();
    const { lie, other } = claims;
    const { data } = lie;
    const stepHashes: typeof data.stepHashes = async (...args) => {
      await sleep(1500);
      return data.stepHashes(...args);
    };
    claims = { ...claims, lie: { ...lie, data: { ...data, stepHashes } } };
    try {
      look(claims.lie, { until: NOW + 2n });
      look(other, { until: NOW + 5000n });
      expect(await found(lie)).toMatchObject({ finding: "wrong" });
      expect(told("checked", other)).toEqual([]);
    } finally {
      claims = { ...claims, lie };
    }
  });

  it("goes on where it stood though its claimant serves no state in between", async () => {
    open();
    const { hidden, lie } = claims;
    once(4, hidden, () => look(lie, { until: NOW + 59n }));
    look(hidden);
    await found(lie);
    expect(told("checked", hidden)).toEqual([]);
    expect((await found(hidden)).finding).toBe("right");
    expect(segmentsOf(hidden)).toEqual(inOrder);
  });

  it("goes on with an own run where it stood, of a claim of which nothing is served", async () => {
    let computed = 0;
    const { dark, lie } = claims;
    open(1, { kind: "all" }, () => {
      computed += 1;
      if (computed === 3) look(lie, { until: NOW + 59n });
    });
    look(dark);
    await found(lie);
    expect(told("checked", dark)).toEqual([]);
    expect((await found(dark)).finding).toBe("right");
    expect(computed).toBe(SEGMENTS);
    expect(told("check-broken-off", dark)).toHaveLength(1);
  });

  it.each([
    ["no sooner", 60n],
    ["later", 61n],
  ])("gives way to none that ends %s", async (_, end) => {
    open();
    const { long, other } = claims;
    once(2, long, () => look(other, { until: NOW + end }));
    look(long);
    await found(other);
    expect(told("check-broken-off", long)).toEqual([]);
    expect(told("checked", long)).toHaveLength(1);
  });

  it("that cannot end in time gives way to a lie that is in reach, though that ends later", async () => {
    open();
    const { long, lie } = claims;
    // In its last second, and five segments are left: by any machine's pace too many once a second is too few.
    once(1, long, () => {
      look(lie, { until: NOW + 500n });
      look(long, { until: NOW });
    });
    look(long, { until: NOW });
    await found(lie);
    expect(told("checked", long)).toEqual([]);
    await found(long);
    expect(segmentsOf(long)).toEqual(inOrder);
  });

  it("that is only compared gives way while it waits for the claimed end", async () => {
    open();
    const { long, lie } = claims;
    const served = Promise.withResolvers<void>();
    let isAsked = false;
    onRoots = async (root) => {
      if (root !== long.claim.resultRoot) return;
      isAsked = true;
      await served.promise;
    };
    look(long);
    await until(() => isAsked || undefined);
    look(lie);
    expect(await found(lie)).toMatchObject({ finding: "wrong" });
    served.resolve();
    expect((await until(() => told("compared", long)[0])).honestWordsDiffering).toBe(0);
    onRoots = async () => {};
  });

  it("is compared with an own run only when nothing is left to be checked", async () => {
    open();
    const { long, other } = claims;
    look(long);
    look(other, { until: NOW + 61n });
    const compared = await until(() => told("compared", long)[0]);
    expect(compared.honestWordsDiffering).toBe(0);
    expect(events.indexOf(told("checked", other)[0]!)).toBeLessThan(events.indexOf(compared));
  });
});
