// Graphs in which L1 finds nothing false though nobody would build them: a challenger that has them from L1 alone runs them, and judges
// what is claimed of them as L1 does. Where it could not, whoever made such a job could claim anything.
import { decodeAbiParameters, type Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NO_FAILURE } from "../../../common/claim.ts";
import { type EncodedGraph, type EncodedNode, type EncodedValue, PLACE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { type Task, trainTask } from "../../../common/task.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import type { ClaimSubject } from "../../../verifier/check/claim.ts";
import { evidenceOf } from "../../../verifier/check/evidence.ts";
import type { Published } from "../../../verifier/check/published.ts";
import { checkSegment } from "../../../verifier/check/segment.ts";
import type { RunSpec } from "../../../verifier/claims/runs.ts";
import { DataUnavailableError } from "../../../verifier/data/client.ts";
import type { Library } from "../../../verifier/data/library.ts";
import { openInputs } from "../../../verifier/dispute/inputs.ts";
import { buildProof } from "../../../verifier/dispute/prove.ts";
import { type Graph, valueAt } from "../../../verifier/graph/graph.ts";
import { runnable } from "../../../verifier/graph/runnable.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { clashOf } from "../../../verifier/model/flaw.ts";
import { hasLeaf } from "../../../verifier/model/leaf.ts";
import type { Place } from "../../../verifier/model/placement.ts";
import { firstLeaves, graphLeaves, graphRef, sumLevels, sumProofIn } from "../../../verifier/model/root.ts";
import { falseLeaf, falseNode } from "../../../verifier/model/rules.ts";
import { graphOfLeaves } from "../../../verifier/model/shown.ts";
import { bitsOf } from "../../../verifier/numerics/float32.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, fromBytes, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { type Gatherer, openGatherer } from "../../../verifier/trace/gather.ts";
import { rowOrderOf } from "../../../verifier/trace/inputs.ts";
import { batchOf } from "../../../verifier/trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf, stepTraceOf } from "../../../verifier/trace/step.ts";
import { isSure, placementIn, stepRootsOf, valueBytes } from "../../../verifier/trace/values.ts";
import { linkParameter } from "../../../verifier/witness/abi.ts";
import { leafProof } from "../../../verifier/witness/proofs.ts";
import { judge } from "../../contracts/leaf/verifiers.ts";
import { type Changed, changedOnce } from "../../support/changed-encoding.ts";
import { createGasMeter } from "../../support/gas-meter.ts";
import { referenceChecker } from "../../support/reference-checker.ts";
import { smallTask } from "../../support/small-task.ts";

const small = smallTask({ sizes: [4, 3, 2], rows: 8, batchRows: 2, stepRoots: true, steps: 1, segmentSteps: 1 });
const { dataset, start, seed } = small;
const sound = encodeGraph(small.graph);
const constants = small.graph.constants.map(({ bytes, value }) => {
  const { dtype, shape } = valueAt(small.graph, value);
  return fromBytes({ dtype, shape }, bytes);
});
const terms = trainTask(small.job);
const taskOf = (graph: Graph): Task => ({ ...terms, graph: graphRef(encodeGraph(graph)) });

let gatherer: Gatherer;
beforeAll(() => {
  gatherer = openGatherer(dataset);
});
afterAll(() => gatherer.close());

/** Bytes that a claimant has at a place instead of its own. */
type Lie = Place & { readonly bytes: Uint8Array };

async function ownValues(graph: Graph): Promise<readonly Tensor[]> {
  const feeds = await gatherer.feeds(rowOrderOf({ task: taskOf(graph), seed, graph }), 0, 1);
  return evaluate(runnable(graph), start, batchOf(graph, feeds, 0, 1));
}

const LISTS: Readonly<Record<number, keyof StepRoots>> = {
  [PLACE.exact]: "exact",
  [PLACE.loose]: "loose",
  [PLACE.nextState]: "stateOut",
};

function rootsOf(graph: Graph, values: readonly Tensor[], lie: Lie | undefined): StepRoots {
  const roots = stepRootsOf(graph, values);
  if (lie === undefined) return roots;
  const list = LISTS[lie.place]!;
  return { ...roots, [list]: roots[list].with(lie.index, tensorRoot(lie.bytes)) };
}

/** What a challenger says of one claimed step, and L1's verdict on its proof. */
async function verdictOn(graph: Graph, lie?: Lie) {
  const values = await ownValues(graph);
  const inputs = { task: taskOf(graph), seed, graph, dataset, start };
  const roots = rootsOf(graph, values, lie);
  const [hash, trace] = [stepRootOf(roots), stepTraceOf(roots)];
  const { loss } = encodeGraph(graph).header;
  const ownLoss = graph.loss === null ? 0 : bitsOf(Number(values[graph.loss]!.data[0]));
  const metrics = loss.place === PLACE.none ? [] : [ownLoss];
  const record = { index: 0, endState: trace.stateOut, metrics, stepsRoot: rootOfList([hash]) };
  const read = async (place: number, index: number, root: Hex, byteLength: number) => {
    const isLie = lie?.place === place && lie.index === index;
    const bytes = isLie ? lie.bytes : valueBytes(graph, values, place, index)!;
    if (bytes.length !== byteLength || tensorRoot(bytes) !== root)
      throw new DataUnavailableError("absent", "not these");
    return bytes;
  };
  const modules = referenceChecker(graph, gatherer);
  const startRoots = start.map((tensor) => tensorRoot(bytesOf(tensor)));
  const claimed = { record, stepHashes: [hash], start, startRoots, roots: async () => roots, read: () => read };
  const { wrong } = await checkSegment(inputs, modules, claimed);
  if (wrong === undefined) return { kind: "right" } as const;
  const evidence = evidenceOf([record], [hash], 0, 0);
  const proof = await buildProof({ inputs } as ClaimSubject, { segment: 0, wrong, evidence, read }, undefined);
  const [, witness] = decodeAbiParameters([linkParameter, { type: "bytes" }], proof.witness) as [unknown, Hex];
  const context = {
    task: inputs.task,
    seed,
    consumedResultRoot: ZERO_HASH,
    consumedTaskHash: ZERO_HASH,
    trajectoryRoot: ZERO_HASH,
    segment: evidence.segment.leaf,
    step: 0,
    globalStep: 0,
    trace,
    failure: NO_FAILURE,
  };
  const { wrong: isWrongOnL1 } = await judge(context, proof.kind, witness);
  return { kind: "wrong", violation: wrong.violation.kind, isWrongOnL1 } as const;
}

/** Another first element of what a node writes. */
async function lieAt(graph: Graph, node: number): Promise<Lie> {
  const { output } = graph.nodes[node]!;
  const at = placementIn(graph).places[output]!;
  const tensor = (await ownValues(graph))[output]!;
  const data = tensor.data.slice();
  if (tensor.dtype === "int64") data[0] = BigInt(data[0]!) + 1n;
  else data[0] = tensor.dtype === "float32" ? Number(data[0]) + 1 : Number(data[0]) ^ 1;
  return { ...at, bytes: bytesOf({ ...tensor, data }) };
}

const judgedNodes = (graph: Graph): number[] =>
  encodeGraph(graph).nodes.flatMap((_, node) => (hasLeaf(graph.nodes[node]!) ? [node] : []));

/** L1's rules, by their twins in TypeScript. */
function isAccepted({ encoded, node }: Changed): boolean {
  const reason =
    node === undefined ? falseLeaf(terms, encoded)?.reason : falseNode(encoded.header, encoded.nodes[node]!);
  return reason === undefined && clashOf(terms, encoded) === undefined;
}

const isLong = process.env.ANH_LONG === "1";
/** Of all single changes, of those that L1 accepts, and of these that are claimed, one in so many. */
const [LOOKED_AT, ON_L1, CLAIMED] = isLong ? [1, 10, 4] : [15, 20, 5];

describe("every single change of an encoding that L1 accepts", () => {
  const changed = [...changedOnce(sound)].filter((_, i) => i % LOOKED_AT === 0).filter(isAccepted);

  it("is accepted by L1's own rules", { timeout: 600_000 }, async () => {
    const rules = await createGasMeter(readArtifacts()("l1/verifiers/GraphRules"));
    for (const { encoded, node } of changed.filter((_, i) => i % ON_L1 === 0)) {
      const leaf = node === undefined ? 0 : firstLeaves(encoded.header).node + node;
      const { flops, bytes_ } = graphLeaves(encoded)[leaf]!;
      const { encoded: bytes } = leafProof(encoded, leaf);
      const task = { ...terms, graph: graphRef(encoded) };
      await rules.call("checkLeaf", [task, encoded.header, BigInt(leaf), bytes, flops, bytes_]);
    }
  });

  it("can be run, and its own encoding has the root", () => {
    expect(changed.length).toBeGreaterThan(80);
    let strange = 0;
    for (const { what, encoded } of changed) {
      const graph = graphOfLeaves(encoded, constants);
      expect(graphRef(encodeGraph(graph)), what).toEqual(graphRef(encoded));
      if (graph.shown !== undefined) strange++;
    }
    expect(strange).toBeGreaterThan(50);
  });

  it("is judged as L1 judges it: what is claimed, and a lie at any node", { timeout: 3_000_000 }, async () => {
    const seen = { right: 0, wrong: 0, lies: 0 };
    for (const [i, { what, encoded }] of changed.entries()) {
      if (i % CLAIMED !== 0) continue;
      const graph = graphOfLeaves(encoded, constants);
      const own = await verdictOn(graph);
      seen[own.kind]++;
      if (own.kind === "wrong") {
        expect(own.isWrongOnL1, what).toBe(true);
        // Else the leaves contradict each other: no claim of such a graph is right.
        if (isSure(graph)) expect(own.violation, what).toBe("finite");
      }
      const nodes = judgedNodes(graph);
      const node = nodes[i % nodes.length]!;
      const lie = await verdictOn(graph, await lieAt(graph, node));
      expect(lie, `${what}; a lie at node ${node}`).toMatchObject({ kind: "wrong", isWrongOnL1: true });
      seen.lies++;
    }
    for (const count of [seen.right, seen.wrong, seen.lies]) expect(count).toBeGreaterThan(3);
  });
});

/** The same graph with its nodes in another order. */
const reordered = (encoded: EncodedGraph): EncodedGraph => ({ ...encoded, nodes: encoded.nodes.toReversed() });

/** Every mention of a place by that of another one. */
function moved(encoded: EncodedGraph, to: (at: Place) => Place): EncodedGraph {
  const value = (at: EncodedValue): EncodedValue => ({ ...at, ...to({ place: at.place, index: at.index }) });
  const node = (of: EncodedNode): EncodedNode => ({
    ...of,
    outputs: of.outputs.map(value),
    inputs: of.inputs.map((operand) => {
      const at = to({ place: operand.layoutPlace, index: operand.layoutIndex });
      return { ...operand, value: value(operand.value), layoutPlace: at.place, layoutIndex: at.index };
    }),
  });
  const { header, nextStates, nodes } = encoded;
  return {
    ...encoded,
    header: { ...header, loss: value(header.loss) },
    nextStates: nextStates.map(value),
    nodes: nodes.map(node),
  };
}

const turned = moved(sound, ({ place, index }) =>
  place === PLACE.exact ? { place, index: sound.header.exactCount - 1 - index } : { place, index },
);

/** The first operand that sees what a node wrote, seen in another shape. */
function reshaped(encoded: EncodedGraph): EncodedGraph {
  for (const [n, node] of encoded.nodes.entries())
    for (const [i, { value }] of node.inputs.entries()) {
      if (value.place !== PLACE.exact) continue;
      const inputs = node.inputs.with(i, { ...node.inputs[i]!, value: { ...value, shape: [1, ...value.shape] } });
      if (falseNode(encoded.header, { ...node, inputs }) === undefined)
        return { ...encoded, nodes: encoded.nodes.with(n, { ...node, inputs }) };
    }
  throw new Error("no operand can be seen in another shape");
}

const lossInShape = (encoded: EncodedGraph, shape: readonly number[]): EncodedGraph => ({
  ...encoded,
  header: { ...encoded.header, loss: { ...encoded.header.loss, shape } },
});

describe.each<[string, EncodedGraph]>([
  ["whose nodes stand in the opposite order", reordered(sound)],
  ["whose exact places are numbered backwards", turned],
  ["that sees a value in another shape without a Reshape", reshaped(sound)],
  ["that sees its loss in another shape", lossInShape(sound, sound.header.loss.shape.length === 0 ? [1] : [])],
  ["with all of it", lossInShape(reshaped(reordered(turned)), [1, 1])],
])("a graph %s", (_, encoded) => {
  const graph = graphOfLeaves(encoded, constants);

  it("is one that L1 finds no flaw in, and nobody would build", () => {
    expect(isAccepted({ what: "", encoded })).toBe(true);
    expect(graph.shown?.encoded).toBe(encoded);
    expect(isSure(graph)).toBe(true);
  });

  it("is rebuilt from its leaves on L1, with what else is served", async () => {
    const levels = sumLevels(graphLeaves(encoded));
    const graphLeaf = (_: Hex, leaf: number) => ({
      encoded: leafProof(encoded, leaf).encoded,
      siblings: sumProofIn(levels, leaf),
    });
    const no = () => Promise.reject(new DataUnavailableError("absent", "nobody serves it"));
    const rootsOf = (some: readonly Tensor[]) => some.map((tensor) => tensorRoot(bytesOf(tensor)));
    const known = [...constants, ...dataset.tensors, ...start];
    const tensors = new Map(rootsOf(known).map((root, i) => [root, known[i]!]));
    const { datasetRoot, startRoot } = small.job;
    const lists = new Map([
      [datasetRoot, rootsOf(dataset.tensors)],
      [startRoot, rootsOf(start)],
    ]);
    const library: Library = {
      graph: no,
      stateTypes: no,
      roots: async (root) => lists.get(root) ?? no(),
      tensor: async (root) => tensors.get(root) ?? no(),
    };
    const spec = { task: taskOf(graph), seed, consumed: undefined } as RunSpec;
    const published = async () => ({ graphLeaf }) as Partial<Published> as Published;
    const found = await openInputs(spec, library, published, () => {}).inputs();
    expect(found).toMatchObject({ kind: "inputs", inputs: { graph } });
  });

  it("gives what the sound one gives", async () => {
    const [own, theirs] = [await ownValues(graph), await ownValues(small.graph)];
    const bytesIn = (values: readonly Tensor[], { stateOutputs, loss }: Graph) =>
      [...stateOutputs, loss!].map((id) => bytesOf(values[id]!));
    expect(bytesIn(own, graph)).toEqual(bytesIn(theirs, small.graph));
    expect(await verdictOn(graph)).toEqual({ kind: "right" });
  });

  it("is judged: a lie at any node is proven on L1", { timeout: 120_000 }, async () => {
    const nodes = judgedNodes(graph).filter((_, i) => isLong || i % 6 === 0);
    for (const node of nodes)
      expect(await verdictOn(graph, await lieAt(graph, node)), `node ${node}`).toMatchObject({
        kind: "wrong",
        isWrongOnL1: true,
      });
  });
});

it.each([
  ["as many places as nodes could fill", 3 * sound.header.nodes, true],
  ["a place more", 3 * sound.header.nodes + 1, false],
  ["as many as can be counted", 2 ** 32 - 1, false],
])("a header of %s is true or false in both languages", async (_, exactCount, isTrue) => {
  const header = { ...sound.header, exactCount, looseCount: 0, loss: { ...sound.header.loss, place: PLACE.exact } };
  const encoded = { ...sound, header };
  expect(falseLeaf(terms, { ...encoded, nodes: [], nextStates: [] }) === undefined).toBe(isTrue);
  const rules = await createGasMeter(readArtifacts()("l1/verifiers/GraphRules"));
  const { encoded: bytes } = leafProof(encoded, 0);
  const { flops, bytes_ } = graphLeaves(encoded)[0]!;
  const judged = rules.call("checkLeaf", [{ ...terms, graph: graphRef(encoded) }, header, 0n, bytes, flops, bytes_]);
  if (isTrue) await judged;
  else await expect(judged).rejects.toThrow();
});
