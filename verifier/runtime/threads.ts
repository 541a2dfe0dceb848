import "./telemetry.ts";
import { RuntimeError } from "./errors.ts";
import { startWorker, type WorkerThread } from "./worker.ts";

/** The thread of one session, until that closes. */
export type ExecutorThread = Pick<WorkerThread, "load" | "run" | "walk"> & { readonly close: () => Promise<void> };

/** A thread takes longer to start (80 ms of computing, most of it the binding's) than a small model to be judged, and a dispute opens
 * ten sessions one after the other. More at once than these are rare. */
const MAX_SPARES = 4;
const spares: WorkerThread[] = [];

/** An empty thread: one that another session left, or a new one. */
export function takeThread(): ExecutorThread {
  const thread = takeSpare() ?? startWorker();
  let closing: Promise<void> | undefined;
  const open = (): WorkerThread => {
    if (closing !== undefined) throw new RuntimeError("executor thread", "its session is closed");
    return thread;
  };
  return {
    load: async (...model) => open().load(...model),
    run: async (...call) => open().run(...call),
    walk: async (walk) => open().walk(walk),
    close: () => {
      closing ??= giveBack(thread);
      return closing;
    },
  };
}

function takeSpare(): WorkerThread | undefined {
  for (let spare = spares.pop(); spare !== undefined; spare = spares.pop()) if (!spare.isDead()) return spare;
  return undefined;
}

/** What fails while it is cleared is no good for others; of a dead one nothing is left to give back. */
async function giveBack(thread: WorkerThread): Promise<void> {
  try {
    await thread.clear();
  } catch (error) {
    const wasDead = thread.isDead();
    await thread.end();
    if (wasDead) return;
    throw error;
  }
  if (spares.length < MAX_SPARES) spares.push(thread);
  else await thread.end();
}
