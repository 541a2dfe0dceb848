import { logsBloom } from "../../common/log-bloom.ts";
import type { Finished } from "./block.ts";
import type { LogFilter, LogRecord, Receipt } from "./execution.ts";
import type { SourceBlock } from "./source.ts";

/**
 * Receipts of a block. Its own transactions keep their positions; those it resumed or let expire come after all of them
 * (7-details 4), and log indices follow that order.
 */
export function receiptsOf(block: SourceBlock, finished: readonly Finished[]): Receipt[] {
  let later = block.transactions.length;
  let cumulativeGasUsed = 0n;
  let logIndex = 0;
  return finished.map(({ included, chargedGas, logs, createdAddress, status, error, revertData }) => {
    const { transaction, priceWei } = included.entry;
    const transactionIndex = included.block.number === block.number ? included.position : later++;
    cumulativeGasUsed += chargedGas;
    const at = {
      blockNumber: block.number,
      blockHash: block.hash,
      transactionHash: transaction.hash,
      transactionIndex,
    };
    return {
      ...at,
      from: transaction.sender,
      to: transaction.to,
      contractAddress: createdAddress,
      type: transaction.type,
      status,
      ...(error === undefined ? {} : { error }),
      ...(revertData === undefined ? {} : { revertData }),
      gasUsed: chargedGas,
      cumulativeGasUsed,
      effectiveGasPrice: priceWei,
      logsBloom: logsBloom(logs),
      logs: logs.map((log) => ({ ...log, ...at, logIndex: logIndex++ })),
      includedInBlock: included.block.number,
      includedAtIndex: included.position,
    };
  });
}

export function matches(log: LogRecord, { addresses, topics }: Pick<LogFilter, "addresses" | "topics">): boolean {
  if (addresses !== undefined && addresses.length > 0 && !addresses.includes(log.address)) return false;
  return (topics ?? []).every((wanted, i) => {
    const topic = log.topics[i];
    if (wanted === null) return true;
    if (topic === undefined) return false;
    return typeof wanted === "string" ? wanted === topic : wanted.length === 0 || wanted.includes(topic);
  });
}
