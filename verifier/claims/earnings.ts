import { type Abi, type Hex, isAddressEqual } from "viem";
import { deliveriesAbi } from "../../common/contracts/deliveries.ts";
import { demandsAbi } from "../../common/contracts/demands.ts";
import { disputesAbi } from "../../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import { TASK_KIND } from "../../common/task.ts";
import type { EventSink } from "../events.ts";
import type { L1 } from "../l1.ts";
import { RefusedError, type Sender } from "../sender.ts";
import { openDemandsReader } from "./demands-reader.ts";
import type { LoggedClaim } from "./log.ts";

export type EarningsModules = { readonly l1: L1; readonly sender: Sender; readonly events: EventSink };

/**
 * Moves what lies on L1 for closed claims of this account to its balances: fees of answers, bonds that challengers lost, and that
 * of the delivery that was claimed.
 */
export async function collectClaimFees({ l1, sender, events }: EarningsModules, logged: LoggedClaim): Promise<void> {
  const { claimHash, l1Block, task } = logged;
  const demands = { address: l1.contracts.demands, abi: demandsAbi as Abi, functionName: "collect" };
  const disputes = { address: l1.contracts.disputes, abi: disputesAbi as Abi };
  const deliveries = { address: l1.contracts.deliveries, abi: deliveriesAbi as Abi };
  try {
    if (task.kind === TASK_KIND.commission) {
      const waiting = await l1.client.readContract({
        address: l1.contracts.deliveries,
        abi: deliveriesAbi,
        functionName: "deliveryOf",
        args: [task.id],
      });
      if (waiting.claimed && isAddressEqual(waiting.claimant, sender.address)) {
        const { gasUsed } = await sender.send({ ...deliveries, functionName: "release", args: [task.id] });
        events({ event: "delivery-released", claimHash, bondWei: waiting.bondWei, gasUsed });
      }
    }
    for (const key of await openDemandsReader(l1).uncollected(claimHash, undefined, l1Block)) {
      const { gasUsed } = await sender.send({ ...demands, args: [key] });
      events({ event: "fee-collected", claimHash, gasUsed });
    }
    const judged = await l1.client.getContractEvents({
      ...disputes,
      eventName: "Judged",
      args: { claimHash },
      fromBlock: l1Block,
    });
    if (judged.length === 0) return;
    const { gasUsed } = await sender.send({ ...disputes, functionName: "collect", args: [claimHash] });
    events({ event: "bonds-collected", claimHash, gasUsed });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    events({ event: "refused", claimHash, action: "collect", error: error.message });
  }
}

/** Bonds, rewards and fees lie on balances until they are pulled. */
export async function withdrawBalances({ l1, sender, events }: EarningsModules): Promise<void> {
  const books: [Hex, Abi][] = [
    [l1.contracts.resultClaims, resultClaimsAbi as Abi],
    [l1.contracts.disputes, disputesAbi as Abi],
    [l1.contracts.demands, demandsAbi as Abi],
    [l1.contracts.deliveries, deliveriesAbi as Abi],
  ];
  for (const [address, abi] of books) {
    const contract = { address, abi };
    const amountWei = await l1.client.readContract({ ...contract, functionName: "balanceOf", args: [sender.address] });
    if (amountWei === 0n) continue;
    const { gasUsed } = await sender.send({ ...contract, functionName: "withdraw", args: [] });
    events({ event: "withdrawn", amountWei, gasUsed });
  }
}
