// The thread that executes: a `LazyExecution` over the node's store, asked by messages.

import { EventEmitter } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { ChainReader } from "../chain/reader.ts";
import { openReader } from "../store/sqlite-reader.ts";
import { readerSource } from "./chain-source.ts";
import type { ExecutionEvents } from "./execution.ts";
import { LazyExecution } from "./lazy.ts";
import { shapesFrom } from "./shapes.ts";
import { simulationSessions } from "./simulation-sessions.ts";
import type { BulkyEvent, FromThread, Questions, SimulationQuestions, ThreadData, ToThread } from "./wire.ts";
import { encodeError } from "./wire-error.ts";

const port = parentPort!;

try {
  serve(workerData as ThreadData);
} catch (error) {
  // A state file of another chain, say.
  port.postMessage({ kind: "unable", error: encodeError(error) } satisfies FromThread);
  port.close();
}

function serve({ chain: file, chainPath, statePath, blobs, listening, told }: ThreadData): void {
  const store = openReader(chainPath, file);
  const chain = new ChainReader({ chain: file }, { store });
  const events = new EventEmitter<ExecutionEvents>();
  const standing = () => ({ executed: execution.executedNumber(), rederived: execution.rederivedCount() });
  const send = (message: FromThread): void => port.postMessage(message);
  /** What happens while the state opens, told once its standing is known. */
  let early: (() => void)[] | undefined = [];
  const tell = (event: keyof ExecutionEvents, detail?: unknown): void => {
    const tellNow = () => send({ kind: "event", event, detail, standing: standing() });
    if (early) early.push(tellNow);
    else tellNow();
  };

  // Nobody gathers receipts of blocks that go for nobody.
  const tellRetracted = (detail: ExecutionEvents["retracted"][0]): void => tell("retracted", detail);
  const heard = new Set<BulkyEvent>();
  const listen = (event: BulkyEvent, on: boolean): void => {
    if (event === "retracted") events[on ? "on" : "off"](event, tellRetracted);
    if (on) heard.add(event);
    else heard.delete(event);
  };
  for (const event of listening) listen(event, true);
  events.on("executed", (detail) => tell("executed", heard.has("executed") ? detail : undefined));
  events.on("result", (detail) => tell("result", detail));
  events.on("rederived", (detail) => tell("rederived", detail));
  events.on("fault", ({ error, ...where }) => tell("fault", { ...where, error: encodeError(error) }));

  const execution = new LazyExecution(
    { path: statePath, ...(told === undefined ? {} : { told }) },
    {
      source: readerSource(chain),
      events,
      ...(blobs === undefined ? {} : { shapeOf: shapesFrom(openBlobStore(blobs).get) }),
    },
  );
  for (const tellNow of early) tellNow();
  early = undefined;
  const sessions = simulationSessions({ simulate: (...args) => execution.simulate(...args) });

  const ask = async (question: keyof Questions | keyof SimulationQuestions, args: readonly unknown[]) => {
    const whose = question in sessions ? sessions : execution;
    return (whose as never as Record<string, (...args: unknown[]) => unknown>)[question]!(...args);
  };
  async function answer({ id, question, args }: Extract<ToThread, { kind: "ask" }>): Promise<void> {
    try {
      if (question === "close") return await close(id);
      const result = await ask(question, args);
      send({ kind: "answer", id, result, standing: standing() });
    } catch (error) {
      send({ kind: "refusal", id, error: encodeError(error), standing: standing() });
    }
  }
  async function close(id: number): Promise<void> {
    const last = standing();
    await execution.close();
    store.close();
    send({ kind: "answer", id, result: undefined, standing: last });
    port.close();
  }
  port.on("message", (message: ToThread) => {
    if (message.kind === "ask") void answer(message);
    else if (message.kind === "listen") listen(message.event, message.on);
    else {
      chain.refresh();
      send({ kind: "standing", standing: standing() });
    }
  });
  send({ kind: "ready", standing: standing() });
}
