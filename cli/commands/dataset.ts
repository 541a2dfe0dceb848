import { chainAt } from "../../verifier/chain-at.ts";
import { tensorUploads } from "../../verifier/model/uploads.ts";
import { datasetRoot } from "../../verifier/trace/dataset.ts";
import { readTensors } from "../job/dataset-file.ts";
import { isReplica, storedAtReplica, uploadAll } from "../job/node.ts";

interface AddOptions {
  readonly tensors: string;
  readonly nodeUrl: string;
  readonly json: boolean;
}

/** `anh dataset add`: stores tensors of a safetensors file at a node, and says the root by which contracts name them. */
export async function addDataset(file: string, { tensors, nodeUrl, json }: AddOptions): Promise<void> {
  const { dataset } = readTensors(file, tensors.split(","));
  await chainAt(nodeUrl); // L1 would answer too, and refuse each file without a word of what is wrong
  const uploaded = await uploadAll(nodeUrl, tensorUploads(dataset.tensors));
  const warnings = (await isReplica(nodeUrl)) ? [storedAtReplica(nodeUrl)] : [];
  for (const warning of warnings) process.stderr.write(`anh: warning: ${warning}\n`);
  const added = { datasetRoot: datasetRoot(dataset), rows: dataset.rows, uploaded, warnings };
  console.log(json ? JSON.stringify(added) : `${added.datasetRoot}  ${added.rows} rows, ${uploaded.bytes} bytes`);
}
