// Runs in a worker thread: the binding's `run` blocks the event loop of the thread it is called on.
import { parentPort } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { optionsFor, type SessionSetup } from "./session-setup.ts";

export type WireTensor = {
  readonly dtype: "float32" | "uint8" | "int32" | "int64" | "bool";
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Int32Array | BigInt64Array;
};

/** Steps of which each feeds the next one: the last one gives its state, the others leave theirs on the device. */
export type Walk<T = WireTensor> = {
  readonly resident: string;
  readonly last: string;
  readonly steps: number;
  /** What the first step starts from, by the names of inputs; those that no step changes, too. */
  readonly state: Readonly<Record<string, T>>;
  /** Input that each output is fed to in the next step. */
  readonly links: Readonly<Record<string, string>>;
  /** With a leading axis of steps. */
  readonly batches: Readonly<Record<string, T>>;
  /** An output that is kept of every step. */
  readonly loss: string | undefined;
};

export type Request =
  | {
      readonly id: number;
      readonly call: "load";
      readonly key: string;
      readonly model: Uint8Array;
      readonly setup: SessionSetup;
    }
  | {
      readonly id: number;
      readonly call: "run";
      readonly key: string;
      readonly feeds: Readonly<Record<string, WireTensor>>;
      readonly fetches: readonly string[];
    }
  | { readonly id: number; readonly call: "walk"; readonly walk: Walk }
  | { readonly id: number; readonly call: "clear" };

export type Reply =
  | {
      readonly id: number;
      readonly ok: true;
      readonly outputs: Readonly<Record<string, WireTensor>>;
      /** Memory of the feeds that was handed over, handed back to be filled again. */
      readonly spent: readonly ArrayBuffer[];
    }
  | { readonly id: number; readonly ok: false; readonly message: string };

const sessions = new Map<string, InferenceSession>();

async function serve(request: Request): Promise<Reply> {
  switch (request.call) {
    case "load":
      sessions.set(request.key, await InferenceSession.create(request.model, optionsFor(request.setup)));
      return { id: request.id, ok: true, outputs: {}, spent: [] };
    case "run": {
      const feeds = Object.fromEntries(Object.entries(request.feeds).map(([name, tensor]) => [name, tensorOf(tensor)]));
      const results = await sessions.get(request.key)!.run(feeds, request.fetches);
      const outputs = Object.fromEntries(
        Object.entries(results).map(([name, value]) => [name, wireOf(value as Tensor)]),
      );
      const spent = Object.values(request.feeds).flatMap(({ data: { buffer } }) =>
        buffer instanceof ArrayBuffer ? [buffer] : [],
      );
      return { id: request.id, ok: true, outputs, spent };
    }
    case "walk":
      return { id: request.id, ok: true, outputs: await walked(request.walk), spent: [] };
    case "clear":
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      return { id: request.id, ok: true, outputs: {}, spent: [] };
  }
}

/** The last step's outputs, and every step's loss with a leading axis of steps. Never asks a tensor on the device for its data:
 * that aborts the process. */
async function walked({
  resident,
  last,
  steps,
  state,
  links,
  batches,
  loss,
}: Walk): Promise<Record<string, WireTensor>> {
  const losses: WireTensor[] = [];
  let current = Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, tensorOf(tensor)]));
  let results: InferenceSession.OnnxValueMapType = {};
  for (let t = 0; t < steps; t++) {
    const batch = Object.entries(batches).map(
      ([name, stacked]) => [name, tensorOf(stepOf(stacked, t, steps))] as const,
    );
    results = await sessions.get(t === steps - 1 ? last : resident)!.run({ ...current, ...Object.fromEntries(batch) });
    const next = { ...current };
    for (const [output, input] of Object.entries(links)) next[input] = results[output] as Tensor;
    // What no later step reads is given back at once: the device's memory knows no garbage collector.
    for (const [name, tensor] of Object.entries(current))
      if (tensor.location === "gpu-buffer" && next[name] !== tensor) tensor.dispose();
    current = next;
    if (loss !== undefined) losses.push(wireOf(results[loss] as Tensor));
  }
  const outputs = Object.fromEntries(Object.entries(results).map(([name, value]) => [name, wireOf(value as Tensor)]));
  return loss === undefined ? outputs : { ...outputs, [loss]: stacked(losses) };
}

const tensorOf = ({ dtype, data, shape }: WireTensor): Tensor => new Tensor(dtype, aligned(data), shape);

/** Step t's part of a tensor with a leading axis of steps. */
function stepOf({ dtype, shape, data }: WireTensor, t: number, steps: number): WireTensor {
  const size = data.length / steps;
  return { dtype, shape: shape.slice(1), data: data.slice(t * size, (t + 1) * size) };
}

/** Floats with a leading axis. */
function stacked(parts: readonly WireTensor[]): WireTensor {
  const [first] = parts;
  const data = Float32Array.from(parts.flatMap((part) => Array.from(part.data as Float32Array)));
  return { dtype: "float32", shape: [parts.length, ...first!.shape], data };
}

/** Some kernels sum in another order when an operand does not start on 16 bytes. */
function aligned<T extends WireTensor["data"]>(data: T): T {
  return data.byteOffset % 16 === 0 ? data : (data.slice() as T);
}

const wireOf = (tensor: Tensor): WireTensor => ({
  dtype: tensor.type as WireTensor["dtype"],
  shape: tensor.dims,
  data: tensor.data as WireTensor["data"],
});

/** Requests are served one at a time, in order. */
let queue: Promise<void> = Promise.resolve();
parentPort!.on("message", (request: Request) => {
  queue = queue.then(async () => {
    const reply = await serve(request).catch(
      (error: unknown): Reply => ({
        id: request.id,
        ok: false,
        message: error instanceof Error ? error.message : String(error),
      }),
    );
    const buffers = reply.ok ? Object.values(reply.outputs).map((output) => output.data.buffer as ArrayBuffer) : [];
    parentPort!.postMessage(reply, [...new Set([...buffers, ...(reply.ok ? reply.spent : [])])]);
  });
});
