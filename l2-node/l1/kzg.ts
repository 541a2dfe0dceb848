import { Worker } from "node:worker_threads";
import { AnhError } from "../../common/errors.ts";
import type { KzgReply, KzgRequest } from "./kzg-worker.ts";

/** A blob that is none (an element beyond the modulus), or the thread that computes is gone. */
export class KzgError extends AnhError {}

/** Commitments and proofs of blobs (EIP-4844, EIP-7594), off this thread. */
export type Kzg = {
  readonly commitments: (blobs: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>;
  readonly withProofs: (
    blobs: readonly Uint8Array[],
  ) => Promise<{ readonly commitments: readonly Uint8Array[]; readonly proofs: readonly Uint8Array[] }>;
  readonly close: () => Promise<void>;
};

type Done = Extract<KzgReply, { ok: true }>;
type Call = { readonly resolve: (reply: Done) => void; readonly reject: (error: Error) => void };

const SCRIPT = new URL("./kzg-worker.ts", import.meta.url);

/**
 * Starts its thread when something is asked of it for the first time: most nodes never see a blob. Where there can be none,
 * or it ends, what was asked throws `KzgError`, and the next question starts another.
 */
export function openKzg(script = SCRIPT): Kzg {
  const waiting = new Map<number, Call>();
  let next = 0;
  let thread: Worker | undefined;

  function start(): Worker {
    const worker = begin(script);
    worker.on("message", (reply: KzgReply) => {
      const call = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (waiting.size === 0) worker.unref();
      if (reply.ok) call?.resolve(reply);
      else call?.reject(new KzgError("kzg", reply.message, { expected: "a blob of 4,096 field elements" }));
    });
    const fail = (message: string) => {
      if (thread !== worker) return; // told before
      thread = undefined; // the next question starts another
      for (const { reject } of waiting.values()) reject(new KzgError("kzg-thread", message));
      waiting.clear();
    };
    worker.on("error", (error) => fail(error.message));
    worker.on("exit", (code) => fail(`the thread for blobs ended with code ${code}`));
    return worker;
  }

  const ask = (blobs: readonly Uint8Array[], wantsProofs: boolean): Promise<Done> =>
    new Promise((resolve, reject) => {
      thread ??= start();
      const id = next++;
      waiting.set(id, { resolve, reject });
      thread.ref(); // idle, it keeps nobody's process alive
      thread.postMessage({ id, blobs, wantsProofs } satisfies KzgRequest);
    });
  return {
    commitments: async (blobs) => (await ask(blobs, false)).commitments,
    withProofs: (blobs) => ask(blobs, true),
    close: async () => {
      await thread?.terminate();
    },
  };
}

function begin(script: URL): Worker {
  try {
    return new Worker(script);
  } catch (cause) {
    throw new KzgError("kzg-thread", "the thread for blobs cannot begin", { cause });
  }
}
