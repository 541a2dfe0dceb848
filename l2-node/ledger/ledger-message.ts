import { type DecodeFunctionDataReturnType, decodeFunctionData, encodeFunctionData, type Hex, parseAbi } from "viem";
import { LEDGER_ADDRESS } from "../../common/addresses.ts";
import { hexOf } from "../../common/bytes.ts";
import type { Transaction } from "../../common/transaction.ts";

/** Face of the LEDGER address (P2.5), for wallets and for static reading. No code lives there. */
export const ledgerAbi = parseAbi([
  "function toBalance(uint256 amountWei)",
  "function redeem(uint256 cumulativeWei, uint256 index, bytes32[] proof)",
  "function cancel(bytes32 transactionHash)",
]);

export type LedgerMessage =
  | { readonly kind: "toBalance"; readonly amountWei: bigint }
  /** Of the sender's own, while it is parked: changes nothing in the ledger. */
  | { readonly kind: "cancel"; readonly transaction: Hex }
  | { readonly kind: "redeem"; readonly cumulativeWei: bigint; readonly index: bigint; readonly proof: readonly Hex[] };

/** The message a transaction to LEDGER carries; null for other transactions, undefined where LEDGER is sent anything else. */
export function ledgerMessageOf(transaction: Transaction): LedgerMessage | null | undefined {
  if (transaction.to !== LEDGER_ADDRESS) return null;
  if (transaction.valueWei !== 0n) return undefined;
  return decodeLedgerCall(hexOf(transaction.data));
}

function decodeLedgerCall(data: Hex): LedgerMessage | undefined {
  try {
    const { functionName, args } = decodeFunctionData({ abi: ledgerAbi, data });
    const message = messageOf({ functionName, args } as Call);
    // One encoding only: surplus or overlapping ABI data must not be a second way to say the same.
    return encodeLedgerMessage(message) === data ? message : undefined;
  } catch {
    return undefined;
  }
}

type Call = DecodeFunctionDataReturnType<typeof ledgerAbi>;

function messageOf({ functionName, args }: Call): LedgerMessage {
  switch (functionName) {
    case "toBalance":
      return { kind: "toBalance", amountWei: args[0] };
    case "redeem":
      return { kind: "redeem", cumulativeWei: args[0], index: args[1], proof: args[2] };
    case "cancel":
      return { kind: "cancel", transaction: args[0] };
  }
}

export function encodeLedgerMessage(message: LedgerMessage): Hex {
  switch (message.kind) {
    case "toBalance":
      return encodeFunctionData({ abi: ledgerAbi, functionName: "toBalance", args: [message.amountWei] });
    case "redeem": {
      const args = [message.cumulativeWei, message.index, [...message.proof]] as const;
      return encodeFunctionData({ abi: ledgerAbi, functionName: "redeem", args });
    }
    case "cancel":
      return encodeFunctionData({ abi: ledgerAbi, functionName: "cancel", args: [message.transaction] });
  }
}
