import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l2/Dnn.sol.
export const dnnAbi = parseAbi([
  "error BadJob(string field)",
  "error JobFailed(bytes32 id, uint32 step)",
  "error JobVoid(bytes32 modelId)",
  "error NotReady(bytes32 id)",
  "error QuoteTooHigh(uint256 quoteWei)",
  "error UnknownModel(bytes32 modelId)",
  "error WrongShape(uint256 expectedBytes, uint256 actualBytes)",
  "function commission(Job job) external payable returns (bytes32 modelId)",
  "function evaluate(bytes32 modelId, bytes32 datasetRoot, uint32 rows) external returns (uint32 correct, uint32 total)",
  "function fund(bytes32 id) external payable",
  "function infer(bytes32 modelId, bytes input) external returns (bytes output)",
  "function quote(Job job) external view returns (uint256 priceWei)",
  "function ready(bytes32 id) external view returns (bool)",
  "function train(Job job) external payable returns (bytes32 modelId)",
  "function withdrawCompute() external returns (uint256 amountWei)",
  "struct GraphRef { bytes32 root; uint64 flops; uint64 bytes_; }",
  "struct Job { uint256 chainId; address requester; bytes32 salt; GraphRef trainGraph; GraphRef inferGraph; GraphRef evaluateGraph; bytes32 datasetRoot; uint64 datasetRows; uint64 datasetBytes; bytes32 startRoot; uint64 stateBytes; uint32 steps; uint32 segmentSteps; uint32 batchRows; uint32 evaluateBatchRows; uint8 profile; uint8 flags; uint256 priceWeiPerGflop; uint64 deadline; uint32 windowSeconds; Property property; }",
  "struct Property { bytes32 heldOutRoot; uint64 heldOutRows; uint64 heldOutBytes; uint32 samples; uint32 minCorrect; address deliverer; uint256 priceWei; address validator; bytes32 validatorCodeHash; }",
]);
