import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { stateOutputNames } from "../model/onnx/proto.ts";
import { endName, LOSSES, loopStates, stackedName, startName, toScan } from "../model/onnx/scan.ts";
import { toOnnx, toOnnxWith } from "../model/onnx/write.ts";
import { fromBytes, type Tensor } from "../tensor/tensor.ts";
import { ProviderError, RuntimeError } from "./errors.ts";
import { checkFeeds, checkSegment } from "./feeds.ts";
import { isGpu, type Provider, unordered } from "./provider.ts";
import type { Runtime, Session } from "./runtime.ts";
import type { SessionSetup } from "./session-setup.ts";
import { slicesOf } from "./slices.ts";
import { type ExecutorThread, takeThread } from "./threads.ts";
import { SILENT, type Watched, watched } from "./watched.ts";

export type OnnxRuntimeOptions = {
  /** By default `cpu`. */
  readonly provider?: Provider;
  /** Threads within an operator. 1 gives the bits that `strict` claims are judged by; `tolerant` allows more. */
  readonly threads: number;
  /** See `slicesOf`. */
  readonly sliceBytes?: number;
};

/** onnxruntime in a worker thread per session. Opening one throws `ProviderError` where the machine has no such provider. */
export const onnxRuntime = ({ provider = "cpu", threads, sliceBytes }: OnnxRuntimeOptions): Runtime => ({
  name: `onnxruntime-${provider}-${threads}`,
  open: async (graph) => {
    const setup = { provider, threads, onCpu: unordered(graph, provider) };
    return openSession(graph, setup, slicesOf(graph, sliceBytes), takeThread());
  },
});

async function openSession(
  graph: Graph,
  setup: Omit<SessionSetup, "resident" | "isLean">,
  slices: readonly (readonly ValueId[])[],
  thread: ExecutorThread,
): Promise<Session> {
  const { provider } = setup;
  // cuBLAS and cuDNN would cut the operands of products to 11 bits by themselves: that is another profile.
  if (provider === "cuda") process.env.NVIDIA_TF32_OVERRIDE = "0";
  const produced = new Set(graph.nodes.map((node) => node.output));
  const loaded = new Map<string, Promise<void>>();
  const load = (
    key: string,
    model: () => Uint8Array,
    { resident = [], isLean = false }: Partial<Pick<SessionSetup, "resident" | "isLean">> = {},
  ): Promise<void> => {
    const known = loaded.get(key) ?? thread.load(key, model(), { ...setup, resident, isLean });
    loaded.set(key, known);
    return known;
  };
  await load("step", () => toOnnx(graph)).catch(async (error: unknown) => {
    await thread.close();
    throw isGpu(provider) && error instanceof RuntimeError ? new ProviderError(provider, error) : error;
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
        // A session for each slice: what each keeps for its next run would be the whole step together.
        await load(key, () => toOnnxWith(graph, exposed), { isLean: slices.length > 1 });
        Object.assign(results, await thread.run(key, feedsOf(state, batch), fetches));
      }
      return ids.map((id) => results[nameOf(id)] ?? [...state, ...batch][id] ?? constantAt(graph, id));
    },
    segment: async (state, batches) => {
      checkSegment(graph, state, batches);
      looped ??= watched(graph);
      const { alarm } = looped;
      if (provider === "webgpu") return walk(looped, state, batches);
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

  /** On this provider a loop inside the graph copies its state in each round, so each step is a run: the state goes from one to
   * the next in the device's memory. */
  async function walk({ graph: step, alarm }: Watched, state: readonly Tensor[], batches: readonly Tensor[]) {
    const [lossName] = lossNames;
    const ends = stateOutputNames(step);
    const starts = step.stateInputs.map(({ value }) => valueAt(step, value).name);
    const links = Object.fromEntries(loopStates(step).map((i) => [ends[i]!, starts[i]!]));
    await load("resident", () => toOnnx(step), { resident: Object.keys(links) });
    await load("last", () => toOnnx(step));
    const results = await thread.walk({
      resident: "resident",
      last: "last",
      steps: batches[0]!.shape[0]!,
      state: Object.fromEntries(
        [...state, ...(alarm === undefined ? [] : [SILENT])].map((tensor, i) => [starts[i]!, tensor]),
      ),
      links,
      batches: Object.fromEntries(batches.map((tensor, i) => [batchNames[i]!, tensor])),
      loss: lossName,
    });
    return {
      state: state.map((tensor, i) => (loop.includes(i) ? results[endNames[i]!]! : tensor)),
      losses: lossName === undefined ? null : results[lossName]!,
      suspect: alarm !== undefined && !Number.isFinite(results[ends.at(-1)!]!.data[0]),
    };
  }
}

function constantAt(graph: Graph, id: ValueId): Tensor {
  const constant = graph.constants.find((candidate) => candidate.value === id);
  if (constant === undefined) throw new RangeError(`value ${id} is neither input, constant nor node output`);
  const { dtype, shape } = valueAt(graph, id);
  return fromBytes({ dtype, shape }, constant.bytes);
}
