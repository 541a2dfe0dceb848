import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l2/Outbox.sol.
export const outboxAbi = parseAbi([
  "error OutboxFull()",
  "error ZeroAddress()",
  "error ZeroAmount()",
  "event Withdrawn(uint256 indexed index, address indexed from, address indexed to, uint256 amountWei, bytes32 leaf)",
  "function count() external view returns (uint256)",
  "function root() external view returns (bytes32)",
  "function withdraw(address to) external payable returns (uint256 index)",
]);
