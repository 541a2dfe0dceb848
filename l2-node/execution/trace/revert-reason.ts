import { decodeErrorResult, type Hex, parseAbi } from "viem";

const abi = parseAbi(["error Error(string message)"]);

/** The words of `revert("…")`; undefined for all other data. */
export function revertReason(data: Hex): string | undefined {
  try {
    return decodeErrorResult({ abi, data }).args[0].slice(0, 1000);
  } catch {
    return undefined;
  }
}
