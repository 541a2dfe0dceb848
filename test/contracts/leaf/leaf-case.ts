// One small step of a claim: a graph, its values, and what Disputes would hand to a verifier.
import type { Hex } from "viem";
import { type Failure, NO_FAILURE, type SegmentLeaf, type StepTrace } from "../../../common/claim.ts";
import type { EncodedGraph } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { type GraphRef, JOB_FLAG, PROFILE } from "../../../common/job.ts";
import type { Task } from "../../../common/task.ts";
import { batchInput, constant, type Draft, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, Graph, OpName, ValueId } from "../../../verifier/graph/graph.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { graphRef } from "../../../verifier/model/root.ts";
import type { Profile } from "../../../verifier/ops/judge.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { type StepRoots, stepTraceOf } from "../../../verifier/trace/step.ts";
import { stepRootsOf, valueBytes } from "../../../verifier/trace/values.ts";
import { type StepSource, sourceOfValues } from "../../../verifier/witness/chunks.ts";

export interface LeafContext {
  readonly task: Task;
  readonly seed: Hex;
  readonly consumedResultRoot: Hex;
  readonly consumedTaskHash: Hex;
  readonly trajectoryRoot: Hex;
  readonly segment: SegmentLeaf;
  readonly step: number;
  readonly globalStep: number;
  readonly trace: StepTrace;
  readonly failure: Failure;
}

/** A claimed step. `values` may hold a lie; the roots are those of `values`. */
export interface LeafCase {
  readonly graph: Graph;
  readonly values: readonly Tensor[];
  readonly encoded: EncodedGraph;
  readonly roots: StepRoots;
}

export function leafCase(graph: Graph, values: readonly Tensor[]): LeafCase {
  return { graph, values, encoded: encodeGraph(graph), roots: stepRootsOf(graph, values) };
}

/** Where an operand of the node under test comes from. */
export const ORIGINS = ["feed", "state", "constant", "node"] as const;
export type Origin = (typeof ORIGINS)[number];

/** One node, its operands from the origins in turn, its output the step's (place NextState) or, if `inner`, an inner value. */
export function oneNode(
  op: OpName,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
  { turn = 0, inner = false }: { readonly turn?: number; readonly inner?: boolean } = {},
): LeafCase {
  const draft = newDraft();
  const state: Tensor[] = [];
  const batch: Tensor[] = [];
  const feed = (input: Tensor, name: string): ValueId => {
    batch.push(input);
    return batchInput(draft, name, input);
  };
  const operand = (input: Tensor, i: number): ValueId => {
    switch (ORIGINS[(i + turn) % ORIGINS.length]) {
      case "state":
        state.push(input);
        return stateInput(draft, `operand${i}`, input);
      case "constant":
        return constant(draft, input);
      case "node": {
        // A committed value with the operand's own elements: a copy, turned over twice.
        const { shape } = input;
        const halves = emit(draft, "Concat", [feed(input, `operand${i}`), feed(input, `again${i}`)], { axis: 0 });
        const zeros = shape.map(() => 0);
        return emit(draft, "Slice", [halves], { starts: zeros, ends: shape, steps: shape.map(() => 1) });
      }
      default:
        return feed(input, `operand${i}`);
    }
  };
  const ids = inputs.map((input, i) => (input.shape.length === 0 ? constant(draft, input) : operand(input, i)));
  const output = emit(draft, op, ids, attributes, "tested");
  const end = inner ? beyond(draft, output) : output;
  const graph = finish(draft, { kind: "infer", stateOutputs: [end] });
  return leafCase(graph, evaluate(graph, state, batch));
}

/** Something that reads every element, so that the value before it is an inner one. */
function beyond(draft: Draft, id: ValueId): ValueId {
  const { shape } = draft.values[id]!;
  return shape.length === 0 ? id : emit(draft, "Concat", [id, id], { axis: 0 });
}

/** Index of the node under test. */
export const testedNode = ({ graph }: LeafCase): number =>
  graph.nodes.findIndex((node) => graph.values[node.output]!.name === "tested");

export const outputOf = (leaf: LeafCase, node: number): Tensor => leaf.values[leaf.graph.nodes[node]!.output]!;

/** The same step with one element of a node's output replaced, and nothing after it computed again. */
export const withLie = (leaf: LeafCase, node: number, element: number, lie: number | bigint): LeafCase =>
  withElement(leaf, leaf.graph.nodes[node]!.output, element, lie);

/** The same with an element of a value by its name. */
export const withValue = (leaf: LeafCase, name: string, element: number, lie: number | bigint): LeafCase =>
  withElement(
    leaf,
    leaf.graph.values.findIndex((value) => value.name === name),
    element,
    lie,
  );

function withElement(leaf: LeafCase, id: ValueId, element: number, lie: number | bigint): LeafCase {
  const tensor = leaf.values[id]!;
  const data = tensor.data.slice();
  data[element] = lie;
  const values = leaf.values.with(id, { ...tensor, data });
  return { ...leaf, values, roots: stepRootsOf(leaf.graph, values) };
}

export const sourceOf = ({ graph, values, encoded, roots }: LeafCase): StepSource =>
  sourceOfValues(graph, encoded, roots, async (place, index) => {
    const bytes = valueBytes(graph, values, place, index);
    if (bytes === undefined) throw new RangeError(`no value at place ${place}, index ${index}`);
    return bytes;
  });

const refs = new WeakMap<EncodedGraph, GraphRef>();

function refOf(encoded: EncodedGraph): GraphRef {
  const known = refs.get(encoded) ?? graphRef(encoded);
  refs.set(encoded, known);
  return known;
}

export function taskOf({ encoded }: LeafCase, changes: Partial<Task> = {}): Task {
  return {
    id: `0x${"11".repeat(32)}`,
    kind: encoded.header.kind,
    modelId: ZERO_HASH,
    graph: refOf(encoded),
    datasetRoot: ZERO_HASH,
    datasetRows: 1n,
    startRoot: ZERO_HASH,
    steps: 1,
    segmentSteps: 1,
    batchRows: 1,
    profile: PROFILE.strict,
    flags: 1,
    priceWei: 0n,
    deadline: 0n,
    windowSeconds: 60,
    ...changes,
  };
}

/** All of them with step roots. */
const JUDGED_BY: Readonly<Record<Profile, Pick<Task, "profile" | "flags">>> = {
  strict: { profile: PROFILE.strict, flags: JOB_FLAG.stepRoots },
  tolerant: { profile: PROFILE.tolerant, flags: JOB_FLAG.stepRoots },
  "tolerant-gpu": { profile: PROFILE.tolerant, flags: JOB_FLAG.stepRoots | JOB_FLAG.gpu },
};

export function contextOf(
  leaf: LeafCase,
  profile: Profile = "strict",
  changes: Partial<LeafContext> = {},
): LeafContext {
  return {
    task: taskOf(leaf, JUDGED_BY[profile]),
    seed: ZERO_HASH,
    consumedResultRoot: ZERO_HASH,
    consumedTaskHash: ZERO_HASH,
    trajectoryRoot: ZERO_HASH,
    segment: { index: 0, endState: ZERO_HASH, metricsRoot: ZERO_HASH, stepsRoot: ZERO_HASH },
    step: 0,
    globalStep: 0,
    trace: stepTraceOf(leaf.roots),
    failure: NO_FAILURE,
    ...changes,
  };
}
