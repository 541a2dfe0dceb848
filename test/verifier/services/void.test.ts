// Malformed jobs on a real L1: whoever is honest declines them, and what others claim of them is voided by one transaction.
import { type Abi, type Hex, sha256 } from "viem";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import { devAccount } from "../../../cli/stack/accounts.ts";
import { claimHash as claimHashOf, commitment, NO_FAILURE, segmentLeafHash } from "../../../common/claim.ts";
import { resultClaimsAbi } from "../../../common/contracts/result-claims.ts";
import { voidsAbi } from "../../../common/contracts/voids.ts";
import { type EncodedGraph, type EncodedNode, type EncodedValue, PLACE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG, type Job } from "../../../common/job.ts";
import { inferTask, type Task, taskHash, trainTask } from "../../../common/task.ts";
import type { Published } from "../../../verifier/check/published.ts";
import { CLAIM_STATUS } from "../../../verifier/claims/status.ts";
import { shownFlaw } from "../../../verifier/dispute/shown-graph.ts";
import { honestSteps } from "../../../verifier/executor-wiring.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { type Flaw, flawOf } from "../../../verifier/model/flaw.ts";
import { graphLeaves, graphRef, sumLevels, sumProofIn } from "../../../verifier/model/root.ts";
import { falseNode } from "../../../verifier/model/rules.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { buildFlawWitness } from "../../../verifier/witness/flaw.ts";
import { headerProof, leafBytes, nextStateProof } from "../../../verifier/witness/proofs.ts";
import { type ShownModel, sourceFlaw } from "../../../verifier/witness/source.ts";
import { blockAfter, callAs } from "../../support/liars-claim.ts";
import { openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import type { SmallTask } from "../../support/small-task.ts";
import { until } from "../../support/until.ts";

const BOND_WEI = 2n * 10n ** 18n;
let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
});
afterEach(() => stage.stopAll());
afterAll(async () => {
  await stage?.close();
});

const call = (address: Hex, abi: Abi, functionName: string, args: readonly unknown[], value = 0n) =>
  callAs("liar", stage.l1, address, abi, functionName, args, value);
const claims = (functionName: string, args: readonly unknown[], value = 0n) =>
  call(stage.l1.chain.contracts.resultClaims, resultClaimsAbi as Abi, functionName, args, value);
const voids = (functionName: string, args: readonly unknown[]) =>
  call(stage.l1.chain.contracts.voids, voidsAbi as Abi, functionName, args);

/** What is asked of a claimed model. */
type Question = { readonly input: Tensor; readonly model: Hex };

/** A claim of a training of one step, or of an inference, in which nothing is true: L1 takes it, it would have to be disputed. */
async function claimAnything(job: Job, question?: Question): Promise<Hex> {
  const inputRoot = question ? tensorRoot(bytesOf(question.input)) : ZERO_HASH;
  const task = question ? inferTask(job, inputRoot) : trainTask(job);
  const consumed = question ? [question.model] : [];
  const output: Hex = question ? "0x00000000" : "0x";
  const { address } = devAccount("liar");
  const end: Hex = question ? sha256(output) : `0x${"e0".repeat(32)}`;
  const lastSegment = { index: 0, endState: end, metricsRoot: ZERO_HASH, stepsRoot: ZERO_HASH };
  const trajectoryRoot = segmentLeafHash(lastSegment);
  const claim = {
    id: task.id,
    claimant: address,
    taskHash: taskHash(task),
    seed: ZERO_HASH,
    resultRoot: end,
    trajectoryRoot,
    consumed,
    output,
    salt: ZERO_HASH,
    failure: NO_FAILURE,
  };
  const hash = claimHashOf(claim);
  const { blockNumber } = await claims("commit", [commitment(hash, address, ZERO_HASH)]);
  await blockAfter(stage.l1, blockNumber);
  const input = {
    job,
    kind: task.kind,
    inputRoot,
    rows: 0,
    resultRoot: end,
    trajectoryRoot,
    consumed,
    output,
    lastSegment,
    lastSegmentProof: [],
    outputProof: "0x",
    salt: ZERO_HASH,
    failure: NO_FAILURE,
    dataUrl: "http://127.0.0.1:1",
  };
  const bondWei = await stage.l1.client.readContract({
    address: stage.l1.chain.contracts.resultClaims,
    abi: resultClaimsAbi,
    functionName: "bondWei",
    args: [job.flags],
  });
  expect(bondWei).toBeLessThan(BOND_WEI);
  await claims("claim", [input], bondWei);
  return hash;
}

