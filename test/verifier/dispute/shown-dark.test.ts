// A claim of a graph that L1 alone shows, of which its claimant serves nothing: it is judged by what it publishes.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EncodedGraph, PLACE } from "../../../common/graph-encoding.ts";
import { treeProof } from "../../../common/merkle.ts";
import { type Task, trainTask } from "../../../common/task.ts";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import { checkDark } from "../../../verifier/check/dark.ts";
import { leafFields } from "../../../verifier/check/evidence.ts";
import type { Published } from "../../../verifier/check/published.ts";
import { type Graph, valueAt } from "../../../verifier/graph/graph.ts";
import { runnable } from "../../../verifier/graph/runnable.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { flawOf } from "../../../verifier/model/flaw.ts";
import { hasLeaf } from "../../../verifier/model/leaf.ts";
import { graphRef } from "../../../verifier/model/root.ts";
import { graphOfLeaves } from "../../../verifier/model/shown.ts";
import { bitsOf } from "../../../verifier/numerics/float32.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { fromBytes, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { type Gatherer, openGatherer } from "../../../verifier/trace/gather.ts";
import { rowOrderOf } from "../../../verifier/trace/inputs.ts";
import { batchOf } from "../../../verifier/trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf, stepTraceOf } from "../../../verifier/trace/step.ts";
import { segmentLeafOf, trajectoryRoot } from "../../../verifier/trace/trajectory.ts";
import { isSure, stepRootsOf, valueBytes } from "../../../verifier/trace/values.ts";
import { PAGE_ROOTS } from "../../../verifier/witness/pages.ts";
import { referenceChecker } from "../../support/reference-checker.ts";
import { smallTask } from "../../support/small-task.ts";

const STEPS = 4;
const SEGMENT_STEPS = 2;
const LIED_STEP = 2;
const small = smallTask({
  sizes: [4, 3, 2],
  rows: 8,
  batchRows: 2,
  stepRoots: true,
  steps: STEPS,
  segmentSteps: SEGMENT_STEPS,
});
const { dataset, start, seed } = small;
const sound = encodeGraph(small.graph);
const constants = small.graph.constants.map(({ bytes, value }) => {
  const { dtype, shape } = valueAt(small.graph, value);
  return fromBytes({ dtype, shape }, bytes);
});

let gatherer: Gatherer;
beforeAll(() => {
  gatherer = openGatherer(dataset);
});
afterAll(() => gatherer.close());

const taskOf = (graph: Graph, profile: number): Task =>
  trainTask({ ...small.job, profile, trainGraph: graphRef(encodeGraph(graph)) });

type Step = { readonly values: readonly Tensor[]; readonly roots: StepRoots };

/** A claim of all steps as this machine computes them, each from the one before; `lied` to in one of them, and in what follows from it. */
async function claimed(graph: Graph, task: Task, lied: number | undefined) {
  const feeds = await gatherer.feeds(rowOrderOf({ task, seed, graph }), 0, STEPS);
  const run = runnable(graph);
  const steps: Step[] = [];
  let state: readonly Tensor[] = start;
  for (let t = 0; t < STEPS; t++) {
    const values: Tensor[] = [...evaluate(run, state, batchOf(graph, feeds, t, STEPS))];
    if (t === LIED_STEP && lied !== undefined) {
      const { output } = graph.nodes[lied]!;
      const data = values[output]!.data.slice();
      data[0] = Number(data[0]) + 1;
      values[output] = { ...values[output]!, data };
    }
    steps.push({ values, roots: stepRootsOf(graph, values) });
    state = graph.stateOutputs.map((id) => values[id]!);
  }
  const lossOf = ({ values }: Step) => bitsOf(Number(values[graph.loss!]!.data[0]));
  const records = [0, 1].map((index) => {
    const own = steps.slice(index * SEGMENT_STEPS, (index + 1) * SEGMENT_STEPS);
    return {
      index,
      endState: stepTraceOf(own.at(-1)!.roots).stateOut,
      metrics: own.map(lossOf),
      stepsRoot: rootOfList(own.map(({ roots }) => stepRootOf(roots))),
    };
  });
  const leaves = records.map(segmentLeafOf);
  const at = (segment: number, step: number) => steps[segment * SEGMENT_STEPS + step]!;
  const hashesIn = (segment: number) =>
    steps.slice(segment * SEGMENT_STEPS, (segment + 1) * SEGMENT_STEPS).map(({ roots }) => stepRootOf(roots));
  let reads = 0;
  const published: Partial<Published> = {
    leaf: (segment) => ({ leaf: leafFields(records[segment]!), proof: treeProof(leaves, segment) }),
    metrics: (segment) => records[segment]!.metrics.map(BigInt),
    opened: () => undefined,
    step: (segment, step) => {
      const { roots } = at(segment, step);
      const all = [roots.stateIn, roots.feeds, roots.exact, roots.loose, roots.stateOut].flat();
      const page = (index: number) => all.slice(index * PAGE_ROOTS, (index + 1) * PAGE_ROOTS);
      return { trace: stepTraceOf(roots), proof: treeProof(hashesIn(segment), step), page };
    },
    read: (segment, step) => async (place, index) => {
      reads++;
      return valueBytes(graph, at(segment, step).values, place, index)!;
    },
  };
  return { claim: { trajectoryRoot: trajectoryRoot(records) }, published: published as Published, reads: () => reads };
}

