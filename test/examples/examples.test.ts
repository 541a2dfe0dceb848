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
import { devUsers } from "../../cli/stack/accounts.ts";
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

writeFileSync(join(folder, "chain.json"), "{}");
const GONE = "http://127.0.0.1:1";
const SHORT = join(folder, "short");
writeFileSync(SHORT, "short");

test.each([
  ["two-spirals.ts", [GONE], `nothing answers at ${GONE}`, "start ./anh dev"],
  ["two-spirals.ts", ["here"], '"here" is no URL', "as ./anh dev prints it"],
  ["commission.ts", [GONE], `nothing answers at ${GONE}`, "start ./anh dev"],
  ["own-onnx.ts", [folder, GONE], `nothing answers at ${GONE}`, "start ./anh dev"],
  ["own-onnx.ts", [], "the data folder is missing", "of a running ./anh dev"],
  ["own-onnx.ts", ["/nowhere"], "/nowhere holds no chain.json", "of a running ./anh dev"],
  ["mnist.ts", ["cnn", "10", GONE], `nothing answers at ${GONE}`, "start ./anh dev"],
  ["mnist.ts", ["rnn"], 'the network is "rnn"', "mlp or cnn"],
  ["mnist.ts", ["cnn", "ten"], 'the number of steps is "ten"', "a whole number from 1"],
  ["char-gpt.ts", [], "the data folder is missing", "of a running ./anh dev"],
  ["char-gpt.ts", [folder, "--steps", "0"], '--steps is "0"', "a whole number from 1"],
  ["char-gpt.ts", [folder, "--stps", "8"], "Unknown option '--stps'", "--steps"],
  ["char-gpt.ts", [folder, "--text", SHORT], `--text ${SHORT} has 5 characters`, "name a text of 10250 or more"],
  ["char-gpt.ts", [folder, "--text", "/nowhere"], "--text /nowhere is not there", "a text file"],
])("examples/%s %j ends with what is wrong and what to do, in two lines", async (name, args, problem, hint) => {
  const { code, stderr } = await run(`examples/${name}`, ...args);
  expect(code).toBe(1);
  const lines = stderr.trim().split("\n");
  expect(lines).toEqual([problem, expect.stringContaining(hint)]);
});

test("against `anh dev`, with an executor and a challenger that an operator starts, the examples get the right answers; Ctrl-C ends all cleanly", async () => {
  const textFile = join(folder, "text");
  writeFileSync(textFile, nodeProse().subarray(0, 20_000));
  await withDev(["--no-executor", "--no-challenger"], async (ready) => {
    const [executor, challenger] = [operate("executor", ready), operate("challenger", ready)];
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

    const earned = await executor.end();
    const claimed = earned.filter(({ event }) => event === "claimed").map(({ id }) => id);
    expect(claimed).toContain(modelIn(own.stdout));
    const seen = (await challenger.end()).filter(({ event }) => event === "checked");
    expect(seen.map(({ finding }) => finding)).not.toContain("wrong");
    expect(seen.length).toBeGreaterThan(0);
  });
}, 900_000);

test.runIf(process.env.ANH_LONG === "1")(
  "trained through transactions, a perceptron reads 97 % of MNIST, a convolutional network 98.5 %, and a GPT's loss is below 1.9",
  { timeout: 3_600_000 },
  async () => {
    await withDev([], async (ready) => {
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

/** `anh executor run` or `anh challenger run`, as somebody with a key of their own; `end` is Ctrl-C. */
function operate(service: "executor" | "challenger", { l1, l2, dataDir }: Ready) {
  const keyFile = join(dataDir, `${service}.key`);
  writeFileSync(keyFile, `${devUsers()[service === "executor" ? 0 : 1]!.privateKey}\n`, { mode: 0o600 });
  const where = ["--chain-file", join(dataDir, "chain.json"), "--l1-url", l1.url, "--node-url", l2.url];
  const own = ["--data-dir", join(dataDir, `own-${service}`), "--key-file", keyFile, "--json"];
  const child = node("cli/main.ts", service, "run", ...where, ...own);
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  return {
    async end(): Promise<readonly { readonly event: string; readonly [field: string]: unknown }[]> {
      const ended = once(child, "close");
      child.kill("SIGINT");
      expect([await ended, (await stderr).trim().split("\n").at(-1)]).toEqual([[0, null], `anh: ${service} stopped`]);
      return (await stdout)
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    },
  };
}

/** Something done beside a running `anh dev`, which then ends as it should. */
async function withDev(options: readonly string[], work: (ready: Ready) => Promise<void>): Promise<void> {
  const dataDir = join(folder, `chain-${chains++}`);
  const ports = ["--l1-port", "0", "--l2-port", "0"];
  const dev = node("cli/main.ts", "dev", "--json", ...options, ...ports, "--data-dir", dataDir);
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
