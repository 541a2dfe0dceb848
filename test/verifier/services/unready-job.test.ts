// Jobs that somebody pays little or nothing for, made so that who reserves them loses the bond.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { trainTask } from "../../../common/task.ts";
import type { Demand } from "../../../verifier/claims/demand.ts";
import type { ServiceEvent } from "../../../verifier/events.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";

let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
});
afterAll(async () => {
  await stage.stopAll();
  await stage.close();
});

const counted = (events: readonly ServiceEvent[], name: string) => events.filter(({ event }) => event === name).length;

/** Lets reservations lapse, time and again, each followed by some rounds of the executor. */
async function letLapse(): Promise<void> {
  for (let lapse = 0; lapse < 3; lapse++) {
    await stage.l1.warp(stage.l1.chain.clocks.reserveSeconds + 1);
    await sleep(200);
  }
}

it("reserves nothing that nobody serves, says so once, and takes it up when it is served", async () => {
  const task = stage.job({ sizes: [12, 9, 4], deadline: 2n ** 40n }); // its graphs were never uploaded
  const { events } = await stage.execute("executor", task, honestSteps(1));
  await seen(events, "not-ready");
  await letLapse();
  expect(counted(events, "reserved")).toBe(0);
  expect(counted(events, "not-ready")).toBe(1);
  await stage.upload(task);
  await seen(events, "claimed");
  await stage.stopLast();
});

const usual = () => stage.job({ deadline: 2n ** 40n });
const changed = (change: (demand: Demand) => Demand["job"]): Demand => {
  const job = change(usual());
  return { job, task: trainTask(job) };
};

/** A year of computing at any speed, due in an hour. */
const endless = async (): Promise<Demand> => {
  const { timestamp } = await stage.l1.client.getBlock();
  return changed(({ job }) => ({
    ...job,
    trainGraph: { ...job.trainGraph, flops: 2n ** 60n },
    deadline: timestamp + 3_600n,
  }));
};

it.each<[string, () => Demand | Promise<Demand>, RegExp]>([
  [
    "a graph of other costs than the job says",
    () => changed(({ job }) => ({ ...job, trainGraph: { ...job.trainGraph, flops: job.trainGraph.flops + 1n } })),
    /flops/,
  ],
  ["a graph for evaluations", () => changed(({ job }) => ({ ...job, trainGraph: job.evaluateGraph })), /kind 1, got 3/],
  ["other rows than the graph takes", () => changed(({ job }) => ({ ...job, batchRows: 4 })), /4 rows, got 8/],
  ["a window that L1 finds too short", () => changed(({ job }) => ({ ...job, windowSeconds: 59 })), /59 s.*60 s/],
  ["a deadline that nobody can meet", endless, /deadline/],
  ["a state larger than the job says", () => changed(({ job }) => ({ ...job, stateBytes: 1n })), /state is larger/],
])("declines %s, and stakes nothing on it", async (_, demand, reason) => {
  const { events } = await stage.execute("executor", await demand(), honestSteps(1));
  const declined = await seen(events, "declined");
  expect(declined.reason).toMatch(reason);
  await sleep(100);
  expect(counted(events, "reserved")).toBe(0);
  await stage.stopLast();
});

it("reserves no second time what it could not run", async () => {
  const task = usual();
  const { events } = await stage.execute("executor", task, async (graph, of) => {
    const steps = await honestSteps(1)(graph, of);
    // The first step is what is tried before; the whole run fails.
    return {
      ...steps,
      segment: (first, state, batches) =>
        batches[0]!.shape[0] === 1 ? steps.segment(first, state, batches) : Promise.reject(new Error("out of order")),
    };
  });
  await seen(events, "run-failed");
  await letLapse();
  expect(counted(events, "reserved")).toBe(1);
  await stage.stopLast();
});
