import { type Address, concatHex, encodeFunctionData, type Hex, numberToHex, parseAbi } from "viem";
import type { GenesisAlloc } from "../../common/chain-file.ts";
import { compile } from "../support/gas-meter.ts";

const { deployedBytecode } = compile("test/dapp/Counter.sol");
/** Returns what follows it: a constructor that does nothing else. */
const creation: Hex = concatHex([
  "0x61",
  numberToHex((deployedBytecode.length - 2) / 2, { size: 2 }),
  "0x80600a5f395ff3",
]);
export const counterBytecode: Hex = concatHex([creation, deployedBytecode]);

/** Human-readable, as dapps write it. */
export const counterAbi = [
  "event Incremented(address indexed who, uint256 value)",
  "error TooMuch(uint256 most)",
  "function value() view returns (uint256)",
  "function increment(uint256 by) payable",
  "function deny(string why) pure",
  "function panic(uint256 a) pure returns (uint256)",
  "function spin() view",
] as const;

/** A counter that is there from genesis. */
export const counterAddress: Address = `0x${"c0".repeat(20)}`;
export const counterAlloc: GenesisAlloc = { [counterAddress]: { nonce: 1n, code: deployedBytecode } };
export const increment = (by: bigint): Hex =>
  encodeFunctionData({ abi: parseAbi(counterAbi), functionName: "increment", args: [by] });
