import { type Hex, keccak256, numberToHex, type PublicClient } from "viem";
import type { ChainFile } from "../../common/chain-file.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { inboxAbi } from "../../common/contracts/inbox.ts";
import type { L1Header } from "../../common/l1-header.ts";
import { provenWords, type StateAt } from "./storage-proof.ts";

/** What L1 stores of messages and batches at a block: logs and transactions must add up to it. */
export interface Standing {
  /** After the last message at or before the block (P1.3). */
  readonly inbox: { readonly count: bigint; readonly hash: Hex };
  /** Genesis included. */
  readonly batchCount: bigint;
  readonly dataRootOf: (batch: bigint) => Promise<Hex>;
}

/**
 * As the endpoint says: enough on the way to the head, where `provenStanding` judges the sum of everything before. Asks for nothing
 * but the newest state, as few endpoints have any other: the contracts remember what stood when, batches by the second. `at` is
 * the last block of its second.
 */
export async function calledStanding(
  client: PublicClient,
  file: ChainFile,
  at: Pick<L1Header, "number" | "timestamp">,
): Promise<Standing> {
  const inbox = { address: file.contracts.inbox, abi: inboxAbi } as const;
  const anchor = { address: file.contracts.headerAnchor, abi: headerAnchorAbi } as const;
  const batchOf = (batch: bigint) => client.readContract({ ...anchor, functionName: "batch", args: [batch] });
  const [checkpoint, batches] = await Promise.all([
    client.readContract({ ...inbox, functionName: "checkpointAt", args: [at.number] }),
    client.readContract({ ...anchor, functionName: "batchCount" }),
  ]);
  // The first behind genesis that was anchored later, if any.
  let [from, batchCount] = [1n, batches];
  while (from < batchCount) {
    const middle = (from + batchCount) / 2n;
    if ((await batchOf(middle)).anchoredAt > at.timestamp) batchCount = middle;
    else from = middle + 1n;
  }
  return { inbox: checkpoint, batchCount, dataRootOf: async (batch) => (await batchOf(batch)).dataRoot };
}

/** Slots of `Inbox._checkpoints` and `HeaderAnchor._batches`, and the sizes of their items. */
const CHECKPOINTS = { slot: 0n, words: 2n };
const BATCHES = { slot: 0n, words: 4n };

/** As proven against the block's state root: an endpoint cannot invent a deposit, nor leave one out. */
export async function provenStanding(client: PublicClient, file: ChainFile, at: StateAt): Promise<Standing> {
  const { inbox, headerAnchor } = file.contracts;
  const words = (address: Hex, slots: readonly bigint[]) => provenWords(client, at, address, slots);
  const [[checkpoints], [batchCount]] = (await Promise.all([
    words(inbox, [CHECKPOINTS.slot]),
    words(headerAnchor, [BATCHES.slot]),
  ])) as [[bigint], [bigint]];
  const last = itemSlot(CHECKPOINTS, checkpoints - 1n);
  const [packed, hash] = (await words(inbox, [last, last + 1n])) as [bigint, bigint];
  return {
    // Packed: uint64 l1Block, l1Timestamp, count, from the low end.
    inbox: { count: packed >> 128n, hash: numberToHex(hash, { size: 32 }) },
    batchCount,
    dataRootOf: async (batch) => {
      const [dataRoot] = await words(headerAnchor, [itemSlot(BATCHES, batch) + 3n]);
      return numberToHex(dataRoot as bigint, { size: 32 });
    },
  };
}

const itemSlot = ({ slot, words }: typeof BATCHES, index: bigint): bigint =>
  BigInt(keccak256(numberToHex(slot, { size: 32 }))) + words * index;
