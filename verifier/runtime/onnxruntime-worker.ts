// Runs in a worker thread: the binding's `run` blocks the event loop of the thread it is called on.
import { parentPort } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";

export type WireTensor = {
  readonly dtype: "float32" | "uint8" | "int32" | "int64" | "bool";
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Int32Array | BigInt64Array;
};

export type Request =
  | {
      readonly id: number;
      readonly call: "load";
      readonly key: string;
      readonly model: Uint8Array;
      readonly threads: number;
    }
  | {
      readonly id: number;
      readonly call: "run";
      readonly key: string;
      readonly feeds: Readonly<Record<string, WireTensor>>;
      readonly fetches: readonly string[];
    }
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

/** Nothing here may change a rounding: no graph optimisation, no prepacked operands (other K blocks), one thread
 * (unless the profile tolerates more), no other kernel library on ARM. */
const optionsFor = (threads: number): InferenceSession.SessionOptions => ({
  executionProviders: ["cpu"],
  graphOptimizationLevel: "disabled",
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: "sequential",
  logSeverityLevel: 3,
  extra: { session: { disable_prepacking: "1", intra_op: { allow_spinning: "0" } }, mlas: { disable_kleidiai: "1" } },
});

async function serve(request: Request): Promise<Reply> {
  switch (request.call) {
    case "load":
      sessions.set(request.key, await InferenceSession.create(request.model, optionsFor(request.threads)));
      return { id: request.id, ok: true, outputs: {}, spent: [] };
    case "run": {
      const feeds = Object.fromEntries(
        Object.entries(request.feeds).map(([name, { dtype, data, shape }]) => [
          name,
          new Tensor(dtype, aligned(data), shape),
        ]),
      );
      const results = await sessions.get(request.key)!.run(feeds, request.fetches);
      const outputs = Object.fromEntries(
        Object.entries(results).map(([name, value]) => [name, wireOf(value as Tensor)]),
      );
      const spent = Object.values(request.feeds).flatMap(({ data: { buffer } }) =>
        buffer instanceof ArrayBuffer ? [buffer] : [],
      );
      return { id: request.id, ok: true, outputs, spent };
    }
    case "clear":
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      return { id: request.id, ok: true, outputs: {}, spent: [] };
  }
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
