import type { Address } from "viem";
import { encodeFunctionData, type Hex, parseAbi } from "viem";
import { lower } from "../../../common/addresses.ts";
import type { GenesisAlloc } from "../../../common/chain-file.ts";
import { compile } from "../../support/gas-meter.ts";

const compiled = compile("test/l2-node/execution/Forcer.sol");
export const FORCER: Address = lower(`0x${"f0".repeat(20)}`);
export const OTHER: Address = lower(`0x${"f1".repeat(20)}`);

/** Two instances at genesis. */
export const forcers: GenesisAlloc = {
  [FORCER]: { nonce: 1n, code: compiled.deployedBytecode },
  [OTHER]: { nonce: 1n, code: compiled.deployedBytecode },
};

export const forcerAbi = compiled.abi;
export const forcerCall = (functionName: string, ...args: unknown[]): Hex =>
  encodeFunctionData({ abi: compiled.abi, functionName, args });

export const forcerEvents = parseAbi([
  "event Output(bytes32 indexed model, bytes output, uint256 number, uint256 baseFee)",
  "event Score(uint32 correct, uint32 total)",
  "event Caught(bytes reason)",
]);
