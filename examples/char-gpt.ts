// Trains a character GPT of four layers on English text, has a contract write with it, and measures its loss on unseen text.
//
//   ./anh dev --data-dir /tmp/chain                                      (in one terminal)
//   tools/node_modules/.bin/node examples/char-gpt.ts /tmp/chain         (in another; see --steps and the others below)
//
// The text is the prose of Node's documentation; --text names a file of yours. The network is in examples/networks.ts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bytesToHex, type Hex, hexToBytes, numberToHex, parseEventLogs } from "viem";
import { DNN_ADDRESS } from "../common/addresses.ts";
import { dnnAbi } from "../common/contracts/dnn.ts";
import { evaluateTask, trainTask } from "../common/task.ts";
import { readArtifacts } from "../deploy/artifacts.ts";
import { putBlob } from "../verifier/data/put.ts";
import { gptGraphs } from "../verifier/model/gpt.ts";
import { buildJob } from "../verifier/model/job.ts";
import { textRows, vocabularyOf } from "../verifier/model/text.ts";
import { tensorUploads } from "../verifier/model/uploads.ts";
import { fromSafetensors } from "../verifier/tensor/safetensors.ts";
import { datasetOf, datasetRoot } from "../verifier/trace/dataset.ts";
import { connect, countFrom, DEFAULT_URL, dataFolder, helpFrom, say, stop } from "./connect.ts";
import { nodeProse } from "./data/prose.ts";
import { heldOutLoss } from "./held-out-loss.ts";
import { characterGpt } from "./networks.ts";

helpFrom(import.meta.filename);
const { values: options, positionals } = readArguments();
const dataDir = dataFolder(positionals[0]);
const url = options["l2-url"];
const steps = countFrom("--steps", options.steps);
const toWrite = countFrom("--write", options.write);
if (options.text !== undefined && !existsSync(options.text))
  stop(`--text ${options.text} is not there`, "name a text file");
// 1. The text: nine tenths to learn from, one to be asked about. A character is an id below 96; what is rarer is id 0.
const text = options.text === undefined ? nodeProse() : readFileSync(options.text);
const vocabulary = vocabularyOf(text, 96);
const spec = characterGpt(vocabulary.size, steps);
const { positions, evaluateBatchRows } = spec;
const leastText = 10 * (positions * evaluateBatchRows + 1);
if (text.length < leastText)
  stop(
    `--text ${options.text} has ${text.length} characters`,
    `name a text of ${leastText} or more: a tenth is asked about`,
  );
const split = Math.floor(text.length * 0.9);
const known = datasetOf(textRows(text.subarray(0, split), vocabulary, { positions, stride: 16 }));
const unseenRows = textRows(text.subarray(split), vocabulary, { positions, stride: positions });
const unseen = datasetOf(unseenRows.map((tensor) => wholeBatches(tensor)));
say(
  `${text.length} characters, ${vocabulary.size} ids; ${known.rows} rows to learn from, ${unseen.rows} to be asked about`,
);

const { chain, account, l2, wallet, done } = await connect(url, 12);

// 2. The contract, and the job: the optimizer and the schedule of its learning rate are in its graph.
const { abi, bytecode } = readArtifacts()("l2/examples/Writer");
const created = await done(await wallet.deployContract({ abi, bytecode }));
const dapp = created.contractAddress!;
const { timestamp } = await l2.getBlock();
const { job, modelId, uploads } = buildJob({
  l2ChainId: BigInt(chain.id),
  requester: dapp,
  salt: numberToHex(1, { size: 32 }),
  graphs: gptGraphs(spec),
  dataset: known,
  steps,
  profile: "strict",
  flags: ["soft"],
  priceWeiPerGflop: 10n ** 12n,
  deadline: timestamp + 7_200n,
  windowSeconds: 500,
});
const files = [...uploads, ...tensorUploads(known.tensors), ...tensorUploads(unseen.tensors)];
for (const file of files) await putBlob(url, file);
const megabytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6;
say(
  `contract at ${dapp}; ${files.length} files uploaded, ${megabytes.toFixed(1)} MB; a step takes ${gflops(job.trainGraph.flops)} GFLOP`,
);

