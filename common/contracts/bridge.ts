import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l1/Bridge.sol.
export const bridgeAbi = parseAbi([
  "error AlreadyPaid(uint256 index)",
  "error GasTooLow(uint256 required, uint256 actual)",
  "error LeafOutOfRange(uint256 index, uint256 count)",
  "error NotACustomer(address sender)",
  "error NotSettled(uint64 number)",
  "error PayoutFailed(address target)",
  "error ProofMismatch(bytes32 expectedRoot, bytes32 actualRoot)",
  "error TargetRefused(address target)",
  "error ZeroAddress()",
  "error ZeroAmount()",
  "event EthDeposited(address indexed from, address indexed to, uint256 amountWei, uint64 inboxIndex)",
  "event WithdrawalPaid(uint256 indexed index, address indexed to, uint256 amountWei)",
  "function depositEth(address to) external payable returns (uint64 inboxIndex)",
  "function finalizeWithdrawal(uint64 number, (uint256 index, address from, address to, uint256 amountWei) withdrawal, bytes32[32] proof) external",
  "function isPaid(uint256 index) external view returns (bool)",
  "function takeCustody() external payable",
  "function withdrawableAt(uint64 number) external view returns (uint64)",
]);
