// Claims that a run fails (docs/protocol.md P15) of executors that serve nothing off chain and answer what they are asked on L1.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { JOB_FLAG } from "../../../common/job.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { foundRight, proven } from "../../support/dark-stage.ts";
import { hookedSteps } from "../../support/hooked-steps.ts";
import { failureOf, overflowing } from "../../support/overflow.ts";
import { openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { smallTask } from "../../support/small-task.ts";

const SPEC = { sizes: [12, 4], rows: 100, flags: JOB_FLAG.sequentialRows, stepRoots: true, segmentSteps: 2 };
/** Where it says that it serves, nobody does. */
const DARK = { dataUrl: "http://127.0.0.1:1" };

let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
});
afterEach(() => stage.stopAll());
afterAll(() => stage?.close());

test("a true one is found right by what L1 shows", async () => {
  const task = overflowing({ ...SPEC, salt: 1 }, 1e38);
  const { steps, node, element } = await failureOf(task);
  await stage.upload(task);
  const { events: told } = await stage.execute("executor", task, honestSteps(1), () => true, DARK);
  expect((await seen(told, "claimed")).failed).toEqual({ step: steps - 1, node, element });
  await foundRight(stage.watch(), task);
});

test("one out of an operand that was bent is proven wrong by that", async () => {
  const task = smallTask({ ...SPEC, steps: 3, salt: 2 });
  await stage.upload(task);
  const exp = task.graph.nodes.findIndex(({ op }) => op === "Exp");
  const bent = hookedSteps(task.graph, ({ step, node }, output) => {
    if (step === 1 && node === exp - 1) output.data[0] = 1000;
  });
  const { events: told } = await stage.execute(
    "liar",
    task,
    async () => bent,
    (overturned) => !overturned,
    DARK,
  );
  const { claimHash, failed } = await seen(told, "claimed");
  expect(failed).toEqual({ step: 1, node: exp, element: 0n });
  const events = stage.watch();
  expect(await proven(events, task)).toMatchObject({ claimHash, wrong: "element", step: 1, element: 0 });
  expect(told.map(({ event }) => event)).toContain("answered");
});
