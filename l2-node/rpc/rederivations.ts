import type { Execution, Rederivation } from "../execution/execution.ts";

const KEPT = 100;

/** The latest rederivations from now on, oldest first: a live list. */
export function recordRederivations({ events }: Pick<Execution, "events">): readonly Rederivation[] {
  const records: Rederivation[] = [];
  events.on("rederived", (record) => {
    records.push(record);
    if (records.length > KEPT) records.shift();
  });
  return records;
}
