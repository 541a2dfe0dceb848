import type { Hex } from "viem";
import { type EncodedGraph, PLACE } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { treeRoot } from "../../common/merkle.ts";
import { hasStepRoots, startsDrawn, startsFromRoot, TASK_KIND, type Task } from "../../common/task.ts";
import type { ClaimFinding } from "../check/claim.ts";
import type { Published } from "../check/published.ts";
import { shownRoots } from "../check/shown.ts";
import { allShown, type InputKind, WantedError } from "../check/want.ts";
import { assembleInputs, type ConsumedClaim } from "../claims/assemble.ts";
import type { RunSpec } from "../claims/runs.ts";
import { DataUnavailableError } from "../data/client.ts";
import type { Library } from "../data/library.ts";
import { type Graph, valueAt, ZERO_SOURCE } from "../graph/graph.ts";
import { encodeGraph, encodeHeader } from "../model/encoding.ts";
import { flawOf, gateFlaw } from "../model/flaw.ts";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, fromBytes, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { claimedRun, datasetTypes, stateTypes, type TaskInputs } from "../trace/inputs.ts";
import { namedStart } from "../trace/start.ts";
import { type StepRoots, stepTraceOf } from "../trace/step.ts";
import { placementIn } from "../trace/values.ts";
import type { ProvableFlaw } from "../witness/flaw.ts";
import { headerProof } from "../witness/proofs.ts";
import { type ShownModel, sourceFlaw } from "../witness/source.ts";
import { type ConsumedResult, tensorsOf } from "../witness/structure.ts";
import type { Terms } from "./demand-for.ts";
import { FlawedError } from "./flawed.ts";
import { shownEncoding, shownFlaw, shownGraph, shownHeader } from "./shown-graph.ts";

/** Or what they cannot be: a claim that starts from something else than the model. */
export type FoundInputs =
  | { readonly kind: "inputs"; readonly inputs: TaskInputs }
  | {
      readonly kind: "wrongStart";
      readonly inputs: TaskInputs;
      readonly finding: Extract<ClaimFinding, { kind: "wrong" }>;
    };

/**
 * What a task's result is a function of, from whoever serves it, the rest from what the claimant published on L1. All of it
 * throws `WantedError` for what can be asked for there, `DataUnavailableError` for what cannot: a graph that cannot be run, and
 * `FlawedError` for a graph that voids the job.
 */
export type InputSource = {
  readonly inputs: () => Promise<FoundInputs>;
  /** The consumed model; undefined for a training. */
  readonly consumed: () => Promise<ConsumedResult | undefined>;
  /** Of questions about what is missing. */
  readonly terms: () => Terms;
};

/** Throws where this machine cannot hold the run: whoever makes a job need not be the one who has to hold it. */
export type RequireRoom = (task: Task, graph: Graph) => void;

/** Tensors of a state; as many as a node takes in one list. */
const MAX_STATES = 32_768;

