import { Worker } from "node:worker_threads";
import type { Address } from "viem";
import { recoverAddress } from "../../common/signature.ts";
import { addressIn, answer, encodeQuestions, type SignedDigest } from "./recovery-message.ts";

export type Recover = (signed: SignedDigest) => Promise<Address>;

export interface Recovery {
  readonly recover: Recover;
  /** Ends the thread; what still waits is recovered in the caller's. */
  close(): Promise<void>;
}

/** In the caller's thread. Throws `SignatureError`. */
export const recoverHere: Recover = async ({ digest, r, s, yParity }) => recoverAddress(digest, r, s, yParity);

const SCRIPT = new URL("./recovery-worker.ts", import.meta.url);
/** Before another thread is tried where one never answered. */
const RETRY_MS = 10_000;
/** So few that the first are judged and stored while the next are recovered. */
const PER_MESSAGE = 64;
/** So many that the thread has something to do while the caller's stores a block. */
const MAX_ASKED = 320;
/** What the caller's thread recovers before it looks for answers, requests and blocks again: half a millisecond. */
const PER_TURN = 8;

interface Waiting {
  readonly signed: SignedDigest;
  readonly resolve: (address: Promise<Address> | Address) => void;
}

/** Recovered at once, by the thread or here, and answered after those that were asked earlier. */
interface Group {
  readonly waiting: readonly Waiting[];
  answers?: Uint8Array;
}

/**
 * Recovers senders in a thread of its own: half of what a transaction costs the sequencer. What that thread cannot begin soon is
 * recovered in the caller's as long as it has nothing else to do. Where the thread dies, the caller's does its work, and another
 * one takes its place; the caller's does it too where there can be none.
 */
export function openRecovery(script = SCRIPT): Recovery {
  let worker: Worker | undefined;
  let isClosed = false;
  let retryAt = 0;
  /** Asked of nobody yet. */
  const fresh: Waiting[] = [];
  /** In the order of their questions; those behind one without answers wait for it. */
  let groups: Group[] = [];
  /** Those of them that the thread is at, in their order. */
  let asked: Group[] = [];

  const start = (): Worker | undefined => {
    if (isClosed || performance.now() < retryAt) return undefined;
    retryAt = performance.now() + RETRY_MS;
    const begun = begin(script);
    begun?.unref();
    begun?.on("message", (answers: Uint8Array) => {
      retryAt = 0;
      asked.shift()!.answers = answers;
      settleFirst();
    });
    begun?.on("error", () => {}); // its end follows
    begun?.on("exit", () => {
      if (worker !== begun) return;
      worker = undefined;
      for (const group of asked) group.answers = answerHere(group.waiting);
      asked = [];
      settleFirst();
    });
    return begun;
  };

  const turn = (): void => {
    worker ??= start();
    while (worker !== undefined && countOf(asked) < MAX_ASKED && fresh.length > 0) ask(worker, next(PER_MESSAGE));
    if (fresh.length > 0) {
      const group = next(PER_TURN);
      group.answers = answerHere(group.waiting);
      settleFirst();
    }
    if (fresh.length > 0) setImmediate(turn);
  };

  const next = (count: number): Group => {
    const group = { waiting: fresh.splice(0, count) };
    groups.push(group);
    return group;
  };

  const ask = (thread: Worker, group: Group): void => {
    asked.push(group);
    const questions = questionsOf(group.waiting);
    thread.postMessage(questions, [questions.buffer]);
  };

  const settleFirst = (): void => {
    const until = groups.findIndex(({ answers }) => answers === undefined);
    const done = until < 0 ? groups : groups.slice(0, until);
    groups = until < 0 ? [] : groups.slice(until);
    for (const group of done) settle(group);
  };

  return {
    recover: (signed) =>
      new Promise((resolve) => {
        if (fresh.push({ signed, resolve }) === 1) setImmediate(turn);
      }),
    close: async () => {
      isClosed = true;
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

function settle({ waiting, answers }: Group): void {
  // Once more where there is none: the error says what is wrong.
  for (const [i, { signed, resolve }] of waiting.entries()) resolve(addressIn(answers!, i) ?? recoverHere(signed));
}

const answerHere = (waiting: readonly Waiting[]): Uint8Array => answer(questionsOf(waiting));
const questionsOf = (waiting: readonly Waiting[]) => encodeQuestions(waiting.map(({ signed }) => signed));
const countOf = (groups: readonly Group[]): number => groups.reduce((count, { waiting }) => count + waiting.length, 0);
