import { type Hex, hexToBigInt } from "viem";
import type { ProvenLog } from "./proven-logs.ts";

/** The filter of eth_getLogs, as viem makes it. */
export interface LogFilter {
  readonly address?: Hex | readonly Hex[];
  /** By place: one, any of several, or null for any at all. */
  readonly topics?: readonly (Hex | readonly Hex[] | null)[];
  readonly fromBlock?: string;
  readonly toBlock?: string;
}

/** What a filter selects of logs in their order. */
export function selectLogs(
  logs: readonly ProvenLog[],
  { address, topics = [], fromBlock, toBlock }: LogFilter,
): readonly ProvenLog[] {
  const from = numberOf(fromBlock);
  const to = numberOf(toBlock);
  return logs.filter((log) => {
    const number = hexToBigInt(log.blockNumber);
    return (
      (from === undefined || number >= from) &&
      (to === undefined || number <= to) &&
      isOneOf(address, log.address) &&
      topics.every((wanted, i) => isOneOf(wanted, log.topics[i]))
    );
  });
}

/** Tags mean the ends of what there is. */
const numberOf = (at: string | undefined): bigint | undefined => (at?.startsWith("0x") ? BigInt(at) : undefined);

function isOneOf(wanted: Hex | readonly Hex[] | null | undefined, found: Hex | undefined): boolean {
  if (wanted === null || wanted === undefined) return true;
  const all = typeof wanted === "string" ? [wanted] : wanted;
  return all.some((one) => one.toLowerCase() === found?.toLowerCase());
}
