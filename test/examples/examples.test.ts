import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
import { nodeProse } from "../../examples/data/prose.ts";
import { importOnnx } from "../../verifier/model/onnx/import.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { fromSafetensors } from "../../verifier/tensor/safetensors.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-examples-"));
let chains = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(
  ...args: readonly string[]
): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] }) as never;
}

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

async function run(...args: readonly string[]): Promise<Ran> {
  const child = node(...args);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stdout, stderr };
}

test.each([
  ["two-spirals.ts", ["http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1"],
  ["commission.ts", ["http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1"],
  ["own-onnx.ts", [folder, "http://127.0.0.1:1"], "if it is not http://127.0.0.1:1"],
  ["own-onnx.ts", [], "name the data folder of a running ./anh dev"],
  ["mnist.ts", ["cnn", "10", "http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1"],
  ["char-gpt.ts", [], "name the data folder of a running ./anh dev"],
])("where no node answers, %s says so and what to do", async (name, args, message) => {
  const { code, stderr } = await run(`examples/${name}`, ...args);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toContain("./anh dev");
});

test("against `anh dev` the examples train their networks and get the right answers; Ctrl-C ends the stack cleanly", async () => {
  const textFile = join(folder, "text");
  writeFileSync(textFile, nodeProse().subarray(0, 20_000));
  await withDev(async (ready) => {
    const urls = ["--l1-url", ready.l1.url, "--l2-url", ready.l2.url];
    const [spirals, bought, own, digits, gpt] = await Promise.all([
      run("examples/two-spirals.ts", ready.l2.url),
      run("examples/commission.ts", ready.l2.url),
      run("examples/own-onnx.ts", ready.dataDir, ready.l2.url, ready.l1.url),
      run("examples/mnist.ts", "cnn", "128", ready.l2.url),
      run("examples/char-gpt.ts", ready.dataDir, "--steps", "8", "--write", "2", "--text", textFile, ...urls),
    ]);
    expect(spirals.stdout).toContain("the point is on spiral 0; the network says 0");
    expect(own.stdout).toContain("the point is on spiral 0; the contract says 0");
    expect(bought.stdout).toMatch(/the middle is inside, says a network that told right: (4[6-9]\d|5\d\d) of 512/);
    expect(bought.code).toBe(0);
    for (const { code, stdout, stderr } of [spirals, own]) {
      const [, right, all] = /told right: (\d+) of (\d+)/.exec(stdout) ?? [];
      expect(Number(all), stderr).toBe(512);
      expect(Number(right)).toBeGreaterThan(500);
      expect(code).toBe(0);
    }
    expect(digitsRight(digits)).toBeGreaterThan(8_000);
    const { loss, written } = gptOutcome(gpt);
    expect(loss).toBeLessThan(4); // a guess among 80 is 4.4
    expect(written).toHaveLength(2);
    await becomesFinal(ready, own.stdout);
    await weightsAreHome(ready.l2.url, own.stdout);
  });
}, 360_000);

test.runIf(process.env.ANH_LONG === "1")(
  "trained through transactions, a perceptron reads 97 % of MNIST, a convolutional network 98.5 %, and a GPT's loss is below 1.9",
  { timeout: 3_600_000 },
  async () => {
    await withDev(async (ready) => {
      const perceptron = await run("examples/mnist.ts", "mlp", "2816", ready.l2.url);
      const convolutions = await run("examples/mnist.ts", "cnn", "3000", ready.l2.url);
      const urls = ["--l1-url", ready.l1.url, "--l2-url", ready.l2.url];
      const gpt = await run("examples/char-gpt.ts", ready.dataDir, "--write", "24", ...urls);
      for (const { stdout } of [perceptron, convolutions, gpt]) console.log(stdout);
      expect(digitsRight(perceptron)).toBeGreaterThanOrEqual(9_700);
      expect(digitsRight(convolutions)).toBeGreaterThanOrEqual(9_850);
      expect(gptOutcome(gpt).loss).toBeLessThanOrEqual(1.9);
    });
  },
);

function digitsRight({ code, stdout, stderr }: Ran): number {
  const [, right, all] = /digits read right: (\d+) of (\d+)/.exec(stdout) ?? [];
  expect([code, all], stderr).toEqual([0, "10000"]);
  return Number(right);
}

function gptOutcome({ code, stdout, stderr }: Ran) {
  expect(code, stderr).toBe(0);
  const written = [...stdout.matchAll(/written so far: (".*")/g)].at(-1)![1]!;
  return { loss: Number(/loss on unseen text: ([\d.]+)/.exec(stdout)![1]), written: JSON.parse(written) as string };
}

/** Something done beside a running `anh dev`, which then ends as it should. */
async function withDev(work: (ready: Ready) => Promise<void>): Promise<void> {
  const dataDir = join(folder, `chain-${chains++}`);
  const ports = ["--l1-port", "0", "--l2-port", "0"];
  const dev = node("cli/main.ts", "dev", "--json", ...ports, "--data-dir", dataDir);
  const stderr = text(dev.stderr);
  const ended = once(dev, "close");
  try {
    const [line] = await Promise.race([once(createInterface({ input: dev.stdout }), "line"), ended.then(() => [""])]);
    const ready = JSON.parse(line);
    expect(ready.event).toBe("ready");
    await work(ready);
  } finally {
    dev.kill("SIGINT");
  }
  expect(await ended).toEqual([0, null]);
  expect((await stderr).trim().split("\n").at(-1)).toBe(`anh: stopped; data and logs stay in ${dataDir}`);
}

type Ready = {
  readonly event: string;
  readonly l1: { readonly url: string };
  readonly l2: { readonly url: string };
  readonly dataDir: string;
};

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
