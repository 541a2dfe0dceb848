// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FLAG_DRAWN_START, FLAG_SEQUENTIAL_ROWS, GraphRef} from "./Job.sol";

/// What is claimed, derived from a job (docs/protocol.md P4.3).
struct Task {
    bytes32 id;
    uint8 kind;
    bytes32 modelId;
    GraphRef graph;
    bytes32 datasetRoot;
    uint64 datasetRows;
    bytes32 startRoot;
    uint32 steps;
    uint32 segmentSteps;
    uint32 batchRows;
    uint8 profile;
    uint8 flags;
    uint256 priceWei;
    uint64 deadline;
    uint32 windowSeconds;
}

uint8 constant KIND_TRAIN = 1;
uint8 constant KIND_INFER = 2;
uint8 constant KIND_EVALUATE = 3;
uint8 constant KIND_COMMISSION = 4;

bytes32 constant TASK_TYPE = keccak256("ANH.Task.v1");

/// A run from a state whose root the task names; the others start from a consumed result, tensor by tensor.
function startsFromRoot(Task memory task) pure returns (bool) {
    return task.kind == KIND_TRAIN || task.kind == KIND_COMMISSION;
}

/// A training whose state tensors start by the rules of its graph, drawn from the seed (P4.7).
function startsDrawn(Task memory task) pure returns (bool) {
    return task.kind == KIND_TRAIN && task.flags & FLAG_DRAWN_START != 0;
}

/// No random value is read, so the seed is 0 (P4.5).
function isSeedless(Task memory task) pure returns (bool) {
    return task.flags & FLAG_SEQUENTIAL_ROWS != 0 && !startsDrawn(task);
}

/// P6.1
function hashTask(Task memory task) pure returns (bytes32) {
    return keccak256(abi.encode(TASK_TYPE, task));
}
