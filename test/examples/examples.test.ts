import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { bytesToHex, type Hex } from "viem";
import { afterAll, expect, test } from "vitest";
import { ROOT } from "../../cli/paths.ts";
import { inferId } from "../../common/job.ts";
import { importOnnx } from "../../verifier/model/onnx/import.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { fromSafetensors } from "../../verifier/tensor/safetensors.ts";
import { until } from "../support/until.ts";

const dataDir = mkdtempSync(join(tmpdir(), "anh-examples-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

function node(
  ...args: readonly string[]
): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] }) as never;
}

async function run(...args: readonly string[]) {
  const child = node(...args);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stdout, stderr };
}

test.each([
  ["two-spirals.ts", ["http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1"],
  ["commission.ts", ["http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1"],
  ["own-onnx.ts", [dataDir, "http://127.0.0.1:1"], "if it is not http://127.0.0.1:1"],
  ["own-onnx.ts", [], "name the data folder of a running ./anh dev"],
])("where no node answers, %s says so and what to do", async (name, args, message) => {
  const { code, stderr } = await run(`examples/${name}`, ...args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toContain("./anh dev");
});

test("against `anh dev` the examples train their networks and get the right answers; Ctrl-C ends the stack cleanly", async () => {
  const ports = ["--l1-port", "0", "--l2-port", "0"];
  const dev = node("cli/main.ts", "dev", "--json", ...ports, "--data-dir", dataDir);
  const stderr = text(dev.stderr);
  const ended = once(dev, "close");
  try {
    const [line] = await Promise.race([once(createInterface({ input: dev.stdout }), "line"), ended.then(() => [""])]);
    const ready = JSON.parse(line);
    expect(ready.event).toBe("ready");
    const [spirals, bought, own] = await Promise.all([
      run("examples/two-spirals.ts", ready.l2.url),
      run("examples/commission.ts", ready.l2.url),
      run("examples/own-onnx.ts", dataDir, ready.l2.url, ready.l1.url),
    ]);
    expect(spirals.stdout).toContain("the point is on spiral 0; the network says 0");
    expect(own.stdout).toContain("the point is on spiral 0; the contract says 0");
    expect(bought.stdout).toMatch(/the middle is inside, says a network that told right: (4[6-9]\d|5\d\d) of 512/);
    expect(bought.code).toBe(0);
    for (const { code, stdout } of [spirals, own]) {
      const [, right, all] = /told right: (\d+) of (\d+)/.exec(stdout) ?? [];
      expect(Number(all)).toBe(512);
      expect(Number(right)).toBeGreaterThan(500);
      expect(code).toBe(0);
    }
    await becomesFinal(ready, own.stdout);
    await weightsAreHome(ready.l2.url, own.stdout);
  } finally {
    dev.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
  expect((await stderr).trim().split("\n").at(-1)).toBe(`anh: stopped; data and logs stay in ${dataDir}`);
}, 240_000);

type Ready = { readonly l1: { readonly url: string }; readonly l2: { readonly url: string } };

async function call<T>(url: string, method: string, ...params: readonly unknown[]): Promise<T> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
  return ((await response.json()) as { result: T }).result;
}

const modelIn = (stdout: string): Hex => /model (0x[0-9a-f]{64}):/.exec(stdout)![1] as Hex;

/** The claim of the ONNX file's training stands through its window, which L1 is told to have passed. */
async function becomesFinal({ l1, l2 }: Ready, stdout: string): Promise<void> {
  await call(l1.url, "evm_increaseTime", 61);
  const status = () => call<{ status: string }>(l2.url, "anh_getJob", modelIn(stdout));
  await until(async () => (await status()).status === "final" || undefined);
}

/** What was pulled gives in onnxruntime what the chain was given, and both files hold the same weights. */
async function weightsAreHome(l2Url: string, stdout: string): Promise<void> {
  const folder = /written to (\S+)/.exec(stdout)![1]!;
  try {
    const { tensors: unseen } = fromSafetensors(readFileSync(join(folder, "unseen.safetensors")));
    const point = (unseen.get("points")!.data as Float32Array).slice(0, 2);
    const inputRoot = tensorRoot(new Uint8Array(point.buffer));
    const { output } = await call<{ output: Hex }>(l2Url, "anh_getJob", inferId(modelIn(stdout), inputRoot));
    const answer = async (file: string | Uint8Array) => {
      const session = await InferenceSession.create(file as string, { graphOptimizationLevel: "disabled" });
      const { y } = await session.run({ points: new OrtTensor("float32", point, [1, 2]) });
      await session.release();
      return y!.data as Float32Array;
    };
    const trained = readFileSync(join(folder, "trained.onnx"));
    expect(bytesToHex(new Uint8Array((await answer(trained)).slice().buffer))).toBe(output);

    const { tensors } = fromSafetensors(readFileSync(join(folder, "trained.safetensors")));
    const { parameters } = importOnnx(trained, { batchRows: 1 });
    expect(parameters.map(({ name }) => name).sort()).toEqual([0, 1, 2].flatMap((i) => [`${i}.bias`, `${i}.weight`]));
    for (const { name, start } of parameters) expect(start.data, name).toEqual(tensors.get(name)!.data);

    // The file one came with, its weights replaced: the exporter's own nodes, so the last bits may be others.
    const original = fromBinary(onnx.ModelProtoSchema, readFileSync(join(folder, "net.onnx")));
    for (const tensor of original.graph!.initializer)
      tensor.floatData = Array.from(tensors.get(tensor.name)!.data as Float32Array);
    const [own, ours] = [await answer(toBinary(onnx.ModelProtoSchema, original)), await answer(trained)];
    for (const [i, score] of own.entries()) expect(Math.abs(score - ours[i]!)).toBeLessThan(1e-4);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
