import { type Abi, bytesToHex, type Hex } from "viem";
import { metricLeaf } from "../../common/claim.ts";
import { demandsAbi } from "../../common/contracts/demands.ts";
import { type EncodedGraph, PLACE } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { PROFILE } from "../../common/job.ts";
import { treeProof } from "../../common/merkle.ts";
import { hasStepRoots, startsDrawn, type Task } from "../../common/task.ts";
import { leafFields } from "../check/evidence.ts";
import type { EventSink } from "../events.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import type { L1 } from "../l1.ts";
import { encodeGraph } from "../model/encoding.ts";
import { publishedOf } from "../model/parts.ts";
import { RefusedError, type Sender } from "../sender.ts";
import { bytesOf, fromBytes, type Tensor } from "../tensor/tensor.ts";
import { datasetTensorRoots } from "../trace/dataset.ts";
import { startList } from "../trace/start.ts";
import { stepTraceOf } from "../trace/step.ts";
import type { Traces } from "../trace/traces.ts";
import { segmentLeafOf } from "../trace/trajectory.ts";
import { placementIn } from "../trace/values.ts";
import { chunksOf } from "../witness/chunks.ts";
import { pageOf } from "../witness/pages.ts";
import { headerProof, leafProof, nodeProof, rootsAt } from "../witness/proofs.ts";
import { type Asked, CHUNKS_OF, type ChunkRange, openDemandsReader, PATH } from "./demands-reader.ts";
import { lapseOverdue } from "./lapses.ts";
import type { LoggedClaim } from "./log.ts";
import type { FinishedRun, RunSpec, Runs } from "./runs.ts";

/** Publishes on L1 what others asked of these claims (P7.2, P7.6), where silence would lose them, and ends what they left. */
export type AnswerDuty = (claims: readonly { readonly logged: LoggedClaim; readonly spec: RunSpec }[]) => Promise<void>;

export type AnswerModules = {
  readonly l1: L1;
  readonly sender: Sender;
  readonly runs: Runs;
  readonly events: EventSink;
};

type Own = {
  readonly logged: LoggedClaim;
  readonly spec: RunSpec;
  readonly run: FinishedRun;
  readonly traces: Traces;
};

export function answerDuty({ l1, sender, runs, events }: AnswerModules): AnswerDuty {
  const contract = { address: l1.contracts.demands, abi: demandsAbi as Abi };
  const reader = openDemandsReader(l1);

  async function answer(asked: Asked, own: Own): Promise<void> {
    const { logged } = own;
    const about = [logged.claimHash, asked.key, logged.l1Block] as const;
    const more = { range: () => reader.range(...about), sumAt: () => reader.sumAt(...about) };
    const isOfModel = asked.path === PATH.model || asked.path === PATH.modelGraph;
    const { functionName, args } = isOfModel ? await modelAnswer(asked, own, runs) : await answerTo(asked, own, more);
    try {
      const { gasUsed } = await sender.send({ ...contract, functionName, args: [logged.claimHash, ...args] });
      events({ event: "answered", claimHash: logged.claimHash, path: asked.path, functionName, gasUsed });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      events({ event: "refused", claimHash: logged.claimHash, action: functionName, error: error.errorName });
    }
  }

  return async (claims) => {
    for (const { logged, spec } of claims) {
      await lapseOverdue({ l1, sender, events }, logged);
      const open = await reader.pending(logged.claimHash, logged.l1Block);
      if (open.length === 0) continue;
      const own = { logged, spec, run: await runs.finish(spec), traces: await runs.traces(spec) };
      for (const asked of open) await answer(asked, own);
    }
  };
}

async function modelAnswer({ path, segment: index }: Asked, { logged, spec: { consumed } }: Own, runs: Runs) {
  if (consumed === undefined) throw new Error(`claim ${logged.claimHash} consumes no model`);
  const { graph, roots } = await runs.model(consumed);
  const encoded = encodeGraph(graph);
  if (path === PATH.modelGraph) return graphAnswer(consumed.task, encoded, index);
  const header = headerProof(encoded);
  return {
    functionName: "answerModel",
    args: [consumed.task, header, index, roots[index]!, treeProof(roots, index)],
  };
}

async function answerTo(
  { path, segment, step, page }: Asked,
  own: Own,
  {
    range,
    sumAt,
  }: {
    readonly range: () => Promise<ChunkRange>;
    readonly sumAt: () => Promise<{ readonly node: number; readonly element: number }>;
  },
): Promise<{ functionName: string; args: readonly unknown[] }> {
  const { run, traces, logged } = own;
  const { graph } = run.inputs;
  const { task } = logged;
  switch (path) {
    case PATH.segment:
      return { functionName: "answerSegment", args: [segmentProof(run, segment)] };
    case PATH.traces: {
      const list = [];
      const { segmentSteps } = task;
      const count = (await traces.stepHashes(segment)).length;
      for (let i = 0; i < count; i++) list.push(stepTraceOf(await traces.roots(segment * segmentSteps + i)));
      const previous = segment === 0 ? NO_SEGMENT : segmentProof(run, segment - 1);
      return { functionName: "openSegment", args: [task, segmentProof(run, segment), previous, list] };
    }
    case PATH.step: {
      const roots = await traces.roots(segment * task.segmentSteps + step);
      const proof = await stepProof(own, segment, step);
      const header = headerProof(encodeGraph(graph));
      const args = [task, segmentProof(run, segment), step, proof, header, page, pageOf(roots, page)];
      return { functionName: "openStep", args };
    }
    case PATH.graph:
      return graphAnswer(task, encodeGraph(graph), segment);
    case PATH.metrics: {
      const { metrics } = run.result.segments[segment]!.record;
      const header = headerProof(encodeGraph(graph));
      return {
        functionName: "answerMetrics",
        args: [task, segmentProof(run, segment), header, metrics.map(metricLeaf)],
      };
    }
    case PATH.chunks:
      return chunksAnswer(own, await range());
    case PATH.sum:
      return sumAnswer(own, { segment, step }, await sumAt());
    default:
      throw new Error(`L1 asks for path ${path}, which this version does not know`);
  }
}

