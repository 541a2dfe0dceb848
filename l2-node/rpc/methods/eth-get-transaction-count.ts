import type { Address } from "viem";
import { z } from "zod";
import { smallerOf } from "../../../common/bigint.ts";
import { isHead, locate, stateAt } from "../blocks.ts";
import { hexQuantity } from "../format.ts";
import { executionOf, method, type RpcContext } from "../method.ts";
import { address, blockRef, LATEST } from "../schemas.ts";

/** `pending` is the next nonce to sign; all others stop at the lowest parked one, which has no receipt yet. */
export const ethGetTransactionCount = method(
  z.tuple([address, blockRef.optional()]),
  async (context, [account, ref = LATEST]) => {
    if ("tag" in ref && ref.tag === "pending") return hexQuantity(await pendingNonce(context, account));
    const { nonce } = context.chain.store.blocks.account(account);
    if (!context.execution && isHead(context, ref)) return hexQuantity(nonce);
    const state = await executionOf(context).account(account, stateAt(context, ref));
    // Contracts have no ledger nonce, only the one in their state.
    const there = isHead(context, ref) && nonce > 0n ? nonce : state.nonce;
    return hexQuantity(await lowestParkedNonce(context, account, there));
  },
);

async function pendingNonce(context: RpcContext, account: Address): Promise<bigint> {
  const next = context.mempool?.pendingNonce(account) ?? context.chain.store.blocks.account(account).nonce;
  // Contracts have no ledger nonce, only the one in their state.
  if (next > 0n || !context.execution) return next;
  return (await context.execution.account(account, "latest")).nonce;
}

async function lowestParkedNonce(context: RpcContext, account: Address, nonce: bigint): Promise<bigint> {
  let lowest = nonce;
  for (const hash of await executionOf(context).parked()) {
    const transaction = locate(context, hash)?.entry.transaction;
    if (transaction?.sender === account) lowest = smallerOf(lowest, transaction.nonce);
  }
  return lowest;
}
