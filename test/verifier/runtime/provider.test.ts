// What holds of providers on a machine that has none but the CPU.
import { describe, expect, test } from "vitest";
import { JOB_FLAG } from "../../../common/job.ts";
import { readExecutorSettings } from "../../../verifier/executor-settings.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { diagnose } from "../../../verifier/runtime/doctor.ts";
import { doctorNetworks } from "../../../verifier/runtime/doctor-networks.ts";
import { DoctorError, ProviderError } from "../../../verifier/runtime/errors.ts";
import { unordered } from "../../../verifier/runtime/provider.ts";
import { openReference, stepOf } from "../../../verifier/runtime/reference.ts";
import { requireReproducible } from "../../../verifier/runtime/reproduce.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { DeclinedError } from "../../../verifier/trace/canonical.ts";
import { reproducedSteps } from "../../../verifier/trace/reproduced-steps.ts";
import { smallTask } from "../../support/small-task.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { hasWebGpu } from "../../support/webgpu.ts";

const present = await hasWebGpu();
const task = smallTask({ tolerant: true, flags: JOB_FLAG.gpu });
const { graph, start } = task;
const random = uniform(1);
const batches = graph.batchInputs.map((id) => {
  const { shape } = graph.values[id]!;
  return randomTensor(random, "uint8", [2, ...shape], 0, shape.length === 1 ? 4 : 256);
});
const state = graph.stateInputs.map(({ source }) => start[source]!);

describe("a provider that the machine lacks", () => {
  test.skipIf(present)(
    "webgpu is refused by name, with what to do; only tasks of the gpu column ask for it",
    async () => {
      const open = honestSteps(1, "webgpu");
      const refused = await open(graph, task.task).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ProviderError);
      expect(refused).toMatchObject({ code: "provider", actual: "webgpu", hint: expect.stringContaining("Vulkan") });
      for (const other of [smallTask(), smallTask({ tolerant: true })]) {
        const steps = await open(other.graph, other.task);
        await steps.close();
      }
    },
  );
  test("cuda is refused by name where its files are not installed", async () => {
    const refused = await honestSteps(1, "cuda")(graph, task.task).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "provider", actual: "cuda", hint: expect.stringContaining("CUDA") });
  });
});

test("the executor's setting takes the providers there are", () => {
  const needed = ["--chain-file", "absent", "--provider"];
  const read = (provider: string) => () => readExecutorSettings([...needed, provider], {});
  expect(read("tpu")).toThrow(/provider/);
  expect(read("webgpu")).not.toThrow(/provider/);
});

test("sums that a graphics processor adds in any order stay on the CPU", () => {
  const [mlp, , gpt] = doctorNetworks();
  expect(unordered(gpt!.graph, "webgpu")).not.toEqual([]);
  expect(unordered(gpt!.graph, "cpu")).toEqual([]);
  expect(unordered(mlp!.graph, "webgpu")).toEqual([]);
});

/** The honest session, of which the n-th call (from 0) of one kind gives a state that is one ulp off. */
function inconstant(kind: "step" | "values" | "segment", nth: number): Session {
  const honest = openReference(graph);
  let calls = 0;
  const off = (tensors: readonly Tensor[]): readonly Tensor[] => {
    if (calls++ !== nth) return tensors;
    const data = (tensors.at(-1)!.data as Float32Array).slice();
    new Uint32Array(data.buffer)[0]! ^= 1;
    return tensors.with(-1, { ...tensors.at(-1)!, data });
  };
  return {
    ...honest,
    step: async (...args) => {
      const result = await honest.step(...args);
      return kind === "step" ? { ...result, state: off(result.state) } : result;
    },
    values: async (...args) => {
      const values = await honest.values(...args);
      return kind === "values" ? off(values) : values;
    },
    segment: async (...args) => {
      const result = await honest.segment(...args);
      return kind === "segment" ? { ...result, state: off(result.state) } : result;
    },
  };
}

describe("a session that does not give its own bits again", () => {
  test.each([
    ["segment", 0, /a segment, run twice/],
    ["segment", 1, /a segment, run twice/],
    ["step", 0, /all values exposed/],
    ["step", 1, /all values exposed/],
    ["values", 2, /a step, run twice/],
    ["values", 3, /a step, run twice/],
  ] as const)("is found: %s, call %i", async (kind, nth, message) => {
    const found = await requireReproducible(graph, inconstant(kind, nth), state, batches).catch(
      (error: unknown) => error,
    );
    expect(found).toBeInstanceOf(DoctorError);
    expect(String(found)).toMatch(message);
  });
  test("an honest one is not", async () => {
    expect(await requireReproducible(graph, openReference(graph), state, batches)).toHaveLength(2);
  });
  test.each([
    ["values", 0],
    ["values", 1],
    ["step", 0],
  ] as const)("declines its task before it claims anything: %s, call %i", async (kind, nth) => {
    const batch = batches.map((stacked) => stepOf(stacked, 0));
    const ids = [...graph.stateOutputs];
    const steps = reproducedSteps(graph, inconstant(kind, nth));
    await expect(steps.values(0, state, batch, ids)).rejects.toBeInstanceOf(DeclinedError);
    const honest = reproducedSteps(graph, openReference(graph));
    expect(await honest.values(0, state, batch, ids)).toHaveLength(ids.length);
  });
});

test("the doctor finds this machine's CPU well, bit for bit and within the tolerance of two threads", async () => {
  const [mlp] = doctorNetworks();
  for (const threads of [1, 2]) {
    const [found] = await diagnose("cpu", threads, [mlp!]);
    expect(found).toMatchObject({ network: "mlp", onCpu: {} });
    expect(found!.judged).toBeGreaterThan(1000);
    for (const share of Object.values(found!.worstShare)) expect(share).toBeLessThanOrEqual(1);
  }
});
