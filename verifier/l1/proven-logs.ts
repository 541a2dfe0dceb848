import { type Hex, numberToHex, type RpcTransactionReceipt } from "viem";
import { hexOf } from "../../common/bytes.ts";
import { L1DataError } from "../../common/l1-errors.ts";
import { logsBloom } from "../../common/log-bloom.ts";
import { encodeReceipt } from "../../common/receipt.ts";
import { indexedTrieRoot } from "../../common/trie.ts";
import type { ShownBlock } from "./agreed.ts";
import type { Endpoint } from "./endpoints.ts";

/** A log as JSON-RPC shows it. What is proven of it: all but the transaction's hash, which no receipt holds. */
export interface ProvenLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly blockTimestamp: Hex;
  readonly transactionHash: Hex;
  readonly transactionIndex: Hex;
  readonly logIndex: Hex;
  readonly removed: false;
}

/** Whether a block can hold logs of one of these contracts: its header has all three bits of one in its bloom. */
export function openBloomTest(addresses: readonly Hex[]): (block: ShownBlock) => boolean {
  const masks = addresses.map((address) => BigInt(logsBloom([{ address, topics: [], data: "0x" }])));
  return ({ raw }) => {
    const bloom = BigInt(raw.logsBloom as Hex);
    return masks.some((mask) => (bloom & mask) === mask);
  };
}

/**
 * All logs of these contracts (lower case) in a block, none hidden and none invented: its receipts give the root in its header.
 * Throws `L1DataError` where they do not.
 */
export async function provenLogs(
  endpoint: Endpoint,
  { header, raw }: ShownBlock,
  addresses: ReadonlySet<string>,
): Promise<readonly ProvenLog[]> {
  const number = numberToHex(header.number);
  const receipts = (await endpoint.ask("eth_getBlockReceipts", [number])) as readonly RpcTransactionReceipt[] | null;
  const actual = hexOf(indexedTrieRoot((receipts ?? []).map(receiptBytes)));
  if (actual !== raw.receiptsRoot)
    throw new L1DataError("l1-receipts", `${endpoint.shown} shows other receipts than L1 block ${header.number} has`, {
      expected: raw.receiptsRoot,
      actual,
      hint: "it hides logs or invents them, or a fork came between: it is left out for a while, if there are others",
    });
  let index = 0;
  const found: ProvenLog[] = [];
  for (const [i, { transactionHash, logs }] of (receipts ?? []).entries())
    for (const { address, topics, data } of logs) {
      const logIndex = numberToHex(index++);
      if (!addresses.has(address.toLowerCase())) continue;
      found.push({
        ...{ address, topics, data, logIndex, transactionHash, transactionIndex: numberToHex(i), removed: false },
        blockNumber: number,
        blockHash: header.hash,
        blockTimestamp: numberToHex(header.timestamp),
      });
    }
  return found;
}

const receiptBytes = ({ type, status, cumulativeGasUsed, logsBloom, logs }: RpcTransactionReceipt): Uint8Array =>
  encodeReceipt({
    type: Number(type),
    status: status === "0x1" ? "success" : "reverted",
    cumulativeGasUsed: BigInt(cumulativeGasUsed),
    logsBloom,
    logs: logs.map(({ address, topics, data }) => ({ address, topics, data })),
  });
