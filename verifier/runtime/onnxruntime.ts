import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { stateOutputNames } from "../model/onnx/proto.ts";
import { endName, LOSSES, loopStates, stackedName, startName, toScan } from "../model/onnx/scan.ts";
import { toOnnx, toOnnxWith } from "../model/onnx/write.ts";
import { fromBytes, type Tensor } from "../tensor/tensor.ts";
import { checkFeeds, checkSegment } from "./feeds.ts";
import type { Runtime, Session } from "./runtime.ts";
import { slicesOf } from "./slices.ts";
import { type ExecutorThread, takeThread } from "./threads.ts";
import { SILENT, type Watched, watched } from "./watched.ts";

export type OnnxRuntimeOptions = {
  /** Threads within an operator. 1 gives the bits that `strict` claims are judged by; `tolerant` allows more. */
  readonly threads: number;
  /** See `slicesOf`. */
  readonly sliceBytes?: number;
};

/** onnxruntime's CPU provider in a worker thread per session. */
export const onnxRuntime = ({ threads, sliceBytes }: OnnxRuntimeOptions): Runtime => ({
  name: `onnxruntime-cpu-${threads}`,
  open: async (graph) => openSession(graph, threads, slicesOf(graph, sliceBytes), takeThread()),
});

async function openSession(
  graph: Graph,
  threads: number,
  slices: readonly (readonly ValueId[])[],
  thread: ExecutorThread,
): Promise<Session> {
  const produced = new Set(graph.nodes.map((node) => node.output));
  const loaded = new Map<string, Promise<void>>();
  const load = (key: string, model: () => Uint8Array): Promise<void> => {
    const known = loaded.get(key) ?? thread.load(key, model(), threads);
    loaded.set(key, known);
    return known;
  };
  await load("step", () => toOnnx(graph)).catch(async (error: unknown) => {
    await thread.close();
    throw error;
  });

  const nameOf = (id: ValueId): string => valueAt(graph, id).name;
  const stateNames = graph.stateInputs.map((input) => nameOf(input.value));
  const batchNames = graph.batchInputs.map(nameOf);
  const endNames = stateOutputNames(graph);
  const lossNames = graph.loss === null ? [] : [nameOf(graph.loss)];
  const loop = loopStates(graph);
  let looped: Watched | undefined;
  const feedsOf = (state: readonly Tensor[], batch: readonly Tensor[]) =>
    Object.fromEntries([...stateNames, ...batchNames].map((name, i) => [name, [...state, ...batch][i]!]));

  return {
    step: async (state, batch) => {
      checkFeeds(graph, state, batch);
      const results = await thread.run("step", feedsOf(state, batch), [...endNames, ...lossNames]);
      return {
        state: endNames.map((name) => results[name]!),
        loss: lossNames[0] === undefined ? null : results[lossNames[0]]!,
      };
    },
    values: async (state, batch, ids) => {
      checkFeeds(graph, state, batch);
      const wanted = new Set(ids);
      const results: Record<string, Tensor> = {};
      for (const [i, slice] of slices.entries()) {
        const exposed = slice.filter((id) => produced.has(id));
        const fetches = exposed.filter((id) => wanted.has(id)).map(nameOf);
        if (fetches.length === 0) continue;
        const key = `values-${i}`;
        await load(key, () => toOnnxWith(graph, exposed));
        Object.assign(results, await thread.run(key, feedsOf(state, batch), fetches));
      }
      return ids.map((id) => results[nameOf(id)] ?? [...state, ...batch][id] ?? constantAt(graph, id));
    },
    segment: async (state, batches) => {
      checkSegment(graph, state, batches);
      looped ??= watched(graph);
      const { alarm } = looped;
      await load("segment", () => toScan(looped!.graph));
      const feeds = Object.fromEntries([
        ...state.map((tensor, i) => [loop.includes(i) ? startName(stateNames[i]!) : stateNames[i]!, tensor]),
        ...batches.map((tensor, i) => [stackedName(batchNames[i]!), tensor]),
        ...(alarm === undefined ? [] : [[startName(alarm), SILENT]]),
      ]) as Record<string, Tensor>;
      const fetches = [
        ...loop.map((i) => endName(stateNames[i]!)),
        ...lossNames.map(() => LOSSES),
        ...(alarm === undefined ? [] : [endName(alarm)]),
      ];
      const results = await thread.run("segment", feeds, fetches);
      return {
        state: state.map((tensor, i) => (loop.includes(i) ? results[endName(stateNames[i]!)]! : tensor)),
        losses: results[LOSSES] ?? null,
        suspect: alarm !== undefined && !Number.isFinite(results[endName(alarm)]!.data[0]),
      };
    },
    close: thread.close,
  };
}

function constantAt(graph: Graph, id: ValueId): Tensor {
  const constant = graph.constants.find((candidate) => candidate.value === id);
  if (constant === undefined) throw new RangeError(`value ${id} is neither input, constant nor node output`);
  const { dtype, shape } = valueAt(graph, id);
  return fromBytes({ dtype, shape }, constant.bytes);
}
