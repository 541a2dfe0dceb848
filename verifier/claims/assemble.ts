import type { Hex } from "viem";
import { startsDrawn, TASK_KIND, type Task } from "../../common/task.ts";
import type { Library } from "../data/library.ts";
import { type Graph, ZERO_SOURCE } from "../graph/graph.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Dataset, datasetOf } from "../trace/dataset.ts";
import { datasetTypes, feedTypes, stateFromModel, stateTypes, type TaskInputs } from "../trace/inputs.ts";
import { drawnTensor, namedStart } from "../trace/start.ts";

/** The claim an inference or evaluation builds on. */
export type ConsumedClaim = {
  readonly claimHash: Hex;
  readonly task: Task;
  readonly resultRoot: Hex;
  /** Where its claimant serves data. */
  readonly dataUrl: string;
};

/** Fetches everything that a task's result is a function of; each piece is checked against the root that names it. */
export async function assembleInputs(
  task: Task,
  seed: Hex,
  consumed: ConsumedClaim | undefined,
  library: Library,
): Promise<TaskInputs> {
  const graph = await library.graph(task.graph.root);
  const [dataset, start] = await Promise.all([
    task.kind === TASK_KIND.infer ? inferenceInput(task, graph, library) : trainingData(task, graph, library),
    consumed === undefined ? startOf(task, seed, graph, library) : modelState(graph, consumed, library),
  ]);
  return { task, seed, graph, dataset, start };
}

async function trainingData(task: Task, graph: Graph, library: Library): Promise<Dataset> {
  const types = datasetTypes(graph, Number(task.datasetRows));
  const roots = await library.roots(task.datasetRoot, types.length);
  return datasetOf(await Promise.all(roots.map((root, i) => library.tensor(root, types[i]!))));
}

/** An inference's dataset is its input: one tensor, read whole. */
async function inferenceInput(task: Task, graph: Graph, library: Library): Promise<Dataset> {
  return datasetOf([await library.tensor(task.datasetRoot, feedTypes(graph)[0]!)]);
}

const startOf = (task: Task, seed: Hex, graph: Graph, library: Library): Promise<Tensor[]> =>
  startsDrawn(task) ? drawnState(task, seed, graph, library) : trainingStart(task, graph, library);

async function drawnState({ startRoot }: Task, seed: Hex, graph: Graph, library: Library): Promise<Tensor[]> {
  const named = namedStart(graph);
  // Where everything is drawn there is nothing that anybody would have to serve, and L1 never looks at the start root.
  const isAllDrawn = named.every((type) => type === undefined);
  const roots = isAllDrawn ? [] : await library.roots(startRoot, named.length);
  const types = stateTypes(graph);
  return Promise.all(
    graph.stateInputs.map(({ rule }, i) =>
      rule === undefined ? library.tensor(roots[i]!, types[i]!) : drawnTensor(types[i]!, rule, seed, i),
    ),
  );
}

async function trainingStart(task: Task, graph: Graph, library: Library): Promise<Tensor[]> {
  const types = stateTypes(graph);
  const roots = await library.roots(task.startRoot, types.length);
  return Promise.all(roots.map((root, i) => library.tensor(root, types[i]!)));
}

async function modelState(graph: Graph, consumed: ConsumedClaim, library: Library): Promise<Tensor[]> {
  const types = await library.stateTypes(consumed.task.graph.root);
  const roots = await library.roots(consumed.resultRoot, types.length);
  const sources = new Set(graph.stateInputs.map(({ source }) => source).filter((source) => source !== ZERO_SOURCE));
  const model: Tensor[] = [];
  for (const source of sources) {
    const type = types[source];
    if (type !== undefined) model[source] = await library.tensor(roots[source]!, type);
  }
  return stateFromModel(graph, model);
}
