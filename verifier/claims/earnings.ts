import { type Abi, type Hex, isAddressEqual } from "viem";
import { deliveriesAbi } from "../../common/contracts/deliveries.ts";
import { demandsAbi } from "../../common/contracts/demands.ts";
import { disputesAbi } from "../../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import { TASK_KIND } from "../../common/task.ts";
import type { EventSink } from "../events.ts";
import type { L1 } from "../l1.ts";
import type { Call, Sender } from "../sender.ts";
import { openDemandsReader } from "./demands-reader.ts";
import type { LoggedClaim } from "./log.ts";

export type EarningsModules = { readonly l1: L1; readonly sender: Sender; readonly events: EventSink };

/** A call that moves to the account's balances what lies on L1 for a closed claim of its, and what is told of it. */
export type Due = { readonly call: Call; readonly told: { readonly event: string; readonly bondWei?: bigint } };

/** Fees of answers, bonds that challengers lost, and that of the delivery that was claimed. */
export async function duesOf({ l1, sender }: EarningsModules, logged: LoggedClaim): Promise<readonly Due[]> {
  const { claimHash, l1Block, task } = logged;
  const demands = { address: l1.contracts.demands, abi: demandsAbi as Abi, functionName: "collect" };
  const disputes = { address: l1.contracts.disputes, abi: disputesAbi as Abi };
  const deliveries = { address: l1.contracts.deliveries, abi: deliveriesAbi as Abi };
  const dues: Due[] = [];
  if (task.kind === TASK_KIND.commission) {
    const { claimed, claimant, bondWei } = await l1.client.readContract({
      address: l1.contracts.deliveries,
      abi: deliveriesAbi,
      functionName: "deliveryOf",
      args: [task.id],
    });
    const call = { ...deliveries, functionName: "release", args: [task.id] };
    if (claimed && isAddressEqual(claimant, sender.address))
      dues.push({ call, told: { event: "delivery-released", bondWei } });
  }
  for (const key of await openDemandsReader(l1).uncollected(claimHash, undefined, l1Block))
    dues.push({ call: { ...demands, args: [key] }, told: { event: "fee-collected" } });
  const judged = await l1.client.getContractEvents({
    ...disputes,
    eventName: "Judged",
    args: { claimHash },
    fromBlock: l1Block,
  });
  // L1 does not say whether they were collected: where they were, the call changes nothing.
  const call = { ...disputes, functionName: "collect", args: [claimHash] };
  if (judged.length > 0) dues.push({ call, told: { event: "bonds-collected" } });
  return dues;
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
