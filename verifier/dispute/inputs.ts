import type { Hex } from "viem";
import { treeRoot } from "../../common/merkle.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import type { Published } from "../check/published.ts";
import { allShown, type InputKind } from "../check/want.ts";
import { assembleInputs } from "../claims/assemble.ts";
import type { RunSpec } from "../claims/runs.ts";
import { DataUnavailableError } from "../data/client.ts";
import type { Library } from "../data/library.ts";
import type { Graph } from "../graph/graph.ts";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, fromBytes, type TensorType } from "../tensor/tensor.ts";
import { datasetTypes, stateTypes, type TaskInputs } from "../trace/inputs.ts";

/**
 * A task's inputs from whoever serves them, the rest from what the claimant published on L1. Throws `WantedError` for
 * what can be asked for there; `DataUnavailableError` for a graph or a model's state, which cannot.
 */
export async function inputsOf(
  { task, seed, consumed }: RunSpec,
  library: Library,
  published: () => Promise<Published>,
): Promise<TaskInputs> {
  try {
    return await assembleInputs(task, seed, consumed, library);
  } catch (error) {
    if (!(error instanceof DataUnavailableError)) throw error;
  }
  const graph = await library.graph(task.graph.root);
  return assembleInputs(task, seed, consumed, withPublished(library, task, graph, await published()));
}

/** `library`, and behind it the inputs that L1 shows. */
function withPublished(library: Library, task: Task, graph: Graph, published: Published): Library {
  /** Lists of tensors that L1 can show, by their root. */
  const lists = new Map<Hex, { readonly of: InputKind; readonly types: readonly TensorType[] }>();
  /** Where a tensor stands among them. */
  const places = new Map<Hex, { readonly of: InputKind; readonly index: number }>();
  if (task.kind === TASK_KIND.infer) places.set(task.datasetRoot, { of: "dataset", index: 0 });
  else lists.set(task.datasetRoot, { of: "dataset", types: datasetTypes(graph, Number(task.datasetRows)) });
  if (task.kind === TASK_KIND.train) lists.set(task.startRoot, { of: "start", types: stateTypes(graph) });

  async function shownRoots(root: Hex, { of, types }: { of: InputKind; types: readonly TensorType[] }) {
    const tensors = types.map((type, index) => () => published.input(of, index, byteSizeOf(type)));
    const roots: readonly Hex[] = (await allShown(tensors)).map(tensorRoot);
    if (treeRoot(roots) !== root) throw new Error("L1 shows inputs of another root than the task's");
    return roots;
  }

  return {
    graph: library.graph,
    roots: async (root, count) => {
      const list = lists.get(root);
      if (list === undefined) return library.roots(root, count);
      const roots = await orElse(library.roots(root, count), () => shownRoots(root, list));
      for (const [index, tensor] of roots.entries()) places.set(tensor, { of: list.of, index });
      return roots;
    },
    tensor: (root, type) =>
      orElse(library.tensor(root, type), () => {
        const at = places.get(root);
        return at && fromBytes(type, published.input(at.of, at.index, byteSizeOf(type)));
      }),
  };
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