const statusOf = async (hash: Hex) =>
  (
    await stage.l1.client.readContract({
      address: stage.l1.chain.contracts.resultClaims,
      abi: resultClaimsAbi,
      functionName: "claimOf",
      args: [hash],
    })
  ).status;

const small = (more: Parameters<ServiceStage["job"]>[0] = {}): SmallTask =>
  stage.job({
    steps: 1,
    segmentSteps: 1,
    flags: JOB_FLAG.sequentialRows,
    deadline: 2n ** 40n,
    ...more,
  });

describe("a job with", () => {
  it.each<[string, () => { task: SmallTask; job: Job }, string]>([
    [
      "a price for fewer flops than its graph takes",
      () => {
        const task = small();
        return { task, job: { ...task.job, trainGraph: { ...task.job.trainGraph, flops: 1n } } };
      },
      "sum",
    ],
    [
      "a graph for something else",
      () => {
        const task = small();
        return { task, job: { ...task.job, trainGraph: task.job.evaluateGraph } };
      },
      "leaf",
    ],
    [
      "a node that nobody could afford to prove",
      () => {
        const task = small({ sizes: [4, 40_000], rows: 8, tolerant: true });
        return { task, job: task.job };
      },
      "gate",
    ],
  ])("%s is declined by who is honest, and voided when somebody claims it", async (_, make, flaw) => {
    const { task, job } = make();
    await stage.upload(task);
    const demand = { task: trainTask(job), job };
    const executor = await stage.execute("executor", demand, honestSteps(1));
    const said = await until(() => executor.events.find(({ event }) => event === "declined" || event === "run-failed"));
    expect(said.reason ?? said.error).toMatch(/voids the job/);
    expect(executor.events.map(({ event }) => event)).not.toContain("committed");
    await stage.stopLast();
    const hash = await claimAnything(job);
    const events = stage.watch();
    expect(await seen(events, "voided")).toMatchObject({ claimHash: hash, flaw });
    expect(await statusOf(hash)).toBe(CLAIM_STATUS.void);
    expect(events.map(({ event }) => event)).not.toContain("challenged");
  });
});

const input: Tensor = { dtype: "uint8", shape: [1, 12], data: new Uint8Array(12).fill(9) };

/** A job whose inferences start from other tensors than its model has. */
function misled(sourceOf: (source: number, states: number) => number) {
  const task = small({ sizes: [12, 8, 4] });
  const { infer } = task.graphs;
  const stateInputs = infer.stateInputs.map((state) => ({
    ...state,
    source: sourceOf(state.source, task.graph.stateInputs.length),
  }));
  const bent = { ...infer, stateInputs };
  const job = { ...task.job, inferGraph: graphRef(encodeGraph(bent)) };
  return { ...task, task: trainTask(job), job, graphs: { ...task.graphs, infer: bent } };
}

describe("an inference that starts from", () => {
  it.each<[string, (source: number, states: number) => number]>([
    ["tensors that the model has not", (source, states) => source + states],
    ["tensors of other shapes", (source) => source ^ 1],
  ])("%s is declined by who is honest, and voided when somebody claims it", async (_, sourceOf) => {
    const task = misled(sourceOf);
    const { job } = task;
    await stage.upload(task);
    await stage.serve([input]);
    const asked = { task: inferTask(job, tensorRoot(bytesOf(input))), job };
    const { events: told } = await stage.execute("executor", task, honestSteps(1), () => true, {
      demands: async () => [task, asked],
    });
    const declined = await until(() => told.find(({ event }) => event === "declined" || event === "run-failed"));
    expect(declined).toMatchObject({ event: "declined", id: asked.task.id });
    expect(declined.reason).toMatch(/voids the job/);
    const claimed = told.filter(({ event }) => event === "claimed");
    expect(claimed).toHaveLength(1);
    const model = claimed[0]!.claimHash as Hex;
    const hash = await claimAnything(job, { input, model });
    const events = stage.watch();
    expect(await seen(events, "voided")).toMatchObject({ claimHash: hash, flaw: "source" });
    await until(async () => ((await statusOf(hash)) === CLAIM_STATUS.void ? true : undefined));
    expect(await statusOf(model)).toBe(CLAIM_STATUS.open);
    expect(events.map(({ event }) => event)).not.toContain("challenged");
  });

  it("what the model has is nothing that L1 takes a proof of, nor of another job's model", async () => {
    const [sound, other] = [small({ sizes: [12, 8, 4] }), misled((source) => source + 99)];
    const [encoded, training] = [encodeGraph(sound.graphs.infer), encodeGraph(sound.graph)];
    const claimHash = await claimAnything(sound.job);
    const model: ShownModel = { claimHash, task: sound.task, header: headerProof(training), encoded: training };
    expect(sourceFlaw(encoded.states, model)).toBeUndefined();
    const tensor = nextStateProof(training, encoded.states[0]!.source);
    const { claimHash: _, encoded: __, ...shown } = model;
    const pretended = { ...shown, kind: "source", state: 0, reason: "", claimHash, tensor } as const;
    const proof = buildFlawWitness(encoded, pretended);
    await expect(voids("voidJob", [sound.job, 2, proof.flaw, proof.witness])).rejects.toThrow(/NothingWrong/);
    // A training starts from no model.
    await expect(voids("voidJob", [sound.job, 1, proof.flaw, proof.witness])).rejects.toThrow(/NoModelConsumed/);
    const bent = encodeGraph(other.graphs.infer);
    const ofOther = buildFlawWitness(bent, { ...pretended, tensor: undefined });
    await expect(voids("voidJob", [other.job, 2, ofOther.flaw, ofOther.witness])).rejects.toThrow(/OtherModel/);
    // Nobody has claimed that task.
    const unclaimed = buildFlawWitness(bent, { ...pretended, task: other.task, tensor: undefined });
    await expect(voids("voidJob", [other.job, 2, unclaimed.flaw, unclaimed.witness])).rejects.toThrow(/TaskMismatch/);
    const none = buildFlawWitness(bent, {
      ...pretended,
      task: other.task,
      claimHash: other.task.id,
      tensor: undefined,
    });
    await expect(voids("voidJob", [other.job, 2, none.flaw, none.witness])).rejects.toThrow(/TaskMismatch/);
  });
});

