import type { Abi, Hex } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { disputesAbi } from "../../../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { disputeSource } from "../../../l2-node/l1/disputes.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { openAccountSender, openL1 } from "../../../verifier/clients.ts";
import { type ExecutorParts, honestSteps } from "../../../verifier/executor-wiring.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { startHidingL1 } from "../../support/hiding-l1.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import type { SmallSpec, SmallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

let stage: ServiceStage;
const { job, execute, watch } = {
  job: (spec: SmallSpec) => stage.job(spec),
  execute: (...args: Parameters<ServiceStage["execute"]>) => stage.execute(...args),
  watch: () => stage.watch(),
};

beforeAll(async () => {
  stage = await openServiceStage();
});
afterEach(async () => {
  await stage.stopAll();
  // What is left open comes last for the next challenger.
  await stage.l1.warp(61);
});
afterAll(() => stage?.close());

const liveStatus = async ({ task }: SmallTask) => {
  const contract = { address: stage.l1.chain.contracts.resultClaims, abi: resultClaimsAbi } as const;
  const hash = await stage.l1.client.readContract({ ...contract, functionName: "liveClaim", args: [task.id] });
  return (await stage.l1.client.readContract({ ...contract, functionName: "claimOf", args: [hash] })).status;
};

describe("a lie in one element", () => {
  it.each([
    ["with step roots: named at once", { stepRoots: true }, ["challenged", "proved"]],
    ["without: the segment is opened first", {}, ["challenged", "pointed", "proved"]],
  ])("%s, proved on L1, and an honest claim follows", async (_, spec, moves) => {
    const task = job(spec);
    const lying = await execute("liar", task, liar("next_weight0"));
    const honest = await execute("executor", task, honestSteps(1), (overturned) => overturned);
    const events = watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 5, node: "next_weight0", element: 3 });
    expect(events.filter(({ event }) => moves.includes(event)).map(({ event }) => event)).toEqual(moves);
    await stage.l1.warp(6);
    const claimed = await seen(honest.events, "claimed");
    await seen(events, "collected");
    await until(() => events.find((event) => event.event === "checked" && event.claimHash === claimed.claimHash));
    expect(events.filter(({ event }) => event === "challenged")).toHaveLength(1);
    // A segment is computed with all of its values once, whether or not it had to be opened.
    expect(events.filter(({ event, finding }) => event === "checked" && finding === "wrong")).toHaveLength(1);
    await stage.l1.warp(61);
    await until(async () => ((await liveStatus(task)) === CLAIM_STATUS.final ? true : undefined));
    expect(lying.events.filter(({ event }) => event === "claimed")).toHaveLength(1);
    // It does not stand in the way of the honest one: what it lost, it leaves.
    expect(lying.events.filter(({ event }) => event === "reserved")).toHaveLength(1);
  });
});

describe("an executor whose claim falls in the middle of its round", () => {
  it("reserves nothing that it would then leave", async () => {
    const task = job({ stepRoots: true });
    let hasClaimed = false;
    let roundsAfter = 0;
    // Between its look at its claims and its next moves: the claim is overturned, and the air gap is over.
    const demands = async () => {
      if (hasClaimed && roundsAfter++ === 0) {
        await until(async () => ((await liveStatus(task)) === 0 ? true : undefined));
        await stage.l1.warp(6);
      }
      return [task];
    };
    const { events } = await execute("liar", task, liar("next_weight0"), () => true, { demands });
    await seen(events, "claimed");
    hasClaimed = true;
    watch();
    await seen(events, "given-up");
    await until(() => (roundsAfter > 3 ? true : undefined));
    expect(events.filter(({ event }) => event === "reserved")).toHaveLength(1);
  });
});

describe("an executor that cannot read how its claim fell", () => {
  it("reserves nothing until it can", async () => {
    const task = job({ stepRoots: true });
    const l1 = await startHidingL1(stage.l1.url);
    try {
      const { events } = await execute("liar", task, liar("next_weight0"), () => true, { l1Url: l1.url });
      const { claimHash } = await seen(events, "claimed");
      l1.hide((claimHash as Hex).slice(2));
      watch();
      await until(async () => ((await liveStatus(task)) === 0 ? true : undefined));
      await stage.l1.warp(6);
      const failed = () => events.filter((event) => event.event === "round-failed").length;
      const before = failed();
      await until(() => (failed() > before + 1 ? true : undefined));
      l1.hide(undefined);
      await seen(events, "given-up");
      expect(events.filter(({ event }) => event === "reserved")).toHaveLength(1);
    } finally {
      l1.stop();
    }
  });
});

describe("a challenger", () => {
  it("that is restarted in the middle of a dispute goes on with it, and challenges nothing twice", async () => {
    const task = job({});
    await execute("liar", task, liar("next_weight0"), (overturned) => !overturned);
    const first = watch();
    const { claimHash } = await seen(first, "challenged");
    await stage.stopLast();
    const disputes = disputeSource(stage.l1.client, stage.l1.chain);
    const [dispute, ...others] = await disputes.ofClaim(claimHash as Hex);
    expect(dispute).toMatchObject({ claimHash, status: "live", segment: 1, step: null });
    expect(others).toEqual([]);
    expect(await disputes.byId(claimHash as Hex)).toBeUndefined();
    const second = watch();
    await seen(second, "proved");
    expect(second.filter(({ event }) => event === "challenged")).toHaveLength(0);
    expect(await disputes.byId(dispute!.challengeId)).toMatchObject({ claimHash, status: "won" });
  });
});