export function openInputs(
  { task, seed, consumed, failure }: RunSpec,
  library: Library,
  published: () => Promise<Published>,
  requireRoom: RequireRoom,
): InputSource {
  let terms: Terms = { task };

  async function graphOfTask(): Promise<Graph> {
    const graph = await orElse(library.graph(task.graph.root), async () => {
      const shown = await published();
      const header = shownHeader(task.graph, "task", shown);
      terms = { ...terms, header };
      const encoded = shownEncoding(task.graph, header, shown);
      terms = { ...terms, encoded };
      // Before it is run: what has a flaw may be nothing that can.
      requireFlawless(encoded, shownFlaw(task.graph, encoded, shown) ?? flawOf(task, encoded));
      return shownGraph(encoded, shown, library);
    });
    terms = { ...terms, graph };
    const encoded = encodeGraph(graph);
    requireFlawless(encoded, flawOf(task, encoded) ?? gateFlaw(task, graph));
    requireRoom(task, graph);
    return graph;
  }

  const servedModel = async ({ claimHash, task: training }: ConsumedClaim): Promise<ShownModel> => {
    const encoded = encodeGraph(await library.graph(training.graph.root));
    return { claimHash, task: training, header: headerProof(encoded), encoded };
  };

  /** The consumed training may be final: nobody but this claimant can be asked for its graph. */
  async function modelOf(consumed: ConsumedClaim): Promise<ShownModel> {
    const { claimHash, task: training } = consumed;
    terms = { ...terms, model: { task: training } };
    const model = await orElse(servedModel(consumed), async () => {
      const header = shownHeader(training.graph, "model", await published());
      return { claimHash, task: training, header, encoded: undefined };
    });
    terms = { ...terms, model: { task: training, header: model.header } };
    // L1 takes any count a header says: no proof shows that so many are there.
    const { nextStates } = model.header.header;
    if (nextStates > MAX_STATES)
      throw new DataUnavailableError("model-states", "nobody holds a model of so many tensors", {
        expected: MAX_STATES,
        actual: nextStates,
      });
    return model;
  }

  return {
    terms: () => terms,
    inputs: async () => {
      const graph = await graphOfTask();
      const served = consumed && (await orElse(servedModel(consumed), () => null));
      if (served) requireSources(graph, served);
      const own: Library = {
        ...library,
        graph: async (root) => (root === task.graph.root ? graph : library.graph(root)),
      };
      try {
        return { kind: "inputs", inputs: claimedRun(await assembleInputs(task, seed, consumed, own), failure) };
      } catch (error) {
        if (!(error instanceof DataUnavailableError)) throw error;
      }
      const model = consumed && (await modelOf(consumed));
      if (model) requireSources(graph, model);
      const tensors = consumed && model && modelTensors(consumed, graph, model);
      const shown = await published();
      try {
        const inputs = await assembleInputs(task, seed, consumed, withPublished(own, task, graph, tensors, shown));
        return { kind: "inputs", inputs: claimedRun(inputs, failure) };
      } catch (error) {
        if (!(error instanceof WrongStartError)) throw error;
        const inputs = { task, seed, graph, dataset: { rows: 0, tensors: [] }, start: [] };
        return { kind: "wrongStart", inputs, finding: wrongStart(error, shown) };
      }
    },
    consumed: async () => {
      if (consumed === undefined) return undefined;
      const { header } = await modelOf(consumed);
      const roots = library.roots(consumed.resultRoot, header.header.nextStates);
      const tensor = await orElse<ConsumedResult["tensor"]>(
        roots.then(tensorsOf),
        async () => (await published()).model,
      );
      return { task: consumed.task, header, tensor };
    },
  };
}

function requireFlawless(encoded: EncodedGraph, flaw: ProvableFlaw | undefined): void {
  if (flaw !== undefined) throw new FlawedError(encoded, flaw);
}

/** No honest claim starts from what the model is not. */
function requireSources(graph: Graph, model: ShownModel): void {
  const encoded = encodeGraph(graph);
  requireFlawless(encoded, sourceFlaw(encoded.states, model));
}

/** A state tensor of the first step is not the model's. */
class WrongStartError extends Error {
  readonly state: number;
  readonly step: FirstStep;
  constructor(state: number, step: FirstStep) {
    super(`state tensor ${state} is not the model's`);
    this.state = state;
    this.step = step;
  }
}

function wrongStart({ state, step: { roots, proof } }: WrongStartError, published: Published) {
  const segment = published.leaf(0);
  if (segment === undefined) throw new WantedError({ path: "segment", segment: 0 });
  const violation = { kind: "start", state } as const;
  return {
    kind: "wrong" as const,
    segment: 0,
    // This proof takes no value.
    wrong: { step: 0, violation, roots, values: [], trace: stepTraceOf(roots), previousTrace: undefined },
    evidence: {
      segment,
      previousSegment: undefined,
      stepProof: proof,
      previousStepProof: undefined,
      metrics: [],
    },
    read: published.read(0, 0),
  };
}

type FirstStep = { readonly roots: StepRoots; readonly proof: readonly Hex[] };

/** Of tensors that the graph does not start from no type is needed. */
type ModelTensors = {
  readonly root: Hex;
  readonly graphRoot: Hex;
  readonly types: readonly (TensorType | undefined)[];
};

function modelTensors({ task, resultRoot }: ConsumedClaim, graph: Graph, { header }: ShownModel): ModelTensors {
  const types: (TensorType | undefined)[] = Array.from({ length: header.header.nextStates }, () => undefined);
  for (const { value, source } of graph.stateInputs) if (source < types.length) types[source] = valueAt(graph, value);
  return { root: resultRoot, graphRoot: task.graph.root, types };
}

/** Tensors that L1 can show; of a list's undefined ones the root is 0. */
type InputList = { readonly of: InputKind; readonly types: readonly (TensorType | undefined)[] };