/** Graphs that no builder makes: the honest one with one leaf changed. */
const broken: [string, (encoded: EncodedGraph) => EncodedGraph, Flaw["kind"]][] = [
  ["a node of another shape", (g) => withNode(g, 0, (node) => withOutput(node, { shape: [1] })), "leaf"],
  ["a node of other flops", (g) => withNode(g, 0, (node) => ({ ...node, flops: node.flops + 1n })), "leaf"],
  ["a node of no op", (g) => withNode(g, 0, (node) => ({ ...node, op: 255 })), "leaf"],
  [
    "a batch of other rows",
    (g) => ({ ...g, feeds: g.feeds.map((feed) => ({ ...feed, shape: [1, ...feed.shape.slice(1)] })) }),
    "leaf",
  ],
  [
    "a next state that the header does not count",
    (g) => ({ ...g, header: { ...g.header, states: g.header.states - 1, constants: g.header.constants + 1 } }),
    "leaf",
  ],
  [
    "a state that changes its shape",
    (g) => ({ ...g, states: g.states.with(0, { ...g.states[0]!, shape: [...g.states[0]!.shape, 1] }) }),
    "clash",
  ],
  [
    "two nodes that write one place",
    (g) => ({ ...g, nodes: g.nodes.map((node) => (isInner(node) ? withOutput(node, { index: 0 }) : node)) }),
    "clash",
  ],
  ["a constant of one element that an operand sees as more", (g) => seenAsMore(g), "clash"],
  [
    "a loss that names a value of more elements",
    (g) => ({ ...g, header: { ...g.header, loss: { ...g.header.loss, place: PLACE.state, index: 0 } } }),
    "clash",
  ],
  [
    "a next state that names a value of another type",
    (g) => ({ ...g, nextStates: g.nextStates.with(0, { ...g.nextStates[0]!, place: PLACE.feed, index: 0 }) }),
    "clash",
  ],
  ["more places than nodes could fill", (g) => ({ ...g, header: { ...g.header, exactCount: 2 ** 32 - 1 } }), "leaf"],
];
/** The first node that could read a constant of the size of its output, and reads one of one element as that. */
function seenAsMore(graph: EncodedGraph): EncodedGraph {
  const bent = graph.nodes.flatMap((node, index) =>
    node.inputs.flatMap(({ value }, operand) => {
      if (value.place !== PLACE.constant || value.shape.length > 0) return [];
      const { shape } = node.outputs[0]!;
      const inputs = node.inputs.with(operand, { ...node.inputs[operand]!, value: { ...value, shape } });
      const isTrue = shape.length > 0 && falseNode(graph.header, { ...node, inputs }) === undefined;
      return isTrue ? [withNode(graph, index, (one) => ({ ...one, inputs }))] : [];
    }),
  );
  return bent[0]!;
}
const isInner = ({ op, outputs }: EncodedNode): boolean => op !== 60 && outputs[0]!.place === 4;
const withNode = (graph: EncodedGraph, index: number, change: (node: EncodedNode) => EncodedNode): EncodedGraph => ({
  ...graph,
  nodes: graph.nodes.with(index, change(graph.nodes[index]!)),
});
const withOutput = (node: EncodedNode, more: Partial<EncodedNode["outputs"][0]>): EncodedNode => ({
  ...node,
  outputs: [{ ...node.outputs[0]!, ...more }],
});

