// One side of `./anh bench opening`, alone in its process: prints the most memory that it had, in MiB.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JOB_FLAG, PROFILE } from "../../common/job.ts";
import { characterGpt } from "../../examples/networks.ts";
import { withCheckModules } from "../../verifier/check/bench.ts";
import type { ClaimSubject } from "../../verifier/check/claim.ts";
import { evidenceOf } from "../../verifier/check/evidence.ts";
import { checkSegment } from "../../verifier/check/segment.ts";
import { buildProof } from "../../verifier/dispute/prove.ts";
import { gptGraphs } from "../../verifier/model/gpt.ts";
import { hasLeaf } from "../../verifier/model/leaf.ts";
import { bitsOf } from "../../verifier/numerics/float32.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { slicesOf } from "../../verifier/runtime/slices.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../verifier/tensor/tensor.ts";
import { datasetOf } from "../../verifier/trace/dataset.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { rowOrderOf, type TaskInputs } from "../../verifier/trace/inputs.ts";
import { batchOf } from "../../verifier/trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf, stepTraceOf } from "../../verifier/trace/step.ts";
import { placementIn, rootsInParts } from "../../verifier/trace/values.ts";
import { pageOf } from "../../verifier/witness/pages.ts";
import { training } from "./networks.ts";

const VOCABULARY = 96;
const [part, layers, dim, folder] = process.argv.slice(2) as [string, string, string, string];
const inputs = deepTraining(Number(layers), Number(dim));
const runtime = onnxRuntime({ threads: 1 });
/** The last node that has a leaf: all others are judged before it. */
const { graph } = inputs;
const liedNode = graph.nodes.findLastIndex(hasLeaf);
const lied = placementIn(graph).places[graph.nodes[liedNode]!.output]!;
const [claimFile, lieFile] = [join(folder, "claim.json"), join(folder, "lie")];

await (part === "claimant" ? claim() : challenge());
const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))!;
console.log(Math.round(Number(kibibytes) / 1024));

/** One step of a `tolerant` training, of rows of no meaning. */
function deepTraining(layerCount: number, width: number): TaskInputs {
  const spec = { ...characterGpt(VOCABULARY, 1), layers: layerCount, dim: width, hidden: 4 * width };
  const shape = [spec.batchRows, spec.positions];
  const data = Uint8Array.from({ length: spec.batchRows * spec.positions }, (_, i) => (31 * i) % VOCABULARY);
  const rows: Tensor = { dtype: "uint8", shape, data };
  const strict = training(gptGraphs(spec), datasetOf([rows, rows]), 1);
  const { task } = strict;
  return { ...strict, task: { ...task, profile: PROFILE.tolerant, flags: task.flags | JOB_FLAG.stepRoots } };
}

/** Computes the step in slices, and opens it page by page. One element of one value is another. */
async function claim(): Promise<void> {
  const gatherer = openGatherer(inputs.dataset);
  const batch = batchOf(graph, await gatherer.feeds(rowOrderOf(inputs), 0, 1), 0, 1);
  await gatherer.close();
  const session = await runtime.open(graph);
  const parts = rootsInParts(graph);
  let loss = 0;
  for (const slice of slicesOf(graph)) {
    const tensors = await session.values(inputs.start, batch, slice);
    const values = new Map(slice.map((id, i) => [id, tensors[i]!]));
    const output = values.get(graph.nodes[liedNode]!.output);
    if (output !== undefined) {
      const data = output.data.slice();
      data[0] = Number(data[0]) + 1;
      values.set(graph.nodes[liedNode]!.output, { ...output, data });
      writeFileSync(lieFile, bytesOf({ ...output, data }));
    }
    const value = values.get(graph.loss!);
    if (value !== undefined) loss = bitsOf(Number(value.data[0]));
    parts.add(values);
  }
  await session.close();
  const roots = parts.roots();
  const count = Object.values(roots).reduce((sum, list) => sum + list.length, 0);
  for (let page = 0; page * 256 < count; page++) pageOf(roots, page);
  writeFileSync(claimFile, JSON.stringify({ roots, loss }));
}

async function challenge(): Promise<void> {
  const { roots, loss } = JSON.parse(readFileSync(claimFile, "utf8")) as { roots: StepRoots; loss: number };
  const hash = stepRootOf(roots);
  const record = { index: 0, endState: stepTraceOf(roots).stateOut, metrics: [loss], stepsRoot: rootOfList([hash]) };
  const read = async (place: number, index: number): Promise<Uint8Array> => {
    if (place !== lied.place || index !== lied.index) throw new Error(`asked for place ${place}, index ${index}`);
    return readFileSync(lieFile);
  };
  const startRoots = inputs.start.map((tensor) => tensorRoot(bytesOf(tensor)));
  const claimed = { record, stepHashes: [hash], start: inputs.start, startRoots, roots: async () => roots };
  const { wrong } = await withCheckModules(runtime, inputs, (modules) =>
    checkSegment(inputs, modules, { ...claimed, read: () => read }),
  );
  if (wrong?.violation.kind !== "element" || wrong.violation.node !== liedNode)
    throw new Error(`found ${JSON.stringify(wrong?.violation)}, not the lie at node ${liedNode}`);
  const evidence = evidenceOf([record], [hash], 0, 0);
  await buildProof({ inputs } as ClaimSubject, { segment: 0, wrong, evidence, read }, undefined);
}
