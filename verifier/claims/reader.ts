import type { Address, Hex, PublicClient } from "viem";
import type { L1Addresses } from "../../common/chain-file.ts";
import { deliveriesAbi } from "../../common/contracts/deliveries.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Task } from "../../common/task.ts";
import { CLAIM_STATUS } from "./status.ts";
import type { Delivery, LiveClaim, Reservation } from "./view.ts";

export type L1Head = { readonly number: bigint; readonly timestamp: bigint };

/** What L1 says of ids and claims now. */
export type ClaimsReader = {
  readonly head: () => Promise<L1Head>;
  /** L1 second of the last finalized block: what ended before it, no fork undoes. */
  readonly finalizedAt: () => Promise<bigint>;
  readonly live: (id: Hex) => Promise<LiveClaim | undefined>;
  readonly reservation: (id: Hex) => Promise<Reservation>;
  readonly delivery: (id: Hex) => Promise<Delivery>;
  /** How often this account has delivered for an id. */
  readonly tries: (id: Hex, claimant: Address) => Promise<number>;
  /** L1 second at which the id's last overturned claim was closed; 0 if none was. */
  readonly overturnedAt: (id: Hex) => Promise<bigint>;
  /** By how much a task's deadline has moved, in L1 seconds (P6.9). */
  readonly lostSeconds: (task: Pick<Task, "id" | "modelId">) => Promise<bigint>;
  readonly record: (claimHash: Hex) => Promise<ClaimRecord>;
};

export type ClaimRecord = {
  readonly id: Hex;
  readonly claimant: Address;
  readonly consumed: Hex;
  readonly status: number;
  readonly windowEnd: bigint;
  readonly closedAt: bigint;
  /** What computing a segment again takes (P7.2). */
  readonly regenerationSeconds: number;
};

export function openClaimsReader(
  l1: PublicClient,
  at: Pick<L1Addresses, "resultClaims" | "deliveries">,
  fromBlock: bigint,
): ClaimsReader {
  const contract = { address: at.resultClaims, abi: resultClaimsAbi } as const;
  const deliveries = { address: at.deliveries, abi: deliveriesAbi } as const;
  const record = (claimHash: Hex): Promise<ClaimRecord> =>
    l1.readContract({ ...contract, functionName: "claimOf", args: [claimHash] });
  return {
    head: async () => l1.getBlock({ blockTag: "latest", includeTransactions: false }),
    finalizedAt: async () => (await l1.getBlock({ blockTag: "finalized", includeTransactions: false })).timestamp,
    record,
    live: async (id) => {
      const claimHash = await l1.readContract({ ...contract, functionName: "liveClaim", args: [id] });
      if (claimHash === ZERO_HASH) return undefined;
      const [{ claimant, status, consumed }, finalizable, isVoid] = await Promise.all([
        record(claimHash),
        l1.readContract({ ...contract, functionName: "finalizable", args: [claimHash] }),
        l1.readContract({ ...contract, functionName: "isVoid", args: [claimHash] }),
      ]);
      return { claimHash, claimant, status, finalizable, isVoid, consumedLost: await isLost(consumed) };
    },
    reservation: async (id) => {
      const [reservation, openToAll] = await Promise.all([
        l1.readContract({ ...contract, functionName: "reservationOf", args: [id] }),
        l1.readContract({ ...contract, functionName: "isOpenToAll", args: [id] }),
      ]);
      return { ...reservation, openToAll };
    },
    delivery: (id) => l1.readContract({ ...deliveries, functionName: "deliveryOf", args: [id] }),
    tries: async (id, claimant) => {
      const logs = await l1.getContractEvents({
        ...deliveries,
        eventName: "Delivered",
        args: { id, claimant },
        fromBlock,
      });
      return logs.length;
    },
    overturnedAt: async (id) => {
      const logs = await l1.getContractEvents({ ...contract, eventName: "ResultOverturned", args: { id }, fromBlock });
      const last = logs.at(-1)?.args.claimHash;
      return last === undefined ? 0n : (await record(last)).closedAt;
    },
    lostSeconds: async ({ id, modelId }) => {
      const lost = await Promise.all([lostSeconds(id), modelId === ZERO_HASH ? 0n : lostSeconds(modelId)]);
      return lost[0] + lost[1];
    },
  };

  async function lostSeconds(id: Hex): Promise<bigint> {
    return l1.readContract({ ...contract, functionName: "lostSeconds", args: [id] });
  }

  async function isLost(claimHash: Hex): Promise<boolean> {
    if (claimHash === ZERO_HASH) return false;
    const { status } = await record(claimHash);
    return status === CLAIM_STATUS.overturned || status === CLAIM_STATUS.sunk || status === CLAIM_STATUS.void;
  }
}
