// Trains a network of one's own: a contract that learns which of two spirals a point lies on, and then says it.
//
//   ./anh dev                                                  (in one terminal; it prints the L2's URL)
//   tools/node_modules/.bin/node examples/two-spirals.ts       (in another; add the URL if it is not the default)
//
// Everything here is plain viem (connect.ts holds its clients), except the imports from verifier/ that build graphs and the job.
import { bytesToHex, numberToHex } from "viem";
import { trainTask } from "../common/task.ts";
import { readArtifacts } from "../deploy/artifacts.ts";
import { putBlob } from "../verifier/data/put.ts";
import { buildJob } from "../verifier/model/job.ts";
import { mlpGraphs } from "../verifier/model/mlp.ts";
import { uniformStart } from "../verifier/model/start.ts";
import { tensorUploads } from "../verifier/model/uploads.ts";
import { datasetOf, datasetRoot } from "../verifier/trace/dataset.ts";
import { connect, DEFAULT_URL, helpFrom, say } from "./connect.ts";

helpFrom(import.meta.filename);
// The chain as plain viem sees it, and an account that `./anh dev` has given prepaid gas and ETH. Elsewhere you bring your own key.
const [url = DEFAULT_URL] = process.argv.slice(2);
const { chain, account, l2, wallet, done } = await connect(url, 8);

// 1. The contract. It calls Dnn.train and Dnn.infer in straight-line code; any classifier of byte rows will do.
const { abi, bytecode } = readArtifacts()("l2/examples/DigitClassifier");
const created = await done(await wallet.deployContract({ abi, bytecode }));
const dapp = created.contractAddress!;
say(`contract at ${dapp}`);

// 2. The data: uint8 coordinates of points on two spirals, and which spiral each is on. The numbers are drawn with a seed.
function points(rows: number, seed: number) {
  const [radii, noise] = [uniformStart(seed, 0, rows, 1), uniformStart(seed, 1, 2 * rows, 3)];
  const at = new Uint8Array(2 * rows);
  const spiral = Uint8Array.from({ length: rows }, (_, i) => i % 2);
  for (let i = 0; i < rows; i++) {
    const turn = (radii[i]! + 1) / 2;
    const angle = Math.PI * (2 * turn + spiral[i]!);
    const radius = 120 * (0.1 + 0.9 * turn);
    at[2 * i] = 127.5 + radius * Math.cos(angle) + noise[2 * i]!;
    at[2 * i + 1] = 127.5 + radius * Math.sin(angle) + noise[2 * i + 1]!;
  }
  const dataset = datasetOf([
    { dtype: "uint8", shape: [rows, 2], data: at },
    { dtype: "uint8", shape: [rows], data: spiral },
  ]);
  return { at, spiral, dataset };
}
const known = points(1024, 1);
const unseen = points(512, 2);

// 3. The network and the job: 2 inputs, two hidden layers of 32, 2 classes; 2048 steps of 64 random rows with Adam.
// `drawn`: the weights start where the job's seed puts them, which nobody knows before an executor has reserved it; no start state is
// uploaded.
// `soft`: calls go on with a result that is claimed, under bond, but can still be challenged.
const graphs = mlpGraphs({
  sizes: [2, 32, 32, 2],
  seed: 1, // of a start for those who try a step before they ask
  drawn: true,
  batchRows: 64,
  evaluateBatchRows: 64,
  optimizer: { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
});
const { timestamp } = await l2.getBlock();
const { job, modelId, uploads } = buildJob({
  l2ChainId: BigInt(chain.id),
  requester: dapp,
  salt: numberToHex(1, { size: 32 }),
  graphs,
  dataset: known.dataset,
  steps: 2048,
  profile: "strict",
  flags: ["soft"],
  priceWeiPerGflop: 10n ** 12n,
  deadline: timestamp + 3_600n,
  windowSeconds: 60,
});

// 4. What the job names by root must lie at the node before it is asked for, and what you will evaluate on as well.
const files = [...uploads, ...tensorUploads(known.dataset.tensors), ...tensorUploads(unseen.dataset.tensors)];
for (const file of files) await putBlob(url, file);
say(`${files.length} files uploaded`);

// 5. Ask for the training. This gives a thunk: nobody has trained anything yet.
const call = { address: dapp, abi, account, chain } as const;
const value = trainTask(job).priceWei;
await done(await wallet.writeContract({ ...call, functionName: "train", args: [job], value }));
say(`training ${modelId} asked for, paid with ${value} wei`);

// 6. Use it. Both transactions park until an executor has trained, claimed and answered; the receipt comes when they resume.
const point = bytesToHex(known.at.slice(0, 2));
const classified = await wallet.writeContract({ ...call, functionName: "classify", args: [modelId, point] });
const scored = await wallet.writeContract({
  ...call,
  functionName: "evaluate",
  args: [modelId, datasetRoot(unseen.dataset), unseen.dataset.rows],
});
say("classify and evaluate sent; they wait for the training, no block does");
for (const hash of [classified, scored]) await done(hash);

const label = await l2.readContract({ ...call, functionName: "lastLabelPlusOne", args: [modelId] });
const [correct, total] = (await l2.readContract({ ...call, functionName: "scores", args: [modelId] })) as [
  number,
  number,
];
say(`the point is on spiral ${known.spiral[0]}; the network says ${Number(label) - 1}`);
say(`unseen points told right: ${correct} of ${total}`);
