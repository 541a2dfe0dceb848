import { type Address, encodeFunctionData, type Hex, keccak256, type PublicClient, parseEventLogs } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { forcedTransactionsAbi } from "../../common/contracts/forced-transactions.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { inboxAbi } from "../../common/contracts/inbox.ts";
import { forcedCallOf } from "../../common/forced-call.ts";
import { decodeMessage, type Message } from "../../common/message.ts";
import { MAX_ORIGIN_LAG_SECONDS } from "../chain/derivation.ts";
import type { L1Sender } from "./sender.ts";

export interface ForceModules {
  readonly client: PublicClient;
  readonly chain: Pick<ChainFile, "contracts" | "l2ChainId" | "clocks">;
  readonly sender: Pick<L1Sender, "send">;
}

/** Where it lies in the Inbox: a block whose origin is at or after `l1Block` has it. */
export interface Forced {
  readonly inboxIndex: bigint;
  readonly l1Block: bigint;
  readonly l1Transaction: Hex;
  /** The hash it has on L2. */
  readonly l2Transaction: Hex;
  readonly included: InclusionBounds;
}

/** When L1 makes sure that a queued message is in the chain; L1 seconds. */
export interface InclusionBounds {
  /** No batch that leaves it out can be anchored later (P3.3: at most 1800 s behind its header, that a window behind L1). */
  readonly noBatchWithoutItAfter: bigint;
  /** With a sequencer silent from now on, anybody may anchor a block that has it later than this (P3.8). */
  readonly fallbackAfter: bigint;
}

/** A call as an L1 account makes it on L2 (P1.6). */
export interface ForceCall {
  readonly to: Address;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
  readonly data: Hex;
  /** ETH to bring along: L2 balance of the sender, before the call. */
  readonly mintWei: bigint;
}

/** The lane's price moves by an eighth per L1 block, and the transaction may wait for some. */
const SPARE_PERCENT = 60n;

/** Forces a signed L2 transaction, anybody's, past the sequencer. What the lane does not take comes back. */
export async function forceEnvelope(envelope: Hex, gasLimit: bigint, modules: ForceModules): Promise<Forced> {
  const args = [envelope, gasLimit] as const;
  const data = encodeFunctionData({ abi: forcedTransactionsAbi, functionName: "forceEnvelope", args });
  return queue(data, await laneWei(gasLimit, modules), modules);
}

/** Forces a call on L2 as the sending account itself. What the lane does not take is its L2 balance, as is `mintWei`. */
export async function forceCall(call: ForceCall, modules: ForceModules): Promise<Forced> {
  const args = [call.to, call.valueWei, call.gasLimit, call.data] as const;
  const data = encodeFunctionData({ abi: forcedTransactionsAbi, functionName: "forceCall", args });
  return queue(data, (await laneWei(call.gasLimit, modules)) + call.mintWei, modules);
}

async function laneWei(gasLimit: bigint, { client, chain }: ForceModules): Promise<bigint> {
  const address = chain.contracts.forcedTransactions;
  const [priceWei] = await client.readContract({ address, abi: forcedTransactionsAbi, functionName: "lane" });
  return (gasLimit * priceWei * (100n + SPARE_PERCENT)) / 100n;
}

async function queue(data: Hex, valueWei: bigint, { client, chain, sender }: ForceModules): Promise<Forced> {
  const { forcedTransactions, headerAnchor } = chain.contracts;
  const receipt = await sender.send({ to: forcedTransactions, data, valueWei });
  const [queued] = parseEventLogs({ abi: inboxAbi, eventName: "MessageQueued", logs: receipt.logs });
  if (queued === undefined) throw new Error("ForcedTransactions queued nothing");
  const { index, kind, body } = queued.args;
  const [block, fallbackAfter] = await Promise.all([
    client.getBlock({ blockHash: receipt.blockHash }),
    client.readContract({ address: headerAnchor, abi: headerAnchorAbi, functionName: "fallbackDueAfter" }),
  ]);
  const windowSeconds = BigInt(chain.clocks.inclusionWindowSeconds);
  return {
    inboxIndex: index,
    l1Block: receipt.blockNumber,
    l1Transaction: receipt.transactionHash,
    l2Transaction: hashOnL2(decodeMessage(kind, body), index, chain.l2ChainId),
    included: { noBatchWithoutItAfter: block.timestamp + MAX_ORIGIN_LAG_SECONDS + windowSeconds, fallbackAfter },
  };
}

function hashOnL2(message: Message, index: bigint, l2ChainId: bigint): Hex {
  if (message.kind === 7) return keccak256(message.envelope);
  if (message.kind === 8) return forcedCallOf(message, index, l2ChainId).hash;
  throw new Error(`ForcedTransactions queued a message of kind ${message.kind}`);
}