test.each(broken)("%s is found, and L1 takes the proof with no claim there", async (_, change, kind) => {
  const { job, graphs } = small();
  const encoded = change(encodeGraph(graphs.train.graph));
  const malformed = { ...job, trainGraph: graphRef(encoded) };
  const flaw = flawOf(trainTask(malformed), encoded);
  expect(flaw?.kind).toBe(kind);
  const proof = buildFlawWitness(encoded, flaw!);
  const receipt = await voids("voidJob", [malformed, 1, proof.flaw, proof.witness]);
  expect(receipt.gasUsed).toBeLessThan(5_000_000n);
});

test.each([
  ["flops", { flops: 5n, bytes_: 0n }],
  ["bytes", { flops: 0n, bytes_: 1n }],
])("a header with %s of its own, of which no proof leads to the root, is found by its leaf", async (_, own) => {
  const { job, graphs } = small();
  const encoded = encodeGraph(graphs.train.graph);
  const levels = sumLevels(graphLeaves(encoded).map((leaf, i) => (i === 0 ? { ...leaf, ...own } : leaf)));
  const { hash: root, flops, bytes_ } = levels.at(-1)![0]!;
  const bent = { ...job, trainGraph: { root, flops, bytes_ } };
  const graphLeaf = (_root: Hex, leaf: number) => ({
    encoded: leafBytes(encoded, leaf),
    siblings: sumProofIn(levels, leaf),
  });
  const flaw = shownFlaw(bent.trainGraph, encoded, { graphLeaf } as Partial<Published> as Published);
  expect(flaw?.kind).toBe("sum");
  const proof = buildFlawWitness(encoded, flaw!);
  await voids("voidJob", [bent, 1, proof.flaw, proof.witness]);
});

test("a header alone in its tree, of a job that says that it has flops, is found", async () => {
  const { job, graphs } = small();
  const { header } = encodeGraph(graphs.train.graph);
  const none = { constants: 0, states: 0, feeds: 0, datasetFeeds: 0, nextStates: 0, nodes: 0 };
  const lists = { constants: [], states: [], feeds: [], nextStates: [], nodes: [] };
  const encoded: EncodedGraph = { header: { ...header, ...none }, ...lists };
  const bent = { ...job, trainGraph: { ...graphRef(encoded), flops: 5n } };
  const flaw = flawOf(trainTask(bent), encoded);
  expect(flaw?.kind).toBe("sum");
  const proof = buildFlawWitness(encoded, flaw!);
  await voids("voidJob", [bent, 1, proof.flaw, proof.witness]);
});

test("of a sound graph L1 takes no proof of any kind", async () => {
  const { job, graphs } = small();
  const encoded = encodeGraph(graphs.train.graph);
  const task: Task = trainTask(job);
  expect(flawOf(task, encoded)).toBeUndefined();
  const nodes = encoded.nodes.length;
  const place = { of: "output", index: 0 } as const;
  const writerOf = ({ place, index }: EncodedValue) => ({
    of: "output" as const,
    index: encoded.nodes.findIndex(({ outputs: [one] }) => one!.place === place && one!.index === index),
  });
  const pretended: Flaw[] = [
    { kind: "sum", reason: "" },
    ...Array.from({ length: nodes }, (_, node): Flaw => ({ kind: "gate", node, reason: "" })),
    { kind: "leaf", leaf: 0, reason: "" },
    { kind: "leaf", leaf: 1, reason: "" },
    { kind: "clash", first: { of: "state", index: 0 }, second: { of: "nextState", index: 0 }, reason: "" },
    { kind: "clash", first: writerOf(encoded.header.loss), second: { of: "loss", index: 0 }, reason: "" },
    { kind: "clash", first: writerOf(encoded.nextStates[0]!), second: { of: "named", index: 0 }, reason: "" },
  ];
  for (const flaw of pretended) {
    const { flaw: kind, witness } = buildFlawWitness(encoded, flaw);
    await expect(voids("voidJob", [job, 1, kind, witness]), flaw.kind).rejects.toThrow(/NothingWrong/);
  }
  // A node does not contradict itself.
  const { flaw: kind, witness } = buildFlawWitness(encoded, { kind: "clash", first: place, second: place, reason: "" });
  await expect(voids("voidJob", [job, 1, kind, witness])).rejects.toThrow(/SameNode/);
});
