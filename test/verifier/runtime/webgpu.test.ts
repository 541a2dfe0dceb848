// The webgpu provider itself: only where a Vulkan driver answers. CI's machines have none (docs/operators.md says how to get one in software).
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { JOB_FLAG } from "../../../common/job.ts";
import { withCheckModules } from "../../../verifier/check/bench.ts";
import { checkSegment } from "../../../verifier/check/segment.ts";
import { diagnose } from "../../../verifier/runtime/doctor.ts";
import { doctorNetworks } from "../../../verifier/runtime/doctor-networks.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { reproducedSteps } from "../../../verifier/trace/reproduced-steps.ts";
import { runTask } from "../../../verifier/trace/run.ts";
import type { Steps } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces } from "../../../verifier/trace/traces.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { smallTask } from "../../support/small-task.ts";
import { hasWebGpu } from "../../support/webgpu.ts";

const present = await hasWebGpu();
const long = process.env.ANH_LONG === "1";
const folder = await mkdtemp(join(tmpdir(), "anh-webgpu-"));
afterAll(() => rm(folder, { recursive: true }));

const task = smallTask({ tolerant: true, flags: JOB_FLAG.gpu, steps: 4 });
const { graph } = task;
const webgpu = onnxRuntime({ threads: 1, provider: "webgpu" });
let runs = 0;

/** What a challenger on the CPU says of the first segment that these steps compute. */
async function wrongIn(steps: Steps) {
  return withCheckModules(onnxRuntime({ threads: 1 }), task, async (modules) => {
    const [store, checkpoints] = [openBlobStore(join(folder, "blobs")), openCheckpoints(join(folder, `${runs++}`))];
    const { segments } = await runTask(task, { steps, gatherer: modules.gatherer, store, checkpoints });
    const traces = openTraces(task, segments, { steps, gatherer: modules.gatherer, checkpoints });
    const { wrong } = await checkSegment(task, modules, {
      record: segments[0]!.record,
      stepHashes: segments[0]!.stepRoots,
      start: task.start,
      startRoots: task.start.map((tensor) => tensorRoot(bytesOf(tensor))),
      roots: traces.roots,
      read: (step) => async (place, index) => (await traces.value(step, place, index))!,
    });
    return wrong;
  });
}

describe.skipIf(!present)("the webgpu provider (needs a Vulkan driver)", () => {
  test("a challenger on the CPU finds nothing wrong in what it computed", { timeout: 300_000 }, async () => {
    const session = await webgpu.open(graph);
    expect(await wrongIn(reproducedSteps(graph, session))).toBeUndefined();
    await session.close();
  });

  test.each(["Gemm", "Exp", "Div"])(
    "and finds a lie of twice the tolerance of a %s in it",
    { timeout: 300_000 },
    async (op) => {
      const node = graph.nodes.findIndex((candidate) => candidate.op === op);
      const lie = { step: 2, node, element: 3, amount: { unit: "tol", factor: 2 }, profile: "tolerant-gpu" } as const;
      const steps = await lyingSteps(graph, webgpu, lie);
      expect(await wrongIn(steps)).toMatchObject({ step: 2, violation: { kind: "element", node } });
      await steps.close();
    },
  );

  test("gives its own bits again, right in the gpu column", { timeout: 900_000 }, async () => {
    const found = await diagnose("webgpu", 1, doctorNetworks().slice(0, long ? 3 : 1));
    for (const { judged, worstShare } of found) {
      expect(judged).toBeGreaterThan(1000);
      for (const share of Object.values(worstShare)) expect(share).toBeLessThanOrEqual(1);
    }
  });
});
