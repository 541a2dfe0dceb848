import { encodeAbiParameters, type Hex } from "viem";
import { PROFILE } from "../../common/job.ts";
import { startsDrawn } from "../../common/task.ts";
import type { ClaimSubject } from "../check/claim.ts";
import type { Evidence } from "../check/evidence.ts";
import type { WrongStep } from "../check/segment.ts";
import type { ReadValue } from "../check/step.ts";
import type { Violation } from "../check/violation.ts";
import { datasetFeeds, valueAt } from "../graph/graph.ts";
import { encodeGraph } from "../model/encoding.ts";
import { CHUNK_BYTES, tensorRoot } from "../tensor/root.ts";
import { bytesOf } from "../tensor/tensor.ts";
import { datasetTensorRoots } from "../trace/dataset.ts";
import { rowOrderOf, type TaskInputs } from "../trace/inputs.ts";
import { rowsOfStep } from "../trace/rows.ts";
import { startList } from "../trace/start.ts";
import { rootAt, valueBytes } from "../trace/values.ts";
import { linkParameter } from "../witness/abi.ts";
import { buildCanonicalWitness, buildFiniteWitness, nameValue } from "../witness/canonical.ts";
import { chunksOf, type StepSource, sourceOfValues } from "../witness/chunks.ts";
import {
  buildFeedWitness,
  buildInputWitness,
  buildLayoutWitness,
  buildMaskWitness,
  buildMetricWitness,
} from "../witness/content.ts";
import { buildElementWitness, buildFailureWitness, buildZeroWitness } from "../witness/element.ts";
import { buildPartWitness } from "../witness/part.ts";
import {
  buildDrawnStartWitness,
  buildEndLinkWitness,
  buildNextStateWitness,
  buildSegmentLinkWitness,
  buildStartLinkWitness,
  buildStartWitness,
  buildStepLinkWitness,
  type ConsumedResult,
} from "../witness/structure.ts";

/** Kinds of wrong as L1 numbers them (P7.5). */
const KIND = {
  element: 1,
  link: 2,
  start: 3,
  feed: 4,
  input: 4,
  nextState: 5,
  layout: 6,
  metric: 7,
  canonical: 8,
  finite: 9,
  part: 11,
  failure: 12,
  zero: 1,
} as const satisfies Record<Violation["kind"], number>;

/** Arguments of `Disputes.prove` behind the challenge and the task. */
export type Proof = { readonly kind: number; readonly witness: Hex };

export type WrongSegmentStep = {
  readonly segment: number;
  readonly wrong: WrongStep;
  readonly evidence: Evidence;
  /** Claimed values of the wrong step. */
  readonly read: ReadValue;
};

/** The proof of a violation: what all kinds share (P7.4), then the kind's own witness. */
export async function buildProof(
  subject: ClaimSubject,
  found: WrongSegmentStep,
  consumed: ConsumedResult | undefined,
): Promise<Proof> {
  const { wrong, evidence } = found;
  const link = { segment: evidence.segment, step: { trace: wrong.trace, proof: evidence.stepProof } };
  const rest = await restOf(subject, found, consumed);
  return {
    kind: KIND[wrong.violation.kind],
    witness: encodeAbiParameters([linkParameter, { type: "bytes" }], [link, rest]),
  };
}

