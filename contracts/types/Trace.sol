// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// docs/protocol.md P5.8
struct StepTrace {
    bytes32 stateIn;
    bytes32 feedsRoot;
    bytes32 exactRoot;
    bytes32 looseRoot;
    bytes32 stateOut;
}

/// docs/protocol.md P5.9
struct SegmentLeaf {
    uint32 index;
    bytes32 endState;
    bytes32 metricsRoot;
    bytes32 stepsRoot;
}

bytes32 constant STEP_TYPE = keccak256("ANH.Step.v1");
bytes32 constant SEGMENT_TYPE = keccak256("ANH.Segment.v1");

/// P5.8
function hashStepTrace(StepTrace memory trace) pure returns (bytes32) {
    return keccak256(abi.encode(STEP_TYPE, trace));
}

/// P5.9
function hashSegmentLeaf(SegmentLeaf memory leaf) pure returns (bytes32) {
    return keccak256(abi.encode(SEGMENT_TYPE, leaf));
}
