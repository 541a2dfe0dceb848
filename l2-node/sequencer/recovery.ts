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
/** So few that the first are judged and stored while the next are recovered. */
const PER_MESSAGE = 64;

interface Waiting {
  readonly signed: SignedDigest;
  readonly resolve: (address: Promise<Address> | Address) => void;
}

/**
 * Recovers senders in a thread of its own: half of what a transaction costs the sequencer. Where that thread dies, the caller's
 * does its work, and another one takes its place.
 */
export function openRecovery(): Recovery {
  let worker: Worker | undefined;
  let fresh: Waiting[] = [];
  /** What the thread was asked, message by message. */
  let asked: Waiting[][] = [];

  const begin = (): Worker => {
    const begun = new Worker(new URL("./recovery-worker.ts", import.meta.url));
    begun.unref();
    begun.on("message", (answers: Uint8Array) => settle(asked.shift()!, answers));
    begun.on("error", () => {}); // its end follows
    begun.on("exit", () => {
      if (worker !== begun) return;
      worker = undefined;
      const left = asked.flat();
      asked = [];
      for (const { signed, resolve } of left) resolve(recoverHere(signed));
    });
    return begun;
  };

  const flush = (): void => {
    const all = fresh;
    fresh = [];
    worker ??= begin();
    for (let from = 0; from < all.length; from += PER_MESSAGE) {
      const some = all.slice(from, from + PER_MESSAGE);
      asked.push(some);
      const questions = encode(some);
      worker.postMessage(questions, [questions.buffer]);
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
