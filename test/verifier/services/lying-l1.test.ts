// A challenger whose L1 endpoint lies to it; another one, elsewhere, does its work.
import type { Hex } from "viem";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { type HidingL1, startHidingL1 } from "../../support/hiding-l1.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { until } from "../../support/until.ts";

let stage: ServiceStage;
let lying: HidingL1;
beforeAll(async () => {
  stage = await openServiceStage();
  lying = await startHidingL1(stage.l1.url);
});
afterEach(() => stage.stopAll());
afterAll(async () => {
  lying?.stop();
  await stage?.close();
});

it("an endpoint that shows other content than a claim has is named; nothing is put at stake for what it says", async () => {
  const task = stage.job({ stepRoots: true });
  const { events: claims } = await stage.execute("executor", task, honestSteps(1));
  const { claimHash } = (await seen(claims, "claimed")) as unknown as { claimHash: Hex };
  // One digit of the job's start root, wherever it stands: whoever believed it would find the claim wrong.
  const digits = task.task.startRoot.slice(2);
  lying.forge(
    digits,
    digits.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
  );
  const events = stage.watch({ l1Url: lying.url });
  const failed = await seen(events, "round-failed");
  expect(failed.error).toContain(claimHash);
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
