import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Address } from "viem";
import { ClosedError, ExecutionDiedError } from "./errors.ts";
import type { BlockTag, Execution, ExecutionEvents } from "./execution.ts";
import { openKnownState } from "./known-state.ts";
import type { Simulation, SimulationOptions } from "./simulate.ts";
import {
  type AllQuestions,
  type BulkyEvent,
  type FromThread,
  QUESTIONS,
  type Questions,
  type Standing,
  type ThreadData,
  type ToThread,
} from "./wire.ts";
import { decodeError, type WireError } from "./wire-error.ts";

export type ThreadedOptions = Omit<ThreadData, "listening" | "told">;

export interface ThreadedModules {
  /** Calls back after every change of the chain; returns how to stop. */
  readonly onChange: (listener: () => void) => () => void;
  /** The thread ended by itself, or could not begin again. */
  readonly onTrouble: (trouble: { readonly error: unknown }) => void;
}

const BULKY: ReadonlySet<unknown> = new Set<BulkyEvent>(["executed", "retracted"]);
/** A thread that lived shorter than this lets its successor wait. */
const STABLE_MS = 60_000;
const LONGEST_PAUSE_MS = 10_000;
const CLOSING_MS = 5000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** `Execution` in a thread of its own. Throws what beginning throws there, `WrongStoreError` say. */
export async function openThreaded(options: ThreadedOptions, modules: ThreadedModules): Promise<Execution> {
  const threaded = new Threaded(options, modules);
  await threaded.begin();
  return Object.assign(threaded, threaded.questions);
}

/**
 * Asks a thread that executes, and begins another one where it dies: all it knows is on disk. Whoever waited for an answer
 * gets an `ExecutionDiedError`, since what killed the thread may have been the question.
 */
class Threaded implements Omit<Execution, keyof Questions> {
  readonly events = new EventEmitter<ExecutionEvents>();
  readonly questions: Questions;
  readonly #options: ThreadedOptions;
  readonly #modules: ThreadedModules;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #standing: Standing = { executed: 0n, rederived: 0 };
  #worker: Worker | undefined;
  /** Begun, and not ready yet. */
  #next: Worker | undefined;
  #beginning: Promise<void> = Promise.resolve();
  #known: ReturnType<typeof openKnownState> | undefined;
  #deaths = 0;
  #closing = false;
  #stopListening = () => {};

