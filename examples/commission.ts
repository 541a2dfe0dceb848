// Buys weights that somebody else trains: a contract asks for a network that tells 90 of 100 points right, and then uses it.
//
//   ./anh dev                                                  (in one terminal; it prints the L2's URL)
//   tools/node_modules/.bin/node examples/commission.ts        (in another; add the URL if it is not the default)
//
// Everything here is plain viem (connect.ts holds its clients), except the imports from verifier/ that build graphs and the job.
import { bytesToHex, numberToHex } from "viem";
import { readArtifacts } from "../deploy/artifacts.ts";
import { putBlob } from "../verifier/data/put.ts";
import { buildCommission } from "../verifier/model/commission.ts";
import { mlpGraphs } from "../verifier/model/mlp.ts";
import { uniformStart } from "../verifier/model/start.ts";
import { tensorUploads } from "../verifier/model/uploads.ts";
import { datasetOf } from "../verifier/trace/dataset.ts";
import { connect, DEFAULT_URL, helpFrom, say } from "./connect.ts";

helpFrom(import.meta.filename);
const [url = DEFAULT_URL] = process.argv.slice(2);
const { chain, account, l2, wallet, done } = await connect(url, 10);

// 1. The contract. It calls Dnn.commission, and Dnn.infer as if it had trained the network itself.
const { abi, bytecode } = readArtifacts()("l2/examples/DigitClassifier");
const created = await done(await wallet.deployContract({ abi, bytecode }));
const dapp = created.contractAddress!;
say(`contract at ${dapp}`);

// 2. The data: points in a square, and whether each lies in the circle in its middle.
function points(rows: number, seed: number) {
  const at = Uint8Array.from(uniformStart(seed, 0, 2 * rows, 127), (x) => 127.5 + x);
  const inside = Uint8Array.from({ length: rows }, (_, i) => {
    const [x, y] = [at[2 * i]! - 127.5, at[2 * i + 1]! - 127.5];
    return x * x + y * y < 80 * 80 ? 1 : 0;
  });
  return datasetOf([
    { dtype: "uint8", shape: [rows, 2], data: at },
    { dtype: "uint8", shape: [rows], data: inside },
  ]);
}
const known = points(1024, 1);
const heldOut = points(4096, 2);

// 3. The job. Of 512 held-out points, drawn on L1 after weights were delivered, 461 must be told right. How to train is only a
// suggestion: an executor may bring weights from anywhere. The held-out points are public here, so that any executor dares;
// yours stay yours where the job names who delivers, until L1 shows that it has (docs/protocol.md P13.8).
const graphs = mlpGraphs({
  sizes: [2, 32, 2],
  seed: 1,
  batchRows: 64,
  evaluateBatchRows: 64,
  optimizer: { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
});
const { timestamp } = await l2.getBlock();
const price = 10n ** 15n;
const { job, modelId, uploads } = buildCommission({
  l2ChainId: BigInt(chain.id),
  requester: dapp,
  salt: numberToHex(1, { size: 32 }),
  infer: graphs.infer,
  evaluate: graphs.evaluate,
  recipe: { train: graphs.train, dataset: known, steps: 1024 },
  heldOut,
  property: { samples: 512, minCorrect: 461, priceWei: price },
  flags: ["soft"],
  priceWeiPerGflop: 10n ** 12n,
  deadline: timestamp + 3_600n,
  windowSeconds: 60,
});

// 4. What the job names by root must lie at the node.
for (const file of [...uploads, ...tensorUploads(known.tensors), ...tensorUploads(heldOut.tensors)])
  await putBlob(url, file);

// 5. Ask for the weights, and use them: this parks until somebody has delivered some that are good enough.
const call = { address: dapp, abi, account, chain } as const;
await done(await wallet.writeContract({ ...call, functionName: "commission", args: [job], value: price }));
say(`weights ${modelId} asked for, for ${price} wei`);
const middle = bytesToHex(Uint8Array.of(127, 127));
await done(await wallet.writeContract({ ...call, functionName: "classify", args: [modelId, middle] }), 180);
const label = await l2.readContract({ ...call, functionName: "lastLabelPlusOne", args: [modelId] });
const { output } = (await l2.request({ method: "anh_getJob", params: [modelId] } as never)) as {
  output: `0x${string}`;
};
const correct = Buffer.from(output.slice(2), "hex").readFloatLE();
say(
  `the middle is ${Number(label) - 1 === 1 ? "inside" : "outside"}, says a network that told right: ${correct} of 512`,
);
