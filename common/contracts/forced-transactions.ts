import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l1/ForcedTransactions.sol.
export const forcedTransactionsAbi = parseAbi([
  "error DataTooLong(uint256 most, uint256 actual)",
  "error FailedCall()",
  "error GasLimitOutOfRange(uint64 least, uint64 most, uint64 gasLimit)",
  "error InsufficientBalance(uint256 balance, uint256 needed)",
  "error LaneFull(uint64 leftGas, uint64 gasLimit)",
  "error LedgerRefused()",
  "error ValueTooLow(uint256 required, uint256 actual)",
  "function forceCall(address to, uint256 valueWei, uint64 gasLimit, bytes data) external payable returns (uint64 inboxIndex)",
  "function forceEnvelope(bytes envelope, uint64 gasLimit) external payable returns (uint64 inboxIndex)",
  "function lane() external view returns (uint128 priceWei, uint64 leftGas)",
]);
