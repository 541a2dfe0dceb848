// Commands that look at a claim on L1 and at what its claimant serves.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeChainFile } from "../../common/chain-file.ts";
import { JOB_FLAG } from "../../common/job.ts";
import { honestSteps } from "../../verifier/executor-wiring.ts";
import { valueAt } from "../../verifier/graph/graph.ts";
import { importOnnx } from "../../verifier/model/onnx/import.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { fromSafetensors } from "../../verifier/tensor/safetensors.ts";
import { bytesOf } from "../../verifier/tensor/tensor.ts";
import { rootOfList } from "../../verifier/trace/step.ts";
import { overflowingAtOnce } from "../support/overflow.ts";
import { liar, openServiceStage, type ServiceStage, seen } from "../support/service-stage.ts";
import type { SmallTask } from "../support/small-task.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const NOBODY: Hex = `0x${"12".repeat(32)}`;

type Claimed = { readonly claimHash: Hex; readonly resultRoot: Hex };

let folder: string;
let stage: ServiceStage;
let task: SmallTask;
let honest: Claimed;
let lying: Claimed;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-claim-commands-"));
  stage = await openServiceStage();
  await writeFile(join(folder, "chain.json"), encodeChainFile(stage.l1.chain));
  task = stage.job({});
  await stage.upload(task);
  const first = await stage.execute("executor", task, honestSteps(1));
  honest = (await seen(first.events, "claimed")) as unknown as Claimed;
  const second = await stage.execute("liar", stage.job({}), liar("next_weight0"));
  lying = (await seen(second.events, "claimed")) as unknown as Claimed;
});
afterAll(async () => {
  await stage?.stopAll();
  await stage?.close();
  await rm(folder, { recursive: true });
});

function anh(...args: readonly string[]): Promise<{ code: number; json: Record<string, unknown> }> {
  const where = ["--chain-file", join(folder, "chain.json"), "--l1-url", stage.l1.url, "--node-url", stage.nodeUrl];
  const [noun, verb, ...rest] = args;
  return new Promise((resolve) =>
    execFile(process.execPath, [MAIN, noun!, verb!, ...where, ...rest, "--json"], (error, stdout) =>
      resolve({ code: Number(error?.code ?? 0), json: JSON.parse(stdout) }),
    ),
  );
}

describe("anh job replay", () => {
  it("says of a training that failed that it does so here, too, and in which step", async () => {
    const failing = overflowingAtOnce({ rows: 100, flags: JOB_FLAG.sequentialRows, stepRoots: true, salt: 77 });
    await stage.upload(failing);
    const { events } = await stage.execute("user", failing, honestSteps(1));
    const { claimHash, failed } = await seen(events, "claimed");
    expect(failed).toMatchObject({ step: 0 });
    expect(await anh("job", "replay", claimHash as Hex)).toEqual({
      code: 0,
      json: { claimHash, divergence: null, failedStep: 0 },
    });
  });

  it("refuses what is no claim", async () => {
    expect(await anh("job", "replay", "0x12")).toMatchObject({ code: 2, json: { error: { code: "usage" } } });
    expect(await anh("job", "replay", NOBODY)).toMatchObject({ code: 1, json: { error: { code: "not-found" } } });
  });

  it("finds an honest claim equal throughout, and where a lying one leaves the own run", async () => {
    const { claimHash } = honest;
    expect(await anh("job", "replay", claimHash)).toEqual({
      code: 0,
      json: { claimHash, divergence: null, failedStep: null },
    });
    const { code, json } = await anh("job", "replay", lying.claimHash);
    expect(code).toBe(1);
    expect(json.divergence).toMatchObject({ step: 5, first: { name: "next_weight0", differing: 1, firstElement: 3 } });
  });
});

it("the id of a training is told from a claim, and an L1 that is not there from one that knows no claim", async () => {
  const { json } = await anh("job", "replay", task.task.id);
  expect(json.error).toMatchObject({ code: "not-found", hint: expect.stringContaining("anh_getClaims") });
  const chain = ["--chain-file", join(folder, "chain.json"), "--l1-url", "http://127.0.0.1:1"];
  const { code, stderr } = await new Promise<{ code: number; stderr: string }>((resolve) =>
    execFile(process.execPath, [MAIN, "job", "replay", honest.claimHash, ...chain], (error, _, problems) =>
      resolve({ code: Number(error?.code), stderr: problems }),
    ),
  );
  expect({ code, stderr }).toEqual({
    code: 69,
    stderr: "anh: no L1 node answers at http://127.0.0.1:1\n     name one with --l1-url\n",
  });
});

describe("anh model pull", () => {
  it("refuses a format it does not write", async () => {
    const refused = await anh("model", "pull", honest.claimHash, "--out", join(folder, "weights.pt"));
    expect(refused).toMatchObject({ code: 2, json: { error: { code: "usage" } } });
  });

  it("refuses a place that is not there, and a chain file whose contracts stand at the same addresses of another L1", async () => {
    const nowhere = await anh("model", "pull", honest.claimHash, "--out", join(folder, "none", "weights.onnx"));
    expect(nowhere).toMatchObject({ code: 2, json: { error: { code: "usage" } } });
    const { genesis } = stage.l1.chain;
    const origin = { ...genesis.header.origin, hash: NOBODY } as const;
    const other = { ...stage.l1.chain, genesis: { ...genesis, header: { ...genesis.header, origin } } };
    await writeFile(join(folder, "other.json"), encodeChainFile(other));
    const where = ["--chain-file", join(folder, "other.json")];
    // Of an option given twice the last counts.
    const refused = await anh("job", "replay", honest.claimHash, ...where);
    expect(refused).toMatchObject({ code: 78, json: { error: { code: "wrong-l1" } } });
  });

  it("brings home the state that was claimed, by name", async () => {
    const out = join(folder, "weights.safetensors");
    expect(await anh("model", "pull", honest.claimHash, "--out", out)).toMatchObject({ code: 0, json: { out } });
    const { tensors, metadata } = fromSafetensors(await readFile(out));
    const names = task.graph.stateInputs.map(({ value }) => valueAt(task.graph, value).name);
    expect(rootOfList(names.map((name) => tensorRoot(bytesOf(tensors.get(name)!))))).toBe(honest.resultRoot);
    expect(metadata).toEqual({ claim: honest.claimHash, model: task.task.id });
  });

  it("writes the inference with its weights as ONNX", async () => {
    const out = join(folder, "model.onnx");
    expect(await anh("model", "pull", honest.claimHash, "--out", out)).toMatchObject({ code: 0, json: { out } });
    const { parameters, inputs } = importOnnx(await readFile(out), { batchRows: 1 });
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(parameters.map(({ name }) => name)).toEqual(["weight0", "bias0", "weight1", "bias1"]);
  });
});