function graphAnswer(task: Task, graph: EncodedGraph, leaf: number) {
  const { encoded, flops, bytes_, siblings } = leafProof(graph, leaf);
  return {
    functionName: "answerGraph",
    args: [task, leaf, headerProof(graph), { encoded, flops, bytes_, siblings }],
  };
}

const NO_SEGMENT = {
  leaf: { index: 0, endState: ZERO_HASH, metricsRoot: ZERO_HASH, stepsRoot: ZERO_HASH },
  proof: [],
} as const;
const NO_STEP = {
  trace: { stateIn: ZERO_HASH, feedsRoot: ZERO_HASH, exactRoot: ZERO_HASH, looseRoot: ZERO_HASH, stateOut: ZERO_HASH },
  proof: [],
} as const;

function segmentProof({ result }: FinishedRun, segment: number) {
  const records = result.segments.map(({ record }) => record);
  return { leaf: leafFields(records[segment]!), proof: treeProof(records.map(segmentLeafOf), segment) };
}

async function stepProof({ run, traces }: Own, segment: number, step: number) {
  const roots = await traces.roots(segment * run.inputs.task.segmentSteps + step);
  return { trace: stepTraceOf(roots), proof: treeProof(await traces.stepHashes(segment), step) };
}

async function chunksAnswer(own: Own, range: ChunkRange) {
  const { task } = own.logged;
  const { root, rootProof, bytes } = await tensorOf(own, range);
  const last = range.firstChunk + range.chunkCount - 1;
  const chunks = chunksOf(bytes, range.firstChunk, last);
  const ofValue = range.source === CHUNKS_OF.value;
  const answer = {
    segment: ofValue && hasStepRoots(task) ? segmentProof(own.run, range.segment) : emptySegmentAt(range.segment),
    step: ofValue ? await stepProof(own, range.segment, range.step) : NO_STEP,
    tensorRoot: root,
    rootProof,
    data: bytesToHex(chunks.bytes),
    rangeProof: chunks.proof,
  };
  return { functionName: "answerChunks", args: [task, range, answer] };
}

/** What the parts of an element come to, out of the operands that this claimant committed to. */
async function sumAnswer(
  { run, traces, logged: { task } }: Own,
  { segment, step }: Pick<Asked, "segment" | "step">,
  { node, element }: { readonly node: number; readonly element: number },
) {
  const { graph } = run.inputs;
  const global = segment * task.segmentSteps + step;
  const operands = new Map<ValueId, Tensor>();
  for (const id of graph.nodes[node]!.inputs) {
    const { place, index } = placementIn(graph).places[id]!;
    const bytes = place === PLACE.constant ? graph.constants[index]!.bytes : await traces.value(global, place, index);
    if (bytes === undefined) throw new Error(`no committed value at place ${place}, index ${index}`);
    operands.set(id, fromBytes(valueAt(graph, id), bytes));
  }
  const profile = task.profile === PROFILE.tolerant ? "tolerant" : "strict";
  const published = publishedOf({ graph, node, element, profile, tensorAt: (id) => operands.get(id)! });
  const encoded = encodeGraph(graph);
  const args = [task, segment, step, headerProof(encoded), nodeProof(encoded, node), BigInt(element)];
  return { functionName: "answerSum", args: [...args, bytesToHex(published)] };
}

const emptySegmentAt = (index: number) => ({ ...NO_SEGMENT, leaf: { ...NO_SEGMENT.leaf, index } });

/** A demanded tensor's bytes and root, and where that stands in its list. */
async function tensorOf({ run, traces }: Own, { source, segment, step, place, index, tensorRoot }: ChunkRange) {
  const { task, graph, dataset, start } = run.inputs;
  const inList = (roots: readonly Hex[], bytes: Uint8Array) => ({
    root: roots[index]!,
    rootProof: treeProof(roots, index),
    bytes,
  });
  if (source === CHUNKS_OF.dataset) return inList(datasetTensorRoots(dataset), bytesOf(dataset.tensors[index]!));
  if (source === CHUNKS_OF.start) {
    const { stateIn } = await traces.roots(0);
    return inList(startsDrawn(task) ? startList(graph, stateIn) : stateIn, bytesOf(start[index]!));
  }
  if (source === CHUNKS_OF.constant) return { root: tensorRoot, rootProof: [], bytes: graph.constants[index]!.bytes };
  const global = segment * task.segmentSteps + step;
  const bytes = await traces.value(global, place, index);
  if (bytes === undefined || place === PLACE.constant)
    throw new Error(`no committed value at place ${place}, index ${index}`);
  return inList(rootsAt(await traces.roots(global), place), bytes);
}
