import type { Address, Hex, PublicClient } from "viem";
import { largerOf, smallerOf } from "../../common/bigint.ts";
import { claimHash as hashOf, type ResultClaim } from "../../common/claim.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import { AnhError } from "../../common/errors.ts";
import { type Task, taskHash } from "../../common/task.ts";

/** A claim as L1 logged it. */
export type LoggedClaim = {
  readonly claimHash: Hex;
  readonly task: Task;
  readonly claim: ResultClaim;
  /** Where the claimant says it serves data; never trusted. */
  readonly dataUrl: string;
  readonly l1Block: bigint;
};

/** All claims ever made, in their order; `read` catches up with L1. */
export type ClaimLog = {
  readonly read: () => Promise<ReadonlyMap<Hex, LoggedClaim>>;
};

/**
 * What was not final when it was read is read again at the next look: a fork may move or remove claims there, and whoever looks seldom
 * finds a later block finalized by then.
 */
export function openClaimLog(l1: PublicClient, resultClaims: Address, fromBlock: bigint): ClaimLog {
  const claims = new Map<Hex, LoggedClaim>();
  let next = fromBlock;
  return {
    read: async () => {
      const [head, finalized] = await Promise.all([l1.getBlockNumber(), l1.getBlock({ blockTag: "finalized" })]);
      const from = largerOf(smallerOf(next, head), fromBlock);
      const logs = await l1.getContractEvents({
        address: resultClaims,
        abi: resultClaimsAbi,
        eventName: "ResultClaimed",
        fromBlock: from,
        toBlock: head,
        strict: true,
      });
      for (const [hash, { l1Block }] of claims) if (l1Block >= from) claims.delete(hash);
      for (const { args, blockNumber } of logs) {
        const { claimHash, task, claim, dataUrl } = args;
        requireOwn(claimHash, claim, task);
        claims.set(claimHash, { claimHash, task, claim, dataUrl, l1Block: blockNumber });
      }
      next = smallerOf(finalized.number, head) + 1n;
      return claims;
    },
  };
}

/** An endpoint that lies about a claim would have a right one challenged, or a wrong one left alone. */
function requireOwn(claimHash: Hex, claim: ResultClaim, task: Task): void {
  const actual = hashOf({ ...claim, taskHash: taskHash(task) });
  if (actual !== claimHash)
    throw new AnhError("l1-claim-mismatch", `L1's endpoint shows other content than claim ${claimHash} has`, {
      expected: claimHash,
      actual,
      hint: "name another L1 endpoint",
    });
}
