import { Worker } from "node:worker_threads";
import type { Address } from "viem";
import { fixedBytes, hexOf } from "../../common/bytes.ts";
import { recoverAddress } from "../../common/signature.ts";

export interface SignedDigest {
  readonly digest: Uint8Array;
  readonly r: bigint;
  readonly s: bigint;
  readonly yParity: number;
}

export type Recover = (signed: SignedDigest) => Promise<Address>;

export interface Recovery {
  readonly recover: Recover;
  close(): Promise<void>;
}

/** In the caller's thread. Throws `SignatureError`. */
export const recoverHere: Recover = async ({ digest, r, s, yParity }) => recoverAddress(digest, r, s, yParity);

// As they cross: digest, r, s (32 bytes each), yParity; and back: 1 and an address, or 0 where there is none.
export const QUESTION_BYTES = 97;
export const ANSWER_BYTES = 21;
const SCRIPT = new URL("./recovery-worker.ts", import.meta.url);
/** Before another thread is tried where one never answered. */
const RETRY_MS = 10_000;
/** So few that the first are judged and stored while the next are recovered. */
const PER_MESSAGE = 64;

interface Waiting {
  readonly signed: SignedDigest;
  readonly resolve: (address: Promise<Address> | Address) => void;
}

/**
 * Recovers senders in a thread of its own: half of what a transaction costs the sequencer. Where that thread dies, the caller's
 * does its work, and another one takes its place; the caller's does it too where there can be none.
 */
export function openRecovery(script = SCRIPT): Recovery {
  let worker: Worker | undefined;
  let retryAt = 0;
  let fresh: Waiting[] = [];
  /** What the thread was asked, message by message. */
  let asked: Waiting[][] = [];

  const start = (): Worker | undefined => {
    if (performance.now() < retryAt) return undefined;
    retryAt = performance.now() + RETRY_MS;
    const begun = begin(script);
    begun?.unref();
    begun?.on("message", (answers: Uint8Array) => {
      retryAt = 0;
      settle(asked.shift()!, answers);
    });
    begun?.on("error", () => {}); // its end follows
    begun?.on("exit", () => {
      if (worker !== begun) return;
      worker = undefined;
      const left = asked.flat();
      asked = [];
      answerHere(left);
    });
    return begun;
  };

  const flush = (): void => {
    const all = fresh;
    fresh = [];
    worker ??= start();
    if (worker === undefined) answerHere(all);
    else ask(worker, all);
  };

  const ask = (thread: Worker, all: readonly Waiting[]): void => {
    for (let from = 0; from < all.length; from += PER_MESSAGE) {
      const some = all.slice(from, from + PER_MESSAGE);
      asked.push(some);
      const questions = encode(some);
      thread.postMessage(questions, [questions.buffer]);
    }
  };

  return {
    recover: (signed) =>
      new Promise((resolve) => {
        if (fresh.push({ signed, resolve }) === 1) setImmediate(flush);
      }),
    close: async () => {
      await worker?.terminate();
    },
  };
}

function begin(script: URL): Worker | undefined {
  try {
    return new Worker(script);
  } catch {
    return undefined; // no thread is to be had: the machine has no room for one
  }
}

function answerHere(some: readonly Waiting[]): void {
  for (const { signed, resolve } of some) resolve(recoverHere(signed));
}

function encode(some: readonly Waiting[]): Uint8Array<ArrayBuffer> {
  const questions = new Uint8Array(QUESTION_BYTES * some.length);
  for (const [i, { signed }] of some.entries()) {
    const at = QUESTION_BYTES * i;
    questions.set(signed.digest, at);
    questions.set(fixedBytes(signed.r, 32), at + 32);
    questions.set(fixedBytes(signed.s, 32), at + 64);
    questions[at + 96] = signed.yParity;
  }
  return questions;
}

function settle(some: readonly Waiting[], answers: Uint8Array): void {
  for (const [i, { signed, resolve }] of some.entries()) {
    const at = ANSWER_BYTES * i;
    // Once more for the error, which says what is wrong with it.
    resolve(answers[at] === 1 ? hexOf(answers.subarray(at + 1, at + ANSWER_BYTES)) : recoverHere(signed));
  }
}
