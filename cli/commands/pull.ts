import { existsSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { AnhError } from "../../common/errors.ts";
import { startsFromRoot } from "../../common/task.ts";
import { openDataClient } from "../../verifier/data/client.ts";
import { openLibrary } from "../../verifier/data/library.ts";
import { valueAt } from "../../verifier/graph/graph.ts";
import { toOnnxWithWeights } from "../../verifier/model/onnx/frozen.ts";
import { toSafetensors } from "../../verifier/tensor/safetensors.ts";
import { stateFromModel, stateTypes } from "../../verifier/trace/inputs.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { type ClaimOptions, claimFromL1 } from "./claim-from-l1.ts";

type PullOptions = ClaimOptions & { readonly out: string; readonly json: boolean };

const TIMEOUT_MS = 30_000;
const FORMATS = [".safetensors", ".onnx"];

/**
 * `anh model pull`: the state a claimed training or commission ended in, checked against the claim: all of it (optimizer included) as
 * safetensors, or the inference with its weights as ONNX.
 */
export async function pullModel(claimHash: string, options: PullOptions): Promise<void> {
  const format = extname(options.out);
  if (!FORMATS.includes(format))
    throw new AnhError("usage", `--out is "${options.out}"`, { expected: `a name ending in ${FORMATS.join(" or ")}` });
  const place = dirname(options.out);
  if (!existsSync(place))
    throw new AnhError("usage", `--out is "${options.out}", and there is no folder ${place}`, {
      expected: "a file in a folder that is there",
    });
  const folder = await mkdtemp(join(tmpdir(), "anh-pull-"));
  try {
    const parts = await fileOf(claimHash, options, format, folder);
    const file = await open(options.out, "w");
    try {
      for (const part of parts) await file.writeFile(part);
    } finally {
      await file.close();
    }
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    console.log(
      options.json ? JSON.stringify({ claimHash, out: options.out, bytes }) : `${options.out}: ${bytes} bytes`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fileOf(
  claimHash: string,
  options: PullOptions,
  format: string,
  folder: string,
): Promise<readonly Uint8Array[]> {
  const { logged, spec, urls } = await claimFromL1(claimHash, options);
  const { task } = spec;
  if (!startsFromRoot(task))
    throw new AnhError("usage", `claim ${claimHash} makes no model`, {
      expected: "a claim of a training or commission",
    });
  if (spec.failure !== undefined)
    throw new AnhError("no-result", `the training of claim ${claimHash} fails in step ${spec.failure.steps - 1}`, {
      hint: "anh job replay shows whether it does",
    });
  const client = openDataClient({ urls, timeoutMs: TIMEOUT_MS });
  const library = openLibrary(openBlobStore(folder), client);
  const graph = await library.graph(task.graph.root);
  const types = stateTypes(graph);
  const roots = await library.roots(logged.claim.resultRoot, types.length);
  const state = await Promise.all(types.map((type, i) => library.tensor(roots[i]!, type)));
  if (format === ".safetensors") {
    const names = graph.stateInputs.map(({ value }) => valueAt(graph, value).name);
    return toSafetensors(new Map(names.map((name, i) => [name, state[i]!])), { claim: claimHash, model: task.id });
  }
  const job = await client.job(task.id);
  const inference = await library.graph(job.inferGraph.root);
  return [toOnnxWithWeights(inference, stateFromModel(inference, state))];
}