/** `library`, and behind it what L1 shows. */
function withPublished(
  library: Library,
  task: Task,
  graph: Graph,
  model: ModelTensors | undefined,
  published: Published,
): Library {
  /** Lists of tensors that L1 can show, by their root. */
  const lists = new Map<Hex, InputList>();
  /** Where a tensor stands among them. */
  const places = new Map<Hex, { readonly of: InputKind; readonly index: number }>();
  /** Of the model. */
  const tensors = new Map<Hex, Tensor>();
  if (task.kind === TASK_KIND.infer) places.set(task.datasetRoot, { of: "dataset", index: 0 });
  else lists.set(task.datasetRoot, { of: "dataset", types: datasetTypes(graph, Number(task.datasetRows)) });
  const startTypes = startsDrawn(task) ? namedStart(graph) : stateTypes(graph);
  if (startsFromRoot(task)) lists.set(task.startRoot, { of: "start", types: startTypes });

  async function inputRoots(root: Hex, { of, types }: InputList) {
    const asked = types.map(
      (type, index) => () =>
        type === undefined ? ZERO_HASH : tensorRoot(published.input(of, index, byteSizeOf(type))),
    );
    const roots: readonly Hex[] = await allShown(asked);
    // L1 has shown each under the list's root. A drawn tensor's place in the list may hold anything: nobody is asked for it.
    const isWhole = types.every((type) => type !== undefined);
    if (isWhole && treeRoot(roots) !== root) throw new Error("L1 shows inputs of another root than the task's");
    return roots;
  }

  /** Roots of the model's tensors that the graph starts from; 0 for the others, which nobody asks for. */
  async function modelRoots({ root, types }: ModelTensors): Promise<readonly Hex[]> {
    const isRead = (index: number) => graph.stateInputs.some(({ source }) => source === index);
    const asked = types.map((_, index) => () => {
      if (!isRead(index)) return ZERO_HASH;
      const shown = published.model(index);
      if (shown === undefined) throw new WantedError({ path: "model", index });
      return shown.root;
    });
    return orElse(library.roots(root, types.length), () => allShown(asked));
  }

  /** Of what the graph starts from, all that nobody serves is asked for at once. */
  async function readAll({ types }: ModelTensors, roots: readonly Hex[]): Promise<void> {
    const read = graph.stateInputs.flatMap(({ source }, index) => {
      const [root, type] = [roots[source], types[source]];
      if (source === ZERO_SOURCE || root === undefined || type === undefined) return [];
      return async () => tensors.set(root, await orElse(library.tensor(root, type), () => stateAt(index, root, type)));
    });
    await allShown(read);
  }

  async function stateAt(index: number, root: Hex, type: TensorType): Promise<Tensor> {
    const step = await firstStep(task, graph, published);
    if (step.roots.stateIn[index] !== root) throw new WrongStartError(index, step);
    return fromBytes(type, await published.read(0, 0)(PLACE.state, index, root, byteSizeOf(type)));
  }

  return {
    graph: library.graph,
    stateTypes: async (root) => (root === model?.graphRoot ? model.types : library.stateTypes(root)),
    roots: async (root, count) => {
      if (root === model?.root) {
        const roots = await modelRoots(model);
        await readAll(model, roots);
        return roots;
      }
      const list = lists.get(root);
      if (list === undefined) return library.roots(root, count);
      const roots = await orElse(library.roots(root, count), () => inputRoots(root, list));
      for (const [index, tensor] of roots.entries()) places.set(tensor, { of: list.of, index });
      return roots;
    },
    tensor: async (root, type) =>
      tensors.get(root) ??
      orElse(library.tensor(root, type), () => {
        const at = places.get(root);
        return at && fromBytes(type, published.input(at.of, at.index, byteSizeOf(type)));
      }),
  };
}

/** Roots of the first step; throws `WantedError` until L1 shows them. */
async function firstStep(task: Task, graph: Graph, published: Published): Promise<FirstStep> {
  if (!hasStepRoots(task) && published.opened(0) === undefined) throw new WantedError({ path: "traces", segment: 0 });
  const roots = await shownRoots(published, encodeHeader(graph, placementIn(graph)), 0, 0);
  return { roots, proof: published.step(0, 0)!.proof };
}

/** `other` where nobody serves it; it gives undefined for what L1 cannot show either. */
async function orElse<T>(served: Promise<T>, other: () => T | Promise<T> | undefined): Promise<T> {
  try {
    return await served;
  } catch (error) {
    const shown = error instanceof DataUnavailableError ? other() : undefined;
    if (shown === undefined) throw error;
    return shown;
  }
}
