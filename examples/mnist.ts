// Trains a network that reads handwritten digits on MNIST's 60,000, and counts how many of the 10,000 others it reads right.
//
//   ./anh dev                                                     (in one terminal; it prints the L2's URL)
//   tools/node_modules/.bin/node examples/mnist.ts cnn            (in another; mlp, cnn; add steps and the URL if you like)
//
// The networks are in examples/networks.ts: change them, and what you train is yours.
import { bytesToHex, numberToHex } from "viem";
import { trainTask } from "../common/task.ts";
import { readArtifacts } from "../deploy/artifacts.ts";
import { putBlob } from "../verifier/data/put.ts";
import { buildJob } from "../verifier/model/job.ts";
import { tensorUploads } from "../verifier/model/uploads.ts";
import { datasetRoot } from "../verifier/trace/dataset.ts";
import { connect, countFrom, DEFAULT_URL, helpFrom, say, stop } from "./connect.ts";
import { digitsDataset, loadMnist } from "./data/mnist.ts";
import { digitsCnn, digitsMlp } from "./networks.ts";

helpFrom(import.meta.filename);
const networks = {
  mlp: { steps: 2816, graphsOf: () => digitsMlp({ seed: 1, batchRows: 128 }) },
  cnn: { steps: 3000, graphsOf: digitsCnn },
};
const [name, stepsText, url = DEFAULT_URL] = process.argv.slice(2);
if (name !== "mlp" && name !== "cnn")
  stop(
    name === undefined ? "the network is missing" : `the network is "${name}"`,
    "say what to train, mlp or cnn; then, if you like, how many steps, and the L2's URL of your ./anh dev",
  );
const steps = countFrom("the number of steps", stepsText ?? String(networks[name].steps));
const { chain, account, l2, wallet, done } = await connect(url, 11);

// 1. The contract that will own the training, and the data.
const { abi, bytecode } = readArtifacts()("l2/examples/DigitClassifier");
const created = await done(await wallet.deployContract({ abi, bytecode }));
const dapp = created.contractAddress!;
const mnist = await loadMnist();
const [known, unseen] = [digitsDataset(mnist.train), digitsDataset(mnist.test)];
say(`contract at ${dapp}; ${known.rows} digits to learn from, ${unseen.rows} to be asked about`);

// 2. The job. Its window is the time that anybody has to compute all of it again and to prove what is wrong.
const { timestamp } = await l2.getBlock();
const { job, modelId, uploads } = buildJob({
  l2ChainId: BigInt(chain.id),
  requester: dapp,
  salt: numberToHex(1, { size: 32 }),
  graphs: networks[name].graphsOf(steps),
  dataset: known,
  steps,
  profile: "strict",
  flags: ["soft"],
  priceWeiPerGflop: 10n ** 12n,
  deadline: timestamp + 3_600n,
  windowSeconds: 120,
});
const files = [...uploads, ...tensorUploads(known.tensors), ...tensorUploads(unseen.tensors)];
for (const file of files) await putBlob(url, file);
const megabytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6;
say(
  `${files.length} files uploaded, ${megabytes.toFixed(1)} MB; a step takes ${Number(job.trainGraph.flops) / 1e6} MFLOP`,
);

// 3. Ask for it and use it: the calls park until somebody has trained, which takes as long as it takes.
const call = { address: dapp, abi, account, chain } as const;
const value = trainTask(job).priceWei;
await done(await wallet.writeContract({ ...call, functionName: "train", args: [job], value }));
say(`training ${modelId} asked for: ${steps} steps, paid with ${value} wei`);

const image = mnist.test.images.slice(0, 784);
const classified = await wallet.writeContract({
  ...call,
  functionName: "classify",
  args: [modelId, bytesToHex(image)],
});
const scored = await wallet.writeContract({
  ...call,
  functionName: "evaluate",
  args: [modelId, datasetRoot(unseen), unseen.rows],
});
for (const hash of [classified, scored]) await done(hash, 1_200);

const label = Number(await l2.readContract({ ...call, functionName: "lastLabelPlusOne", args: [modelId] })) - 1;
const scores = await l2.readContract({ ...call, functionName: "scores", args: [modelId] });
const [correct, total] = scores as [number, number];
say(`the first of the others is a ${mnist.test.labels[0]}; the contract reads ${label}`);
say(`digits read right: ${correct} of ${total}`);
