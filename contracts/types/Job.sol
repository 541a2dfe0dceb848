// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A graph root is the triple of a Merkle-sum tree (docs/protocol.md P0.4): its hash, its FLOPs and its bytes.
struct GraphRef {
    bytes32 root;
    uint64 flops;
    uint64 bytes_;
}

/// What a commission is measured by (docs/protocol.md P13): the weights are whoever's, the count of right answers is judged.
struct Property {
    bytes32 heldOutRoot;
    uint64 heldOutRows;
    uint64 heldOutBytes;
    // Rows drawn from them, with replacement, after the weights were delivered; so many of them must be right.
    uint32 samples;
    uint32 minCorrect;
    // Who alone may deliver, and once: what a requester needs that shows its rows behind a delivery; 0: anybody.
    address deliverer;
    uint256 priceWei;
    // Another contract on L1 that may call the weights wrong, known by the hash of its code; 0: none.
    address validator;
    bytes32 validatorCodeHash;
}

/// docs/protocol.md P4
struct Job {
    uint256 chainId;
    address requester;
    bytes32 salt;
    GraphRef trainGraph;
    GraphRef inferGraph;
    GraphRef evaluateGraph;
    bytes32 datasetRoot;
    uint64 datasetRows;
    uint64 datasetBytes;
    bytes32 startRoot;
    uint64 stateBytes;
    uint32 steps;
    uint32 segmentSteps;
    uint32 batchRows;
    uint32 evaluateBatchRows;
    uint8 profile;
    uint8 flags;
    uint256 priceWeiPerGflop;
    uint64 deadline;
    uint32 windowSeconds;
    Property property;
}

uint8 constant PROFILE_STRICT = 0;
uint8 constant PROFILE_TOLERANT = 1;
uint8 constant PROFILE_PROPERTY = 2;

uint8 constant FLAG_STEP_ROOTS = 1;
uint8 constant FLAG_SOFT = 2;
uint8 constant FLAG_SEQUENTIAL_ROWS = 4;
uint8 constant FLAG_UNIQUE = 8;
// State tensors start by the rules of the training's graph (docs/protocol.md P4.7).
uint8 constant FLAG_DRAWN_START = 16;
// The gpu column of the tolerant profile; without it, cpu.
uint8 constant FLAG_GPU = 32;
uint8 constant KNOWN_FLAGS = 63;

bytes32 constant TRAIN_TYPE = keccak256("ANH.Train.v1");
bytes32 constant INFER_TYPE = keccak256("ANH.Infer.v1");
bytes32 constant EVALUATE_TYPE = keccak256("ANH.Evaluate.v1");

/// P4.1: the id of a training, which is also the id of the model it makes.
function trainId(Job memory job) pure returns (bytes32) {
    return keccak256(abi.encode(TRAIN_TYPE, job));
}

/// P4.1
function inferId(bytes32 modelId, bytes32 inputRoot) pure returns (bytes32) {
    return keccak256(abi.encode(INFER_TYPE, modelId, inputRoot));
}

/// P4.1
function evaluateId(bytes32 modelId, bytes32 datasetRoot, uint32 rows) pure returns (bytes32) {
    return keccak256(abi.encode(EVALUATE_TYPE, modelId, datasetRoot, rows));
}
