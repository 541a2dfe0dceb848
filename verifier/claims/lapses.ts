import type { Abi, Hex } from "viem";
import { disputesAbi } from "../../common/contracts/disputes.ts";
import type { EventSink } from "../events.ts";
import type { L1 } from "../l1.ts";
import { RefusedError, type Sender } from "../sender.ts";
import type { LoggedClaim } from "./log.ts";

export type LapseModules = { readonly l1: L1; readonly sender: Sender; readonly events: EventSink };

/** `Challenge.status` of a live one (`IDisputes`). */
const LIVE = 1;

/** Ends the challenges against a claim whose challengers let their time run out: finality waits for them (P7.3). */
export async function lapseOverdue({ l1, sender, events }: LapseModules, logged: LoggedClaim): Promise<void> {
  const { claimHash, l1Block } = logged;
  const contract = { address: l1.contracts.disputes, abi: disputesAbi as Abi };
  const read = (functionName: string, id: Hex) => l1.client.readContract({ ...contract, functionName, args: [id] });
  if (await read("isQuiet", claimHash)) return;
  const { timestamp } = await l1.client.getBlock({ blockTag: "latest", includeTransactions: false });
  const made = await l1.client.getContractEvents({
    ...contract,
    eventName: "Challenged",
    args: { claimHash },
    fromBlock: l1Block,
    strict: true,
  });
  for (const { args } of made as unknown as { args: { challengeId: Hex } }[]) {
    const { challengeId } = args;
    const { status } = (await read("challengeOf", challengeId)) as { readonly status: number };
    if (status !== LIVE || timestamp <= ((await read("moveBy", challengeId)) as bigint)) continue;
    try {
      const { gasUsed } = await sender.send({ ...contract, functionName: "lapse", args: [challengeId] });
      events({ event: "lapsed", claimHash, challengeId, gasUsed });
    } catch (error) {
      // The challenger, or anybody, was faster.
      if (!(error instanceof RefusedError)) throw error;
      events({ event: "refused", claimHash, action: "lapse", error: error.errorName });
    }
  }
}
