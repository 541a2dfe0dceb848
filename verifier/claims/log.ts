import type { Address, Hex, PublicClient } from "viem";
import { largerOf, smallerOf } from "../../common/bigint.ts";
import type { ResultClaim } from "../../common/claim.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import type { Task } from "../../common/task.ts";

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

/** What lies above L1's finalized block is read again at each look: a fork moves or removes claims there. */
export function openClaimLog(l1: PublicClient, resultClaims: Address, fromBlock: bigint): ClaimLog {
  const claims = new Map<Hex, LoggedClaim>();
  let next = fromBlock;
  return {
    read: async () => {
      const [head, finalized] = await Promise.all([l1.getBlockNumber(), l1.getBlock({ blockTag: "finalized" })]);
      const from = largerOf([next, finalized.number + 1n, head].reduce(smallerOf), fromBlock);
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
        claims.set(claimHash, { claimHash, task, claim, dataUrl, l1Block: blockNumber });
      }
      next = head + 1n;
      return claims;
    },
  };
}
