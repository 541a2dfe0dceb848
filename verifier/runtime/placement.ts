import "./telemetry.ts";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Graph, valueAt } from "../graph/graph.ts";
import { toOnnx } from "../model/onnx/write.ts";
import type { Tensor as Values } from "../tensor/tensor.ts";
import { ProviderError } from "./errors.ts";
import { type Provider, unordered } from "./provider.ts";
import { optionsFor } from "./session-setup.ts";

/** A node of the graph and what computes it. */
export type PlacedNode = { readonly node: string; readonly op: string; readonly onDevice: boolean };

/**
 * Where onnxruntime computes each node of a step, as it tells itself: a provider leaves to the CPU what it has no kernel for, and
 * what works out shapes. Runs one step, in this thread.
 */
export async function placementOf(
  graph: Graph,
  provider: Provider,
  state: readonly Values[],
  batch: readonly Values[],
): Promise<readonly PlacedNode[]> {
  const folder = await mkdtemp(join(tmpdir(), "anh-placement-"));
  try {
    const setup = { provider, threads: 1, onCpu: unordered(graph, provider), resident: [] };
    const profiled = { enableProfiling: true, profileFilePrefix: join(folder, "step") };
    const session = await InferenceSession.create(toOnnx(graph), { ...optionsFor(setup), ...profiled }).catch(
      (error: unknown) => {
        throw new ProviderError(provider, error);
      },
    );
    const inputs = [...graph.stateInputs.map(({ value }) => value), ...graph.batchInputs];
    const feeds = inputs.map((id, i) => {
      const { dtype, data, shape } = [...state, ...batch][i]!;
      return [valueAt(graph, id).name, new Tensor(dtype, data as Float32Array, shape)] as const;
    });
    await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    await session.release();
    const [file] = await readdir(folder);
    return placedIn(graph, JSON.parse(await readFile(join(folder, file!), "utf8")));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type ProfileEvent = { readonly cat: string; readonly name: string; readonly args: { readonly provider?: string } };

function placedIn(graph: Graph, events: readonly ProfileEvent[]): PlacedNode[] {
  const providers = new Map(events.map(({ name, args }) => [name, args.provider]));
  return graph.nodes.flatMap(({ op, output }) => {
    const node = valueAt(graph, output).name;
    const provider = providers.get(`${node}_kernel_time`);
    return provider === undefined ? [] : [{ node, op, onDevice: provider !== "CPUExecutionProvider" }];
  });
}
