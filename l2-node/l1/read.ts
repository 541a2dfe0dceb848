import {
  decodeFunctionData,
  type Hex,
  type Log,
  type PublicClient,
  parseEventLogs,
  type Block as ViemBlock,
} from "viem";
import { batchDataRoot, encodeBatch } from "../../common/batch.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { inboxAbi } from "../../common/contracts/inbox.ts";
import { keccakHex } from "../../common/keccak.ts";
import { encodeRlp, type RlpInput } from "../../common/rlp.ts";
import { L1DataError } from "./errors.ts";
import type { L1Header } from "./header.ts";
import type { Standing } from "./standing.ts";
import type { L1Batch, L1Message } from "./step.ts";

const eventAbi = [...inboxAbi, ...headerAnchorAbi].filter((item) => item.type === "event");

/** Throws `L1DataError` where the fields do not give the block's hash: base fee, time and mixHash enter our blocks. */
export function headerOf(block: ViemBlock): L1Header {
  const { number, hash, parentHash, timestamp, baseFeePerGas, mixHash } = block;
  if (number === null || hash === null || baseFeePerGas === null)
    throw new L1DataError("l1-block", "L1 block without number, hash or base fee", { actual: { number, hash } });
  const actual = keccakHex(headerRlp(block));
  if (actual !== hash)
    throw new L1DataError("l1-header", `L1 block ${number} is not what its hash says`, { expected: hash, actual });
  return { number, hash, parentHash, timestamp, baseFeeWei: baseFeePerGas, mixHash };
}

/** In header order; forks only ever appended fields. */
const FIELDS = [
  ...["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty"],
  ...["number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas"],
  ...["withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"],
];
/** Numbers among them that JSON-RPC clients may leave as hex. */
const NUMBERS: ReadonlySet<string> = new Set(["difficulty", "blobGasUsed", "excessBlobGas"]);

/** The header's bytes; they hash to the block's hash, or the endpoint lies (see `headerOf`). */
export function headerRlp(block: ViemBlock): Uint8Array {
  const fields = block as unknown as Readonly<Record<string, Hex | bigint | null | undefined>>;
  const items = FIELDS.flatMap((name): RlpInput[] => {
    const value = fields[name];
    if (value === undefined || value === null) return [];
    return [typeof value === "bigint" || NUMBERS.has(name) ? BigInt(value) : bytesOfHex(value)];
  });
  return encodeRlp(items);
}

export const readHeader = async (client: PublicClient, number: bigint): Promise<L1Header> =>
  headerOf(await client.getBlock({ blockNumber: number }));

/** Messages and batches logged in a range of L1 blocks, in order, each batch with the bytes of its transaction as `dataRootOf` judges them. */
export async function readLogs(
  client: PublicClient,
  chain: ChainFile,
  fromBlock: bigint,
  toBlock: bigint,
  dataRootOf: Standing["dataRootOf"],
) {
  const { inbox, headerAnchor } = chain.contracts;
  const raw: Log[] = await client.getLogs({ address: [inbox, headerAnchor], fromBlock, toBlock });
  const logs = parseEventLogs({ abi: eventAbi, logs: raw });
  const messages: L1Message[] = [];
  const batches: Promise<L1Batch>[] = [];
  for (const log of logs) {
    if (log.eventName === "MessageQueued") {
      const { index, kind, body, hash } = log.args;
      messages.push({ index, kind, body, hash, l1Block: log.blockNumber });
    } else if (log.eventName === "BatchAnchored") batches.push(readBatch(client, dataRootOf, log));
  }
  return { messages, batches: await Promise.all(batches) };
}

type AnchoredLog = Log & {
  readonly args: { batch: bigint; firstNumber: bigint; lastNumber: bigint; lastHash: `0x${string}` };
};

/** The transaction's input is what was posted (P3.4); it must give the hash and data root that L1 stored. */
async function readBatch(client: PublicClient, dataRootOf: Standing["dataRootOf"], log: AnchoredLog): Promise<L1Batch> {
  const { batch, firstNumber, lastNumber, lastHash } = log.args;
  const [transaction, storedRoot] = await Promise.all([
    client.getTransaction({ hash: log.transactionHash as `0x${string}` }),
    dataRootOf(batch),
  ]);
  const { headers, data, isFallback } = postedBy(transaction.input, batch);
  const actualHash = keccakHex(headers.at(-1) ?? new Uint8Array(0));
  if (actualHash !== lastHash || BigInt(headers.length) !== lastNumber - firstNumber + 1n)
    throw new L1DataError("l1-batch", `batch ${batch}'s transaction does not hold its headers`, {
      expected: lastHash,
      actual: actualHash,
    });
  const dataRoot = batchDataRoot(data);
  if (dataRoot !== storedRoot)
    throw new L1DataError("l1-batch", `batch ${batch}'s transaction does not hold its data`, {
      expected: storedRoot,
      actual: dataRoot,
    });
  return {
    batch,
    firstNumber,
    lastNumber,
    lastHash,
    l1Block: log.blockNumber as bigint,
    l1Transaction: log.transactionHash as `0x${string}`,
    headers,
    data: isFallback ? NO_TRANSACTIONS : data,
    ...(isFallback ? { fallback: true } : {}),
  };
}

/** A fallback block has none of its own, which nobody needs to post; empty data of a signed batch are unreadable (P3.5). */
const NO_TRANSACTIONS = encodeBatch([[]]);

interface Posted {
  readonly headers: readonly Uint8Array[];
  readonly data: Uint8Array;
  readonly isFallback: boolean;
}

/** Headers and data as the transaction brought them: `anchor`'s, or the one header of `anchorFallback`. */
function postedBy(input: Hex, batch: bigint): Posted {
  const { functionName, args } = decodeFunctionData({ abi: headerAnchorAbi, data: input });
  if (functionName === "anchor")
    return { headers: args[0].map(bytesOfHex), data: bytesOfHex(args[2]), isFallback: false };
  if (functionName === "anchorFallback")
    return { headers: [bytesOfHex(args[0])], data: new Uint8Array(0), isFallback: true };
  throw new L1DataError("l1-batch", `batch ${batch} was not posted by a call of anchor`, { actual: functionName });
}
