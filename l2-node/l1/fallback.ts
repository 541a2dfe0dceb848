import { encodeFunctionData, type PublicClient, type TransactionReceipt } from "viem";
import { hexOf } from "../../common/bytes.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { encodeHeader } from "../../common/header.ts";
import { headerOf, headerRlp } from "../../common/l1-header.ts";
import type { Chain } from "../chain/chain.ts";
import { fallbackHeader } from "../chain/fallback.ts";
import { L1TransactionError } from "./errors.ts";
import { type L1Sender, SOME_RAISES } from "./sender.ts";

export interface FallbackModules {
  readonly client: PublicClient;
  /** Followed to the L1 head. */
  readonly chain: Chain;
  readonly sender: Pick<L1Sender, "send">;
}

/**
 * Anchors the fallback block (P3.8): what anybody may do when the sequencer has anchored nothing for the inclusion window.
 * Throws `L1TransactionError` where it is not due, or this node and L1 disagree about the last anchored block.
 */
export async function anchorFallback(
  { client, chain, sender }: FallbackModules,
  signal?: AbortSignal,
): Promise<TransactionReceipt> {
  const { headerAnchor } = chain.file.contracts;
  const contract = { address: headerAnchor, abi: headerAnchorAbi } as const;
  const cursor = chain.store.l1.cursor();
  const [latest, dueAfter, count] = await Promise.all([
    client.getBlock({ blockTag: "latest" }),
    client.readContract({ ...contract, functionName: "fallbackDueAfter" }),
    client.readContract({ ...contract, functionName: "batchCount" }),
  ]);
  if (latest.timestamp <= dueAfter)
    throw new L1TransactionError("fallback-not-due", "the sequencer may still anchor", {
      expected: `after ${dueAfter}`,
      actual: latest.timestamp,
    });
  if (!cursor || count !== (chain.store.l1.lastBatch()?.batch ?? 0n) + 1n)
    throw new L1TransactionError("fallback-behind", "this node has not read all that is anchored", {
      expected: count - 1n,
      actual: chain.store.l1.lastBatch()?.batch ?? 0n,
    });
  const block = await client.getBlock({ blockNumber: cursor.number });
  const header = fallbackHeader(chain, headerOf(block));
  const args = [hexOf(encodeHeader(header)), hexOf(headerRlp(block))] as const;
  const data = encodeFunctionData({ abi: headerAnchorAbi, functionName: "anchorFallback", args });
  // L1 takes no origin that is more than 64 of its blocks old.
  return sender.send({ to: headerAnchor, data, isUrgent: true }, signal, SOME_RAISES);
}