  constructor(options: ThreadedOptions, modules: ThreadedModules) {
    this.#options = options;
    this.#modules = modules;
    this.events.setMaxListeners(0);
    const ask = (question: keyof Questions) => [question, (...args: never[]) => this.#ask(question, args as never)];
    this.questions = Object.fromEntries(QUESTIONS.map(ask)) as Questions;
  }

  async begin(): Promise<void> {
    await this.#spawn();
    this.#known = openKnownState(this.#options.statePath);
    const changed = (event: string | symbol, on: boolean) => {
      if (BULKY.has(event)) this.#post({ kind: "listen", event: event as BulkyEvent, on });
    };
    const listeners: EventEmitter = this.events;
    listeners.on("newListener", (event) => changed(event, true));
    listeners.on("removeListener", (event) => {
      if (this.events.listenerCount(event as BulkyEvent) === 0) changed(event, false);
    });
    let isTold = false;
    // One message for all that changes in a turn.
    this.#stopListening = this.#modules.onChange(() => {
      if (isTold) return;
      isTold = true;
      setImmediate(() => {
        isTold = false;
        this.#post({ kind: "moved" });
      });
    });
  }

  executedNumber(): bigint {
    return this.#standing.executed;
  }

  rederivedCount(): number {
    return this.#standing.rederived;
  }

  knownAccount(address: Address) {
    return this.#known!.knownAccount(address);
  }

  async simulate<T>(
    block: BlockTag,
    options: SimulationOptions,
    run: (simulation: Simulation) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const session = ++this.#asked;
      await this.#ask("openSimulation", [session, block, options]);
      const simulation: Simulation = { runBlock: (...args) => this.#ask("runBlock", [session, ...args]) };
      const outcome = await run(simulation).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      if (!(await this.#ask("closeSimulation", [session]))) continue;
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#stopListening();
    // A thread that is ended while its modules begin may take the process along (nodejs/node #60755).
    const isLate = () => sleep(CLOSING_MS, undefined, { ref: false });
    if (this.#next) await Promise.race([this.#beginning.catch(() => {}), isLate()]);
    const worker = this.#worker;
    if (worker) {
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      // A block that takes long is executed again the next time: what is committed is whole.
      const timer = setTimeout(() => void worker.terminate(), CLOSING_MS);
      await this.#ask("close", []).catch(() => {});
      await ended;
      clearTimeout(timer);
    }
    await this.#next?.terminate();
    this.#known?.close();
  }

  #post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  #ask<Q extends keyof AllQuestions>(
    question: Q,
    args: Readonly<Parameters<AllQuestions[Q]>>,
  ): ReturnType<AllQuestions[Q]> {
    return this.#send(question, args) as ReturnType<AllQuestions[Q]>;
  }

  async #send(question: keyof AllQuestions, args: readonly unknown[]): Promise<unknown> {
    const worker = this.#worker;
    if (this.#closing && question !== "close") throw closed();
    if (worker === undefined) throw died();
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ kind: "ask", id, question, args } satisfies ToThread);
    });
  }

  /** Resolves once the thread has opened its state. */
  #spawn(): Promise<void> {
    const bulky = [...BULKY] as BulkyEvent[];
    const listening = bulky.filter((event) => this.events.listenerCount(event) > 0);
    const told = this.#known && this.#standing.executed;
    const worker = this.#start({ ...this.#options, listening, told });
    this.#next = worker;
    const beganAt = performance.now();
    let cause: unknown;
    this.#beginning = new Promise((resolve, reject) => {
      worker.on("message", (message: FromThread) => {
        if (message.kind === "unable") return reject(decodeError(message.error));
        if (message.kind === "ready") {
          this.#next = undefined;
          this.#worker = worker;
          // Who came or went while it began.
          for (const event of bulky) {
            const on = this.events.listenerCount(event) > 0;
            if (on !== listening.includes(event)) this.#post({ kind: "listen", event, on });
          }
          resolve();
        }
        this.#hear(message);
      });
      worker.on("error", (error) => {
        cause = error;
      });
      worker.on("exit", () => {
        if (this.#next === worker) this.#next = undefined;
        reject(died(cause));
        if (this.#worker !== worker) return;
        this.#worker = undefined;
        this.#forsake(cause);
        if (performance.now() - beganAt > STABLE_MS) this.#deaths = 0;
        if (!this.#closing) void this.#replace(cause);
      });
    });
    return this.#beginning;
  }

  #start(workerData: ThreadData): Worker {
    try {
      return new Worker(new URL("./thread.ts", import.meta.url), { workerData });
    } catch (cause) {
      throw died(cause);
    }
  }

  #hear(message: Exclude<FromThread, { kind: "unable" }>): void {
    const before = this.#standing.executed;
    this.#standing = message.standing;
    if (message.kind === "answer" || message.kind === "refusal") {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === "answer") waiting?.resolve(message.result);
      else waiting?.reject(decodeError(message.error));
    }
    if (message.kind === "event" && message.detail !== undefined) this.#emit(message.event, message.detail);
    // Rolled back by a thread that died before it said so: the receipts are gone.
    if (message.kind === "ready" && message.standing.executed < before)
      this.events.emit("retracted", { number: message.standing.executed, receipts: [] });
  }

  #emit(event: keyof ExecutionEvents, detail: unknown): void {
    if (event !== "fault") this.events.emit(event, detail as never);
    else {
      const { error, ...where } = detail as { error: WireError };
      this.events.emit("fault", { ...where, error: decodeError(error) } as ExecutionEvents["fault"][0]);
    }
  }

  #forsake(cause: unknown): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.#closing ? closed() : died(cause));
  }

  async #replace(error: unknown): Promise<void> {
    this.#modules.onTrouble({ error: died(error) });
    for (;;) {
      await sleep(Math.min(100 * 2 ** this.#deaths++ - 100, LONGEST_PAUSE_MS), undefined, { ref: false });
      if (this.#closing) return;
      try {
        return await this.#spawn();
      } catch (cause) {
        if (!this.#closing) this.#modules.onTrouble({ error: cause });
      }
    }
  }
}

const closed = () => new ClosedError("closed", "execution was closed");

const died = (cause?: unknown): ExecutionDiedError =>
  new ExecutionDiedError("execution-died", "the thread that executes ended; another one begins", {
    hint: "ask again",
    ...(cause === undefined ? {} : { cause }),
  });
