import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l1/Inbox.sol.
export const inboxAbi = parseAbi([
  "error GasTooLow(uint256 required, uint256 actual)",
  "error KindNotYours(uint8 kind, address sender)",
  "event MessageQueued(uint64 indexed index, uint8 indexed kind, bytes body, bytes32 hash)",
  "function checkpointAndNext(uint64 l1Block) external view returns ((uint64 l1Block, uint64 l1Timestamp, uint64 count, bytes32 hash) checkpoint, uint64 nextL1Timestamp)",
  "function checkpointAt(uint64 l1Block) external view returns ((uint64 l1Block, uint64 l1Timestamp, uint64 count, bytes32 hash))",
  "function count() external view returns (uint64)",
  "function hash() external view returns (bytes32)",
  "function queue(uint8 kind, bytes body) external returns (uint64 index)",
]);
