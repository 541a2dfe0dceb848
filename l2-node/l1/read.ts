import {
  type Hex,
  type Log,
  type PublicClient,
  parseEventLogs,
  type Transaction,
  TransactionNotFoundError,
} from "viem";
import { batchDataRoot, encodeBatch } from "../../common/batch.ts";
import { fromBlobs } from "../../common/blob.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { inboxAbi } from "../../common/contracts/inbox.ts";
import { keccakHex } from "../../common/keccak.ts";
import { L1DataError } from "../../common/l1-errors.ts";
import type { L1Header } from "../../common/l1-header.ts";
import type { Block } from "../chain/block.ts";
import type { BatchArchive } from "./batch-archive.ts";
import { batchData } from "./batch-data.ts";
import type { BlobSource } from "./blob-source.ts";
import { type Posted, postedBy } from "./posted.ts";
import type { Standing } from "./standing.ts";
import type { L1Batch, L1Message } from "./step.ts";

const eventAbi = [...inboxAbi, ...headerAnchorAbi].filter((item) => item.type === "event");

/** Each may be a megabyte of blobs. */
const BATCHES_AT_ONCE = 8;

export interface BatchModules {
  readonly client: PublicClient;
  /** As all endpoints have it: no proof covers the slot in which blobs are looked for. */
  readonly headerAt: (number: bigint) => Promise<L1Header>;
  readonly blobs: BlobSource;
  readonly dataRootOf: Standing["dataRootOf"];
  /** What this node has of the chain: its sequencer knows what it posted. */
  readonly held: (number: bigint) => Block | undefined;
  /** Saves asking L1 for what it holds: the larger part of what there is to read. */
  readonly archive?: BatchArchive | undefined;
}

/** Messages, and which transactions hold batches, logged in a range of L1 blocks, in order. */
export async function readLogs(client: PublicClient, chain: ChainFile, fromBlock: bigint, toBlock: bigint) {
  const { inbox, headerAnchor } = chain.contracts;
  const raw: Log[] = await client.getLogs({ address: [inbox, headerAnchor], fromBlock, toBlock });
  const logs = parseEventLogs({ abi: eventAbi, logs: raw });
  const messages: L1Message[] = [];
  const anchored: AnchoredLog[] = [];
  for (const log of logs) {
    if (log.blockNumber < fromBlock || log.blockNumber > toBlock)
      throw new L1DataError("l1-logs", "a log of another L1 block than those asked for", {
        expected: `${fromBlock} to ${toBlock}`,
        actual: log.blockNumber,
      });
    if (log.eventName === "MessageQueued") {
      const { index, kind, body, hash } = log.args;
      messages.push({ index, kind, body, hash, l1Block: log.blockNumber });
    } else if (log.eventName === "BatchAnchored") anchored.push(log);
  }
  return { messages, anchored };
}

export type AnchoredLog = Log & {
  readonly args: { batch: bigint; firstNumber: bigint; lastNumber: bigint; lastHash: `0x${string}` };
};

/** The batches themselves, each with its posted bytes as `dataRootOf` judges them. */
export async function readBatches(modules: BatchModules, anchored: readonly AnchoredLog[]): Promise<L1Batch[]> {
  const batches: L1Batch[] = [];
  for (let first = 0; first < anchored.length; first += BATCHES_AT_ONCE) {
    const some = anchored.slice(first, first + BATCHES_AT_ONCE);
    batches.push(...(await Promise.all(some.map((log) => readBatch(modules, log)))));
  }
  return batches;
}

/** What the transaction posted (P3.4) must give the hash and the data root that L1 stored. */
async function readBatch(modules: BatchModules, log: AnchoredLog): Promise<L1Batch> {
  const { batch, firstNumber, lastNumber, lastHash } = log.args;
  const l1Transaction = log.transactionHash as Hex;
  const l1Block = log.blockNumber as bigint;
  const count = Number(lastNumber - firstNumber) + 1;
  const archived = modules.archive?.batch(batch, { lastHash, count });
  const ask = () => transactionOf(modules.client, l1Transaction, batch);
  const asked = archived ? undefined : ask();
  const [storedRoot, early] = await Promise.all([modules.dataRootOf(batch), asked]);
  if (archived && batchDataRoot(archived.data) === storedRoot)
    return { batch, firstNumber, lastNumber, lastHash, l1Block, l1Transaction, ...archived };
  // Posted in blobs, or in other bytes than the node that archived it would have chosen.
  const transaction = early ?? (await ask());
  const posted = postedBy(transaction, batch);
  const headers = posted.headers.map(bytesOfHex);
  const actualHash = keccakHex(headers.at(-1) ?? new Uint8Array(0));
  if (actualHash !== lastHash || BigInt(headers.length) !== lastNumber - firstNumber + 1n)
    throw new L1DataError("l1-batch", `batch ${batch}'s transaction does not hold its headers`, {
      expected: lastHash,
      actual: actualHash,
    });
  if (posted.dataRoot !== storedRoot)
    throw new L1DataError("l1-batch", `batch ${batch}'s transaction does not hold its data`, {
      expected: storedRoot,
      actual: posted.dataRoot,
    });
  const data = await dataOf(posted, firstNumber, l1Block, modules, archived?.data);
  const fallback = posted.kind === "fallback" ? ({ fallback: true } as const) : {};
  return { batch, firstNumber, lastNumber, lastHash, l1Block, l1Transaction, headers, data, ...fallback };
}

async function transactionOf(client: PublicClient, hash: Hex, batch: bigint): Promise<Transaction> {
  try {
    return await client.getTransaction({ hash });
  } catch (error) {
    if (!(error instanceof TransactionNotFoundError)) throw error;
    throw new L1DataError("l1-batch", `batch ${batch}'s transaction is not shown`, { expected: hash });
  }
}

/** A fallback block has none of its own, which nobody needs to post; empty data of a signed batch are unreadable (P3.5). */
const NO_TRANSACTIONS = encodeBatch([[]]);

async function dataOf(
  posted: Posted,
  firstNumber: bigint,
  l1Block: bigint,
  { headerAt, blobs, held }: BatchModules,
  archived: Uint8Array | undefined,
): Promise<Uint8Array> {
  switch (posted.kind) {
    case "calldata":
      return posted.data;
    case "blobs":
      return fromBlobs(
        await blobs.blobs(
          await headerAt(l1Block),
          posted.versionedHashes,
          heldData(posted.headers, firstNumber, held) ?? archived,
        ),
      );
    case "fallback":
      return NO_TRANSACTIONS;
  }
}

/** What the batch of these headers holds if blocks of this node are in it; undefined where it lacks one. */
function heldData(headers: readonly Hex[], firstNumber: bigint, held: BatchModules["held"]): Uint8Array | undefined {
  const blocks: Block[] = [];
  for (const [i, header] of headers.entries()) {
    const block = held(firstNumber + BigInt(i));
    if (block?.hash !== keccakHex(bytesOfHex(header)) || block.inboxOnly) return undefined;
    blocks.push(block);
  }
  return batchData(blocks);
}