async function found(graph: Graph, profile: number, lied?: number) {
  const task = taskOf(graph, profile);
  const { claim, published, reads } = await claimed(graph, task, lied);
  const modules = referenceChecker(graph, gatherer);
  const inputs = { task, seed, graph, dataset, start };
  const finding = await checkDark({ claimHash: "0x", claim, inputs } as unknown as ClaimSubject, modules, published);
  return { finding, reads: reads() };
}

const reversed: EncodedGraph = { ...sound, nodes: sound.nodes.toReversed() };

/** An operand that reads a place that nothing writes instead of its own, which the header counts behind all others. */
function freed(encoded: EncodedGraph): EncodedGraph {
  const { header, nodes } = encoded;
  for (const [n, node] of nodes.entries())
    for (const [i, operand] of node.inputs.entries()) {
      if (operand.value.place !== PLACE.exact) continue;
      const value = { ...operand.value, index: header.exactCount };
      const inputs = node.inputs.with(i, { ...operand, value });
      const changed = {
        ...encoded,
        header: { ...header, exactCount: header.exactCount + 1 },
        nodes: nodes.with(n, { ...node, inputs }),
      };
      const terms = trainTask({ ...small.job, trainGraph: graphRef(changed) });
      if (flawOf(terms, changed) === undefined) return changed;
    }
  throw new Error("no operand can be read elsewhere");
}

describe.each<[string, EncodedGraph, boolean]>([
  ["whose nodes stand in the opposite order", reversed, true],
  ["of which a node reads what no node writes", freed(sound), false],
])("a graph %s", (_, encoded, sure) => {
  const graph = graphOfLeaves(encoded, constants);
  const nodes = encoded.nodes.flatMap((_, n) => {
    const { output } = graph.nodes[n]!;
    return hasLeaf(graph.nodes[n]!) && valueAt(graph, output).dtype === "float32" ? [n] : [];
  });

  it("is as it is said to be", () => {
    expect(graph.shown?.encoded).toBe(encoded);
    expect(isSure(graph)).toBe(sure);
  });

  it.each([
    ["strict", 0],
    ["tolerant", 1],
  ])("is found right in %s where it is computed", async (_, profile) => {
    const { finding, reads } = await found(graph, profile);
    expect(finding.kind).toBe("right");
    if (sure) expect(reads).toBe(0);
    else expect(reads).toBeGreaterThan(0);
  });

  it.each([
    ["strict", 0],
    ["tolerant", 1],
  ])("is found wrong in %s where a node's output is not what it gives", async (_, profile) => {
    for (const node of nodes.filter((_, i) => i % 5 === 0)) {
      const { finding } = await found(graph, profile, node);
      expect(finding, `a lie at node ${node}`).toMatchObject({ kind: "wrong", segment: 1, wrong: { step: 0 } });
    }
  });
});
