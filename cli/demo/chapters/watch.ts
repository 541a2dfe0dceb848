import type { Hex } from "viem";
import { until } from "../../stack/until.ts";
import type { Cast } from "../cast.ts";
import type { JobView } from "../l2.ts";

const LOOK_MS = 250;

/** When a job's result was first seen in each standing, in seconds of the story. */
export interface Timeline {
  softAt?: number;
  finalAt?: number;
  overturnedAt?: number;
}

/** Keeps an eye on the jobs until stopped: fills the timelines, and remembers what was parked. */
export interface Watcher {
  readonly timelines: ReadonlyMap<Hex, Timeline>;
  readonly parked: ReadonlySet<Hex>;
  stop(): Promise<void>;
}

export function watchJobs(
  { l2, teller, seconds }: Cast,
  jobs: ReadonlyMap<Hex, string>,
  transactions: ReadonlyMap<Hex, string>,
): Watcher {
  const timelines = new Map<Hex, Timeline>([...jobs.keys()].map((id) => [id, {}]));
  const parked = new Set<Hex>();
  let stopped = false;
  const note = (id: Hex, view: JobView) => {
    const timeline = timelines.get(id) as Timeline;
    const tell = (standing: string) =>
      teller.tell(`result-${standing}`, { name: jobs.get(id), id }, `the result of ${jobs.get(id)} is ${standing}`);
    if (view.status === "soft" && timeline.softAt === undefined) {
      timeline.softAt = seconds();
      tell("soft");
    }
    if (view.overturned && timeline.overturnedAt === undefined) {
      timeline.overturnedAt = seconds();
      tell("overturned");
    }
    if (view.status === "final" && timeline.finalAt === undefined) {
      timeline.finalAt = seconds();
      tell("final");
    }
  };
  const look = async () => {
    for (const id of jobs.keys()) {
      const view = await l2.job(id);
      if (view !== null) note(id, view);
    }
    for (const [hash, name] of transactions) {
      if (parked.has(hash)) continue;
      const status = await l2.status(hash);
      if (status?.state !== "parked") continue;
      parked.add(hash);
      teller.tell(
        "parked",
        { name, transaction: hash, id: status.id },
        `${name} parked: its result is not there yet, and nobody waits for it`,
      );
    }
  };
  const loop = (async () => {
    while (!stopped) {
      // A node that was killed and is coming back answers nothing for a moment; the next look will see more.
      await look().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return {
    timelines,
    parked,
    stop: () => {
      stopped = true;
      return loop;
    },
  };
}

/** Waits until a transaction has been executed, softly or finally as asked, and successfully. */
export async function executed(
  cast: Cast,
  hash: Hex,
  name: string,
  states: readonly string[],
  limitMs: number,
): Promise<void> {
  await until(`${name} is ${states.join(" or ")}`, limitMs, async () => {
    const status = await cast.l2.status(hash).catch(() => null);
    return status !== null && states.includes(status.state);
  });
  const receipt = await cast.l2.client.getTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new Error(`${name} failed when it was resumed`);
  cast.teller.tell(
    "resumed",
    { name, transaction: hash, blockNumber: receipt.blockNumber, states },
    `${name} resumed in block ${receipt.blockNumber}, with ${states === FINAL ? "final results" : "a result that can still fall"}`,
  );
}

export const FINAL = ["executed-final", "settled"];
