import { Worker } from "node:worker_threads";
import type { Tensor } from "../tensor/tensor.ts";
import { RuntimeError } from "./errors.ts";
import type { Reply, Request, Walk, WireTensor } from "./onnxruntime-worker.ts";
import type { SessionSetup } from "./session-setup.ts";

type Call = Request extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

/** A worker thread with its models; calls are answered in order. */
export type WorkerThread = {
  readonly load: (key: string, model: Uint8Array, setup: SessionSetup) => Promise<void>;
  readonly run: (
    key: string,
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ) => Promise<Readonly<Record<string, Tensor>>>;
  readonly walk: (walk: Walk<Tensor>) => Promise<Readonly<Record<string, Tensor>>>;
  /** Gives back what its models hold; it can be loaded anew. */
  readonly clear: () => Promise<void>;
  readonly end: () => Promise<void>;
  /** Whether it has ended, by a fault or by its end. */
  readonly isDead: () => boolean;
};

export function startWorker(): WorkerThread {
  // Tensors lie outside its heap, which hence needs little; unlimited, it would let garbage lie.
  const worker = new Worker(new URL("./onnxruntime-worker.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
  });
  const waiting = new Map<
    number,
    { resolve: (outputs: Record<string, Tensor>) => void; reject: (error: Error) => void }
  >();
  let next = 0;
  let fault: Error | undefined;
  let spare: readonly ArrayBuffer[] = [];
  const failAll = (error: Error): void => {
    fault ??= error;
    for (const { reject } of waiting.values()) reject(fault);
    waiting.clear();
  };
  worker.on("error", (error) => failAll(new RuntimeError("executor thread", error)));
  worker.on("exit", (code) => failAll(new RuntimeError("executor thread", `ended with code ${code}`)));
  worker.on("message", (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
    if (reply.ok) {
      spare = reply.spent; // of one call only: what others left would pile up
      call?.resolve(reply.outputs);
    } else call?.reject(new RuntimeError("onnxruntime", reply.message));
  });
  worker.unref();

  /** Shared memory as it is, else a copy that can be handed over: posting a view would copy all of the memory it is a view
   * of. Megabytes per call, so memory that came back is filled again. */
  const posted = ({ data }: Tensor): WireTensor["data"] => {
    if (data.buffer instanceof SharedArrayBuffer) return data as WireTensor["data"];
    const buffer = spare.find(({ byteLength }) => byteLength === data.byteLength);
    if (buffer === undefined) return data.slice() as WireTensor["data"];
    spare = spare.filter((other) => other !== buffer);
    const copy = new (data.constructor as new (memory: ArrayBuffer) => WireTensor["data"])(buffer);
    (copy as Uint8Array).set(data as Uint8Array);
    return copy;
  };

  const call = (request: Call, transfer: ArrayBuffer[] = []): Promise<Record<string, Tensor>> =>
    new Promise((resolve, reject) => {
      if (fault !== undefined) return reject(fault);
      const id = next++;
      waiting.set(id, { resolve, reject });
      worker.ref(); // an idle thread keeps nobody's process alive, a working one does
      worker.postMessage({ ...request, id }, transfer);
    });

  return {
    load: async (key, model, setup) => {
      await call({ call: "load", key, model, setup });
    },
    walk: (walk) => {
      const wire = (tensors: Walk<Tensor>["state"]) =>
        Object.fromEntries(
          Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: posted(tensor) }]),
        );
      return call({ call: "walk", walk: { ...walk, state: wire(walk.state), batches: wire(walk.batches) } });
    },
    run: (key, feeds, fetches) => {
      const wire = Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, data: posted(tensor) }] as const);
      return call(
        { call: "run", key, feeds: Object.fromEntries(wire), fetches },
        wire.flatMap(
          ([
            ,
            {
              data: { buffer },
            },
          ]) => (buffer instanceof ArrayBuffer ? [buffer] : []),
        ),
      );
    },
    clear: async () => {
      await call({ call: "clear" });
      spare = [];
    },
    end: async () => {
      await worker.terminate();
    },
    isDead: () => fault !== undefined,
  };
}
