import type { Chain } from "../chain/chain.ts";
import type { Execution } from "./execution.ts";

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
      // What failed is tried again with the next block.
      await execution.executeTo("latest").catch((error: unknown) => {
        if (!isStopped) onTrouble({ error });
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