async function restOf(
  subject: ClaimSubject,
  { segment, wrong, evidence, read }: WrongSegmentStep,
  consumed: ConsumedResult | undefined,
): Promise<Hex> {
  const { violation, roots, step } = wrong;
  const { inputs } = subject;
  const source = sourceOf(subject, wrong, read);
  switch (violation.kind) {
    case "element":
      return buildElementWitness(source, violation.node, violation.element);
    case "zero":
      return buildZeroWitness(source, violation.node, violation.element);
    case "failure":
      return buildFailureWitness(source, violation.node, violation.element, violation.right);
    case "part":
      return buildPartWitness(source, violation, inputs.task.profile === PROFILE.tolerant ? "tolerant" : "strict");
    case "link":
      if (violation.end) return buildEndLinkWitness();
      if (step > 0) return buildStepLinkWitness(wrong.previousTrace!, evidence.previousStepProof!);
      if (segment === 0) return buildStartLinkWitness();
      return buildSegmentLinkWitness(evidence.previousSegment!.leaf, evidence.previousSegment!.proof);
    case "start":
      if (startsDrawn(inputs.task)) return buildDrawnStartWitness(source, startListOf(inputs), violation);
      if (consumed === undefined) throw new Error("the consumed claim is not known");
      return buildStartWitness(source.graph, roots, violation.state, consumed);
    case "feed": {
      const globalStep = segment * inputs.task.segmentSteps + step;
      if (violation.feed >= datasetFeeds(inputs.graph)) return buildMaskWitness(source, violation);
      const datasetRow = rowsOfStep(rowOrderOf(inputs), globalStep)[violation.row]!;
      return buildFeedWitness(source, datasetSource(subject), { ...violation, datasetRow });
    }
    case "input":
      return buildInputWitness(source);
    case "nextState":
      return buildNextStateWitness(source.graph, roots, violation.state);
    case "layout":
      return buildLayoutWitness(source, violation.node, violation.operand, violation.element);
    case "metric":
      return buildMetricWitness(source, evidence.metrics, step);
    case "canonical": {
      const chunk = Math.floor(violation.element / CHUNK_BYTES); // bools are bytes
      const { place, index } = violation;
      const { bytes, proof } = violation.isEmpty
        ? NO_CHUNKS
        : await source.chunks({ place, index, firstChunk: chunk, lastChunk: chunk });
      return buildCanonicalWitness(source, nameValue(source.graph, place, index), { chunk, data: bytes, proof });
    }
    case "finite":
      return buildFiniteWitness(source, nameValue(source.graph, violation.place, violation.index), violation.element);
  }
}

const NO_CHUNKS = { bytes: new Uint8Array(), proof: [] };

/** The claimed values of the wrong step; read from the claimant where the own ones have other roots. */
function sourceOf({ inputs }: ClaimSubject, wrong: WrongStep, read: ReadValue): StepSource {
  const { graph } = inputs;
  return sourceOfValues(graph, encodeGraph(graph), wrong.roots, async (place, index) => {
    const bytes = valueBytes(graph, wrong.values, place, index);
    const root = rootAt(wrong.roots, place, index);
    if (bytes === undefined) throw new Error(`no value at place ${place}, index ${index}`);
    return root === undefined || tensorRoot(bytes) === root ? bytes : read(place, index, root, bytes.length);
  });
}

const startListOf = ({ graph, start }: TaskInputs): Hex[] =>
  startList(
    graph,
    start.map((tensor) => tensorRoot(bytesOf(tensor))),
  );

function datasetSource({ inputs }: ClaimSubject) {
  const { dataset } = inputs;
  return {
    roots: datasetTensorRoots(dataset),
    rows: dataset.rows,
    chunks: async (tensor: number, firstChunk: number, lastChunk: number) =>
      chunksOf(bytesOf(dataset.tensors[tensor]!), firstChunk, lastChunk),
  };
}

/** Where a violation is, in words of the graph, for people. */
export function describeViolation({ inputs }: ClaimSubject, { segment, wrong }: WrongSegmentStep) {
  const { graph, task } = inputs;
  const { violation } = wrong;
  return {
    wrong: violation.kind,
    step: segment * task.segmentSteps + wrong.step,
    ...("node" in violation
      ? { node: valueAt(graph, graph.nodes[violation.node]!.output).name, op: graph.nodes[violation.node]!.op }
      : {}),
    ...("part" in violation ? { part: violation.part } : {}),
    ...("element" in violation ? { element: violation.element } : {}),
  };
}
