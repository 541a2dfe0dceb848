import type { PublicClient } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { bridgeAbi } from "../../common/contracts/bridge.ts";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import { StateClaimLog } from "./state-claim-log.ts";

/** How far a withdrawal of L2 block `number` is on L1. */
export type WithdrawalProgress =
  | { readonly state: "unclaimed" }
  /** Claims: the first that holds it, and the L1 second from which anybody may settle that. */
  | { readonly state: "claimed"; readonly number: bigint; readonly settleableAt: bigint }
  /** The last settled claim, against which the Bridge pays. */
  | { readonly state: "settled" | "paid"; readonly number: bigint; readonly settleableAt: bigint };

/** What L1 says of withdrawals now; nothing of it enters the chain. */
export interface BridgeSource {
  progress(index: bigint, number: bigint): Promise<WithdrawalProgress>;
}

export function bridgeSource(client: PublicClient, chain: ChainFile): BridgeSource {
  const claims = { address: chain.contracts.stateClaims, abi: stateClaimsAbi } as const;
  const bridge = { address: chain.contracts.bridge, abi: bridgeAbi } as const;
  const log = new StateClaimLog(client, chain);
  const settleableAt = (number: bigint) =>
    client.readContract({ ...claims, functionName: "settleableAt", args: [number] });

  return {
    async progress(index, number) {
      const lastSettled = await client.readContract({ ...claims, functionName: "lastSettled" });
      if (lastSettled >= number) {
        const paid = await client.readContract({ ...bridge, functionName: "isPaid", args: [index] });
        return { state: paid ? "paid" : "settled", number: lastSettled, settleableAt: await settleableAt(lastSettled) };
      }
      const first = (await log.read()).find(({ claim }) => claim.number >= number);
      if (first === undefined) return { state: "unclaimed" };
      const { number: claimed } = first.claim;
      return { state: "claimed", number: claimed, settleableAt: await settleableAt(claimed) };
    },
  };
}
