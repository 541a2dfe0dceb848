import { type Address, type Hex, isAddressEqual } from "viem";
import { type Failure, hasFailed } from "../../common/claim.ts";
import type { ConsumedClaim } from "./assemble.ts";
import type { LoggedClaim } from "./log.ts";
import type { RunSpec } from "./runs.ts";

type Claims = ReadonlyMap<Hex, LoggedClaim>;

/** A logged claim as others build on it. */
export const consumedOf = ({ claimHash, task, claim, dataUrl }: LoggedClaim): ConsumedClaim => ({
  claimHash,
  task,
  resultRoot: claim.resultRoot,
  dataUrl,
});

/** The run behind a claim; undefined if L1's log does not (any more) hold the claim it consumed. */
export function specOf({ task, claim }: LoggedClaim, claims: Claims): RunSpec | undefined {
  const [consumed] = claim.consumed;
  const failure: Failure | undefined = hasFailed(claim) ? claim.failure : undefined;
  if (consumed === undefined) return { task, seed: claim.seed, consumed: undefined, failure };
  const logged = claims.get(consumed);
  return logged && { task, seed: claim.seed, consumed: consumedOf(logged), failure };
}

export const claimsOf = (account: Address, claims: Claims): LoggedClaim[] =>
  [...claims.values()].filter(({ claim }) => isAddressEqual(claim.claimant, account));
