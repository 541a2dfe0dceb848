import type { Address, Hex } from "viem";
import { bytesToHex, encodeDeployData, encodeFunctionData } from "viem";
import { trainTask } from "../../../common/task.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { type Digits, digitsDataset } from "../../../examples/data/mnist.ts";
import { putBlob } from "../../../verifier/data/put.ts";
import { UploadError } from "../../../verifier/data/upload.ts";
import type { Upload } from "../../../verifier/model/uploads.ts";
import { datasetRoot } from "../../../verifier/trace/dataset.ts";
import { until } from "../../stack/until.ts";
import type { Cast } from "../cast.ts";
import type { PlannedTraining } from "../plans.ts";
import { receiptOf, sendPatiently, succeeded } from "../send.ts";

const UPLOAD_MS = 60_000;

const classifier = () => readArtifacts()("l2/examples/DigitClassifier");

export async function deployClassifier({ l2, teller, user }: Cast): Promise<Address> {
  const { abi, bytecode } = classifier();
  const hash = await sendPatiently(user, l2, { data: encodeDeployData({ abi, bytecode }) } as never);
  const { contractAddress } = await receiptOf(l2, hash);
  if (contractAddress == null) throw new Error(`the dapp was not created by ${hash}`);
  teller.tell(
    "dapp-deployed",
    { address: contractAddress },
    `a plain Solidity dapp, DigitClassifier, at ${contractAddress}`,
  );
  return contractAddress;
}

/** Requesters serve what their jobs name through their node, which refuses what does not give its root (P9.1). */
export async function uploadAll({ stack, teller }: Cast, uploads: readonly Upload[]): Promise<void> {
  const once = new Map(uploads.map((upload) => [upload.root, upload]));
  let bytes = 0;
  for (const upload of once.values()) {
    // A node that was killed meanwhile is back soon, and storing twice is storing once.
    await until(`the node stores ${upload.kind} ${upload.root}`, UPLOAD_MS, () =>
      putBlob(stack.l2Url, upload).then(
        () => true,
        (error) => {
          if (error instanceof UploadError) throw error;
          return false;
        },
      ),
    );
    bytes += upload.bytes.length;
  }
  teller.tell(
    "uploaded",
    { files: once.size, bytes },
    `${once.size} files uploaded: graphs, MNIST, start weights (${(bytes / 1e6).toFixed(1)} MB)`,
  );
}

const send = (cast: Cast, to: Address, functionName: string, args: readonly unknown[], value = 0n): Promise<Hex> => {
  const data = encodeFunctionData({ abi: classifier().abi, functionName, args });
  return sendPatiently(cast.user, cast.l2, { to, data, value } as never);
};

/** Three trainings in three transactions, submitted together: one seed delay serves all. */
export async function submitTrainings(cast: Cast, dapp: Address, trainings: readonly PlannedTraining[]): Promise<void> {
  for (const { plan, job, modelId } of trainings) {
    const hash = await send(cast, dapp, "train", [job], trainTask(job).priceWei);
    await succeeded(cast.l2, hash, `opening training ${plan.name}`);
    cast.teller.tell(
      "training-opened",
      { name: plan.name, modelId, profile: plan.profile, steps: plan.steps, transaction: hash },
      `training ${plan.name}: ${plan.profile}, ${plan.steps} steps of ${plan.batchRows} rows (a thunk: nothing is trained yet)`,
    );
  }
}

export interface Questions {
  readonly classifyA: Hex;
  readonly classifyB: Hex;
  readonly classifyC: Hex;
  readonly evaluateA: Hex;
}

/** Straight-line calls that need results nobody has computed yet: each transaction parks. */
export async function ask(
  cast: Cast,
  dapp: Address,
  models: { readonly a: Hex; readonly b: Hex; readonly c: Hex },
  image: Uint8Array,
  testDigits: Digits,
): Promise<Questions> {
  const classifyA = await send(cast, dapp, "classify", [models.a, bytesToHex(image)]);
  const classifyB = await send(cast, dapp, "classify", [models.b, bytesToHex(image)]);
  const classifyC = await send(cast, dapp, "classify", [models.c, bytesToHex(image)]);
  const evaluateA = await send(cast, dapp, "evaluate", [
    models.a,
    datasetRoot(digitsDataset(testDigits)),
    testDigits.rows,
  ]);
  cast.teller.tell(
    "asked",
    { classifyA, classifyB, classifyC, evaluateA },
    "classify with A, with B, with C, evaluate A on 10,000 test images: straight-line Solidity, sent before any result exists",
  );
  return { classifyA, classifyB, classifyC, evaluateA };
}

/** Values the dapp stored when it was resumed. */
export async function readAnswers(
  { l2 }: Cast,
  dapp: Address,
  model: Hex,
): Promise<{ label: number; correct: number; total: number }> {
  const { abi } = classifier();
  const [labelPlusOne, score] = await Promise.all([
    l2.client.readContract({ address: dapp, abi, functionName: "lastLabelPlusOne", args: [model] }),
    l2.client.readContract({ address: dapp, abi, functionName: "scores", args: [model] }),
  ]);
  const [correct, total] = score as readonly [number, number];
  return { label: Number(labelPlusOne) - 1, correct, total };
}
