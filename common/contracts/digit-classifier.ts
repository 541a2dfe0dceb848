import { parseAbi } from "viem";

// Written by deploy/write-abis.ts from contracts/l2/examples/DigitClassifier.sol.
export const digitClassifierAbi = parseAbi([
  "error NoElements()",
  "error NotFloats(uint256 byteLength)",
  "error OnlyOwner(address expected, address actual)",
  "error PaymentFailed(address payee)",
  "event Classified(bytes32 indexed model, uint256 label)",
  "event Evaluated(bytes32 indexed model, uint32 correct, uint32 total)",
  "event Trained(bytes32 indexed model)",
  "function classify(bytes32 model, bytes image) external returns (uint256 label)",
  "function collect() external returns (uint256 amountWei)",
  "function commission(Job job) external payable returns (bytes32 model)",
  "function evaluate(bytes32 model, bytes32 datasetRoot, uint32 rows) external returns (uint32 correct, uint32 total)",
  "function lastLabelPlusOne(bytes32 model) external view returns (uint256 labelPlusOne)",
  "function owner() external view returns (address)",
  "function scores(bytes32 model) external view returns (uint32 correct, uint32 total)",
  "function train(Job job) external payable returns (bytes32 model)",
  "function trainAndClassify(Job job, bytes image) external payable returns (bytes32 model, uint256 label)",
  "struct GraphRef { bytes32 root; uint64 flops; uint64 bytes_; }",
  "struct Job { uint256 chainId; address requester; bytes32 salt; GraphRef trainGraph; GraphRef inferGraph; GraphRef evaluateGraph; bytes32 datasetRoot; uint64 datasetRows; uint64 datasetBytes; bytes32 startRoot; uint64 stateBytes; uint32 steps; uint32 segmentSteps; uint32 batchRows; uint32 evaluateBatchRows; uint8 profile; uint8 flags; uint256 priceWeiPerGflop; uint64 deadline; uint32 windowSeconds; Property property; }",
  "struct Property { bytes32 heldOutRoot; uint64 heldOutRows; uint64 heldOutBytes; uint32 samples; uint32 minCorrect; address deliverer; uint256 priceWei; address validator; bytes32 validatorCodeHash; }",
]);
