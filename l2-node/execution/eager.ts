import { setTimeout as sleep } from "node:timers/promises";
import type { Chain } from "../chain/chain.ts";
import type { Execution } from "./execution.ts";

const RETRY_MS = 1000;

/** Executes every block as soon as the chain has it; returns how to stop. */
export function executeEagerly(
  { events }: Pick<Chain, "events">,
  execution: Pick<Execution, "executeTo">,
  onTrouble: (trouble: { readonly error: unknown }) => void,
): () => void {
  let isRunning = false;
  let isStopped = false;
  let isBehind = false;
  const run = async (): Promise<void> => {
    isBehind = true;
    if (isRunning) return;
    isRunning = true;
    while (isBehind && !isStopped) {
      isBehind = false;
      await execution.executeTo("latest").catch(async (error: unknown) => {
        if (!isStopped) onTrouble({ error });
        await sleep(RETRY_MS, undefined, { ref: false });
        isBehind = true;
      });
    }
    isRunning = false;
  };
  const begin = (): void => void run();
  events.on("block", begin);
  begin();
  return () => {
    isStopped = true;
    events.off("block", begin);
  };
}
