import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l2/Dnn.sol.
export const dnnAbi = parseAbi([
  "error BadJob(string field)",
  "error JobVoid(bytes32 modelId)",
  "error NotReady(bytes32 id)",
  "error QuoteTooHigh(uint256 quoteWei)",
  "error UnknownModel(bytes32 modelId)",
  "error WrongShape(uint256 expectedBytes, uint256 actualBytes)",
  "function commission((uint256 chainId, address requester, bytes32 salt, (bytes32 root, uint64 flops, uint64 bytes_) trainGraph, (bytes32 root, uint64 flops, uint64 bytes_) inferGraph, (bytes32 root, uint64 flops, uint64 bytes_) evaluateGraph, bytes32 datasetRoot, uint64 datasetRows, uint64 datasetBytes, bytes32 startRoot, uint64 stateBytes, uint32 steps, uint32 segmentSteps, uint32 batchRows, uint32 evaluateBatchRows, uint8 profile, uint8 flags, uint256 priceWeiPerGflop, uint64 deadline, uint32 windowSeconds, (bytes32 heldOutRoot, uint64 heldOutRows, uint64 heldOutBytes, uint32 samples, uint32 minCorrect, address deliverer, uint256 priceWei, address validator, bytes32 validatorCodeHash) property) job) external payable returns (bytes32 modelId)",
  "function evaluate(bytes32 modelId, bytes32 datasetRoot, uint32 rows) external returns (uint32 correct, uint32 total)",
  "function fund(bytes32 id) external payable",
  "function infer(bytes32 modelId, bytes input) external returns (bytes output)",
  "function quote((uint256 chainId, address requester, bytes32 salt, (bytes32 root, uint64 flops, uint64 bytes_) trainGraph, (bytes32 root, uint64 flops, uint64 bytes_) inferGraph, (bytes32 root, uint64 flops, uint64 bytes_) evaluateGraph, bytes32 datasetRoot, uint64 datasetRows, uint64 datasetBytes, bytes32 startRoot, uint64 stateBytes, uint32 steps, uint32 segmentSteps, uint32 batchRows, uint32 evaluateBatchRows, uint8 profile, uint8 flags, uint256 priceWeiPerGflop, uint64 deadline, uint32 windowSeconds, (bytes32 heldOutRoot, uint64 heldOutRows, uint64 heldOutBytes, uint32 samples, uint32 minCorrect, address deliverer, uint256 priceWei, address validator, bytes32 validatorCodeHash) property) job) external view returns (uint256 priceWei)",
  "function ready(bytes32 id) external view returns (bool)",
  "function train((uint256 chainId, address requester, bytes32 salt, (bytes32 root, uint64 flops, uint64 bytes_) trainGraph, (bytes32 root, uint64 flops, uint64 bytes_) inferGraph, (bytes32 root, uint64 flops, uint64 bytes_) evaluateGraph, bytes32 datasetRoot, uint64 datasetRows, uint64 datasetBytes, bytes32 startRoot, uint64 stateBytes, uint32 steps, uint32 segmentSteps, uint32 batchRows, uint32 evaluateBatchRows, uint8 profile, uint8 flags, uint256 priceWeiPerGflop, uint64 deadline, uint32 windowSeconds, (bytes32 heldOutRoot, uint64 heldOutRows, uint64 heldOutBytes, uint32 samples, uint32 minCorrect, address deliverer, uint256 priceWei, address validator, bytes32 validatorCodeHash) property) job) external payable returns (bytes32 modelId)",
  "function withdrawCompute() external returns (uint256 amountWei)",
]);