// 3. Ask for the training, and for how much of the unseen text it foresees, which parks until somebody has trained. That many
// rows cost more than a transaction's gas can be worth, so they are paid for beforehand.
const call = { address: dapp, abi, account, chain } as const;
const value = trainTask(job).priceWei;
await done(await wallet.writeContract({ ...call, functionName: "train", args: [job], value }));
say(`training ${modelId} asked for: ${steps} steps, paid with ${value} wei`);
const { id, priceWei } = evaluateTask(job, datasetRoot(unseen), unseen.rows);
const dnn = { address: DNN_ADDRESS, abi: dnnAbi, account, chain } as const;
await done(await wallet.writeContract({ ...dnn, functionName: "fund", args: [id], value: priceWei }));
const scored = await wallet.writeContract({
  ...call,
  functionName: "evaluate",
  args: [modelId, datasetRoot(unseen), unseen.rows],
});
await done(scored, 3_600);
const scores = await l2.readContract({ ...call, functionName: "scores", args: [modelId] });
const foreseen = (scores as [number, number])[0] / (unseen.rows * positions);
say(`unseen characters foreseen: ${(100 * foreseen).toFixed(1)} %`);

// 4. The weights as they were claimed, each byte checked against L1, and their loss on unseen text.
const { claimHash } = (await l2.request({ method: "anh_getJob", params: [modelId] } as never)) as { claimHash: Hex };
const state = pulledState(claimHash);
say(`loss on unseen text: ${(await heldOutLoss(spec, state, unseen.tensors)).toFixed(3)}`);

// 5. The contract goes on from the beginning of the unseen text, a character per inference.
const prompt = text.subarray(split, split + positions);
const ids = prompt.map((byte) => vocabulary.idOf[byte]!);
await done(await wallet.writeContract({ ...call, functionName: "begin", args: [modelId, bytesToHex(ids)] }));
let written = "";
for (let left = toWrite; left > 0; left -= 6) {
  const args = [modelId, BigInt(positions), BigInt(Math.min(left, 6))];
  // What comes after a character that is not known yet cannot be estimated.
  const hash = await wallet.writeContract({ ...call, functionName: "write", args, gas: 12_000_000n });
  const { logs } = await done(hash, 1_200);
  const [event] = parseEventLogs({ abi, logs, eventName: "Written" }) as unknown as [{ args: { ids: Hex } }];
  written += Buffer.from(hexToBytes(event.args.ids).map((id) => vocabulary.byteOf[id]!)).toString("latin1");
  say(`written so far: ${JSON.stringify(written)}`);
}
console.log(`\n${Buffer.from(prompt).toString("latin1")}>>>${written}`);

function readArguments() {
  const url = (usual: string) => ({ type: "string", default: usual }) as const;
  const options = {
    steps: { type: "string", default: "800" },
    /** Characters to be written, in transactions of six: gas grows with the square. */
    write: { type: "string", default: "48" },
    text: { type: "string" },
    "l2-url": url(DEFAULT_URL),
    "l1-url": url("http://127.0.0.1:8545"),
  } as const;
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    return stop((error as Error).message.split(". ")[0]!, `options: ${known.join(", ")}; before them, the data folder`);
  }
}

/** Evaluations take whole batches. */
function wholeBatches({ data }: { readonly data: ArrayLike<number | bigint> }) {
  const rows = Math.floor(data.length / positions / evaluateBatchRows) * evaluateBatchRows;
  return { dtype: "uint8", shape: [rows, positions], data: (data as Uint8Array).slice(0, rows * positions) } as const;
}

/** `./anh model pull`, and what it wrote. */
function pulledState(claim: Hex) {
  const folder = mkdtempSync(join(tmpdir(), "anh-char-gpt-"));
  try {
    const out = join(folder, "trained.safetensors");
    const where = ["--chain-file", join(dataDir, "chain.json"), "--l1-url", options["l1-url"], "--node-url", url];
    const main = new URL("../cli/main.ts", import.meta.url).pathname;
    const pulled = spawnSync(process.execPath, [main, "model", "pull", claim, "--out", out, ...where], {
      encoding: "utf8",
    });
    if (pulled.status !== 0) throw new Error(pulled.stderr);
    const { tensors } = fromSafetensors(readFileSync(out));
    return gptGraphs(spec).train.state.map(({ name }) => tensors.get(name)!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function gflops(flops: bigint): string {
  return (Number(flops) / 1e9).toFixed(1);
}
