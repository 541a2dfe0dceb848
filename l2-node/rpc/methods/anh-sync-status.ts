import { statusOf } from "../../chain/status.ts";
import { plain } from "../format.ts";
import { method, noParams } from "../method.ts";

/** How far this node is with blocks, execution, L1 and its own mempool. */
export const anhSyncStatus = method(noParams, ({ chain, execution, mempool }) =>
  plain({
    role: mempool ? "sequencer" : "replica",
    ...statusOf(chain),
    executed: execution?.executedNumber() ?? null,
    rederived: execution?.rederivedCount() ?? null,
    mempool: mempool?.size ?? null,
  }),
);
