import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l1/StateClaims.sol.
export const stateClaimsAbi = parseAbi([
  "error HeaderMismatch(bytes32 expected, bytes32 actual)",
  "error NotAnchored(uint64 number, uint64 lastNumber)",
  "error NotAscending(uint64 lastNumber, uint64 number)",
  "error NotEndOfBatch(uint64 expectedNumber, uint64 actualNumber)",
  "error NotPosted(uint64 number)",
  "error NotSettled(uint64 number)",
  "error OnlyPoster(address expected, address actual)",
  "error ResultsOpen(uint64 firstOpen, uint64 inboxCount)",
  "error WindowOpen(uint64 settleableAt, uint64 l1Timestamp)",
  "event StateClaimed(uint64 indexed number, bytes32 indexed claimHash, (uint64 number, bytes32 headerHash, bytes32 stateRoot, bytes32 outboxRoot, bytes32 creditsRoot, bytes32 blocksRoot, uint256 accountantFeesWei) claim)",
  "event StateSettled(uint64 indexed number, bytes32 stateRoot, uint64 inboxIndex)",
  "function lastPosted() external view returns (uint64)",
  "function lastSettled() external view returns (uint64)",
  "function post((uint64 number, bytes32 headerHash, bytes32 stateRoot, bytes32 outboxRoot, bytes32 creditsRoot, bytes32 blocksRoot, uint256 accountantFeesWei) claim) external returns (bytes32 claimHash)",
  "function poster() external view returns (address)",
  "function settle(uint64 number) external",
  "function settleableAt(uint64 number) external view returns (uint64)",
  "function settledOutboxRoot(uint64 number) external view returns (bytes32)",
]);