describe("a challenger that looks at segments side by side", () => {
  it("proves a lie like one that goes in order", async () => {
    await execute("liar", job({}), liar("next_weight0"), (overturned) => !overturned);
    const events = stage.watch({ checkers: 3 });
    expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 5, node: "next_weight0", element: 3 });
  });
});

describe("an honest executor", () => {
  it("declines a tolerant run that overflows, of which no failure can be claimed", async () => {
    // Whatever rows L1 draws: with 1e30 units die first in one run of thirty, and nothing overflows.
    const optimizer = { kind: "momentum", learningRate: 3e38, momentum: 0.9 } as const;
    const task = job({ optimizer, tolerant: true });
    await stage.upload(task);
    const { events } = await execute("executor", task, honestSteps(1));
    expect(await seen(events, "declined")).toMatchObject({ id: task.task.id, step: expect.any(Number) });
    expect(events.filter(({ event }) => event === "claimed")).toHaveLength(0);
  });
});

describe("an honest tolerant claim", () => {
  it("is checked node by node and never disputed", async () => {
    const task = job({ tolerant: true });
    await execute("executor", task, honestSteps(2));
    const events = watch();
    expect(await checked(events, task)).toMatchObject({ finding: "right" });
    expect(events.filter(({ event, id }) => event === "challenged" && id === task.task.id)).toHaveLength(0);
  });
});

/** Serves nothing off chain, answers everything on L1. */
const DARK = { dataUrl: "http://127.0.0.1:1" };

describe("a claimant that serves nothing", () => {
  it.each<[string, SmallSpec]>([
    ["without step roots", { segmentSteps: 2 }],
    ...(process.env.ANH_LONG === "1" ? [["with", { stepRoots: true, segmentSteps: 2 }] as [string, SmallSpec]] : []),
  ])("is asked on L1 for what proves its lie, %s", async (_, spec) => {
    const task = job(spec);
    await execute("liar", task, liar("next_weight0"), (overturned) => !overturned, DARK);
    const events = watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 5, node: "next_weight0", element: 3 });
    expect(events.filter(({ event }) => event === "challenged")).toHaveLength(1);
  });

  it("does not get away with a lie behind differences that are no wrong: a logarithm one ulp off, twice", async () => {
    const task = job({ stepRoots: true, segmentSteps: 2 });
    const lying: ExecutorParts["openSteps"] = async (graph) => {
      const runtime = onnxRuntime({ threads: 1 });
      const log = graph.nodes.findIndex(({ op }) => op === "Log");
      const amount = { unit: "ulp", count: 1 } as const;
      const decoys = await Promise.all(
        [1, 4].map((step) => lyingSteps(graph, runtime, { step, node: log, element: 3, amount })),
      );
      const lie = await liar("next_weight0")(graph, task.task);
      return {
        segment: lie.segment,
        values: (step, ...rest) => (step === 1 ? decoys[0]! : step === 4 ? decoys[1]! : lie).values(step, ...rest),
        close: async () => {
          for (const steps of [...decoys, lie]) await steps.close();
        },
      };
    };
    await execute("liar", task, lying, (overturned) => !overturned, DARK);
    const events = watch();
    expect(await seen(events, "proved")).toMatchObject({ wrong: "element", step: 5, node: "next_weight0", element: 3 });
  });

  it("is left alone when its claim is right", async () => {
    const task = job({});
    await execute("executor", task, honestSteps(1), undefined, DARK);
    expect(await checked(watch(), task)).toMatchObject({ finding: "right" });
  });
});

describe("a challenger that challenges and does nothing more", () => {
  it("does not keep an honest claim from becoming final", async () => {
    const task = job({ stepRoots: true });
    const { events } = await execute("executor", task, honestSteps(1));
    const { claimHash } = (await seen(events, "claimed")) as unknown as { claimHash: Hex };
    const { chain, url, client } = stage.l1;
    const idle = openAccountSender(
      openL1({ urls: [url], chain, pollMs: 20 }, () => {}),
      devAccount("challenger").privateKey,
    );
    const contract = { address: chain.contracts.disputes, abi: disputesAbi as Abi };
    await idle.sendWithBond({ ...contract, functionName: "challenge", args: [claimHash, 0, 0] }, 10n ** 18n);
    await stage.l1.warp(61);
    await seen(events, "lapsed");
    await until(async () => ((await liveStatus(task)) === CLAIM_STATUS.final ? true : undefined));
    expect(await client.readContract({ ...contract, functionName: "balanceOf", args: [idle.address] })).toBe(
      10n ** 17n,
    );
  });
});

describe("a claimant that falls silent", () => {
  it("loses its claim when it does not answer on L1", async () => {
    const task = job({});
    const silent = await execute("liar", task, liar("next_weight0"));
    await seen(silent.events, "claimed");
    await stage.stopLast();
    const events = watch();
    await seen(events, "demanded");
    await stage.l1.warp(31);
    await seen(events, "timed-out");
  });
});
