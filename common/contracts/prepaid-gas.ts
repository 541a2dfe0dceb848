import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l1/PrepaidGas.sol.
export const prepaidGasAbi = parseAbi([
  "error ZeroAddress()",
  "error ZeroAmount()",
  "function deposit(address account) external payable returns (uint64 inboxIndex)",
]);
