// Witnesses of kinds 2, 3, 5: roots that must be equal (docs/protocol.md P7.5, P7.8).
import { type AbiParameterToPrimitiveType, encodeAbiParameters, type Hex } from "viem";
import type { SegmentLeaf, StepTrace } from "../../common/claim.ts";
import { type EncodedGraph, PLACE } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { treeProof } from "../../common/merkle.ts";
import type { Task } from "../../common/task.ts";
import type { StepRoots } from "../trace/step.ts";
import { linkWitness, nextStateWitness, startWitness } from "./abi.ts";
import type { StepSource } from "./chunks.ts";
import { type HeaderProof, headerProof, nextStateProof, openingOf, rootProof, stateProof } from "./proofs.ts";

const NO_STEP: StepTrace = {
  stateIn: ZERO_HASH,
  feedsRoot: ZERO_HASH,
  exactRoot: ZERO_HASH,
  looseRoot: ZERO_HASH,
  stateOut: ZERO_HASH,
};
const NO_SEGMENT: SegmentLeaf = { index: 0, endState: ZERO_HASH, metricsRoot: ZERO_HASH, stepsRoot: ZERO_HASH };

const NO_GRAPH = { root: ZERO_HASH, flops: 0n, bytes_: 0n };
const NO_TASK: Task = {
  id: ZERO_HASH,
  kind: 0,
  modelId: ZERO_HASH,
  graph: NO_GRAPH,
  datasetRoot: ZERO_HASH,
  datasetRows: 0n,
  startRoot: ZERO_HASH,
  steps: 0,
  segmentSteps: 0,
  batchRows: 0,
  profile: 0,
  flags: 0,
  priceWei: 0n,
  deadline: 0n,
  windowSeconds: 0,
};

const encodeLink = (link: {
  readonly end: boolean;
  readonly previousStep: StepTrace;
  readonly previousSegment: SegmentLeaf;
  readonly proof: readonly Hex[];
}): Hex => encodeAbiParameters([linkWitness], [link]);

/** The last step of the segment does not end in the segment's end state. */
export const buildEndLinkWitness = (): Hex =>
  encodeLink({ end: true, previousStep: NO_STEP, previousSegment: NO_SEGMENT, proof: [] });

/** The first step of a training does not start from the start root. */
export const buildStartLinkWitness = (): Hex =>
  encodeLink({ end: false, previousStep: NO_STEP, previousSegment: NO_SEGMENT, proof: [] });

/** A later step of a segment does not start where the step before ended; `proof`: of that step under the steps root. */
export const buildStepLinkWitness = (previousStep: StepTrace, proof: readonly Hex[]): Hex =>
  encodeLink({ end: false, previousStep, previousSegment: NO_SEGMENT, proof });

/** A segment's first step does not start where the segment before ended; `proof`: of that leaf under the trajectory root. */
export const buildSegmentLinkWitness = (previousSegment: SegmentLeaf, proof: readonly Hex[]): Hex =>
  encodeLink({ end: false, previousStep: NO_STEP, previousSegment, proof });

/** The consumed claim as a start witness needs it. */
export interface ConsumedResult {
  readonly task: Task;
  /** Of its training graph, which counts the tensors of its result. */
  readonly header: HeaderProof;
  /** A tensor of its final state, proven under the result's root; undefined where it has none. */
  readonly tensor: (index: number) => { readonly root: Hex; readonly proof: readonly Hex[] } | undefined;
}

/** The tensors of a result of which all roots are known. */
export const tensorsOf =
  (roots: readonly Hex[]): ConsumedResult["tensor"] =>
  (index) => {
    const root = roots[index];
    return root && { root, proof: treeProof(roots, index) };
  };

/** State tensor `state` of the first step of an inference or evaluation is not the model's, or not zeros. */
export function buildStartWitness(graph: EncodedGraph, roots: StepRoots, state: number, consumed: ConsumedResult): Hex {
  const tensor = consumed.tensor(stateProof(graph, state).state.source);
  return encodeStart(graph, roots, state, {
    consumedTask: consumed.task,
    consumedHeader: consumed.header,
    consumedRoot: tensor?.root ?? ZERO_HASH,
    consumedProof: tensor?.proof ?? [],
    element: 0n,
    openings: [],
  });
}

/**
 * State tensor `state` of the first step of a training that draws its start is not the one that its start root names, or holds an
 * `element` that its rule does not draw.
 * @param named the list that the start root is the root of
 */
export async function buildDrawnStartWitness(
  source: StepSource,
  named: readonly Hex[],
  { state, element }: { readonly state: number; readonly element?: number },
): Promise<Hex> {
  const { graph, roots } = source;
  const proof = stateProof(graph, state);
  const value = { ...proof.state, place: PLACE.state, index: state };
  const openings =
    element === undefined ? [] : [await openingOf(source, { operand: -1, value, first: element, count: 1 })];
  return encodeStart(graph, roots, state, {
    consumedTask: NO_TASK,
    consumedHeader: headerProof(graph),
    consumedRoot: named[state]!,
    consumedProof: treeProof(named, state),
    element: BigInt(element ?? 0),
    openings,
  });
}

type StartWitness = AbiParameterToPrimitiveType<typeof startWitness>;

/** What it is held to beside where it stands in the graph and in the first step. */
const encodeStart = (
  graph: EncodedGraph,
  roots: StepRoots,
  state: number,
  against: Omit<StartWitness, "header" | "state" | "stateProof" | "root" | "rootProof">,
): Hex =>
  encodeAbiParameters(
    [startWitness],
    [
      {
        header: headerProof(graph),
        state,
        stateProof: stateProof(graph, state),
        root: roots.stateIn[state]!,
        rootProof: treeProof(roots.stateIn, state),
        ...against,
      },
    ],
  );

/** State output `state` has another root than the place the graph says it comes from. */
export function buildNextStateWitness(graph: EncodedGraph, roots: StepRoots, state: number): Hex {
  const nextState = nextStateProof(graph, state);
  const { place, index } = nextState.value;
  const source = rootProof(graph, roots, place, index);
  return encodeAbiParameters(
    [nextStateWitness],
    [
      {
        header: headerProof(graph),
        state,
        nextState,
        root: roots.stateOut[state]!,
        rootProof: treeProof(roots.stateOut, state),
        sourceRoot: source.root,
        sourceProof: source.rootProof,
      },
    ],
  );
}
