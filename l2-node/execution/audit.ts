import type { Chain } from "../chain/chain.ts";
import type { Execution } from "./execution.ts";
import { type StateClaim, sameClaim, stateClaim } from "./state-claim.ts";
import type { StateClaimLog } from "./state-claim-log.ts";

/** A state claim on L1 that is not what this node derives: nobody can dispute it yet, so people must be told. */
export interface FalseStateClaim {
  readonly posted: StateClaim;
  readonly own: StateClaim;
}

export interface AuditModules {
  readonly log: StateClaimLog;
  readonly chain: Chain;
  readonly execution: Execution;
}

/** Compares the claims about blocks after `after` with what this node derives; those it has not seen anchored wait. */
export async function auditStateClaims(
  { log, chain, execution }: AuditModules,
  after: bigint,
): Promise<{ readonly checkedTo: bigint; readonly wrong: readonly FalseStateClaim[] }> {
  const wrong: FalseStateClaim[] = [];
  let before = 0n;
  let checkedTo = after;
  for (const { claim: posted } of await log.read()) {
    const first = before + 1n;
    before = posted.number;
    if (posted.number <= after) continue;
    if (posted.number > chain.heads().safe) break;
    const own = await stateClaim(execution, first, posted.number);
    if (!sameClaim(own, posted)) wrong.push({ posted, own });
    checkedTo = posted.number;
  }
  return { checkedTo, wrong };
}
