// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimRecord} from "../interfaces/IResultClaims.sol";
import {SegmentProof, TraceProof} from "../types/Opening.sol";
import {hashSegmentLeaf, hashStepTrace} from "../types/Trace.sol";
import {Merkle} from "./Merkle.sol";

/// @notice The trees of fixed shape below a claim: trajectory → segments → steps (docs/protocol.md P5.9).
library ClaimPath {
    function segmentCount(ClaimRecord memory record) internal pure returns (uint256) {
        return (uint256(record.steps) + record.segmentSteps - 1) / record.segmentSteps;
    }

    /// @notice Steps of a segment; only the last may be shorter.
    function stepsIn(ClaimRecord memory record, uint256 segment) internal pure returns (uint256) {
        uint256 left = uint256(record.steps) - segment * record.segmentSteps;
        return left < record.segmentSteps ? left : record.segmentSteps;
    }

    /// @notice Reverts unless the leaf is the one that its own index names under the claim's trajectory root.
    function checkSegment(ClaimRecord memory record, SegmentProof memory segment) internal pure {
        Merkle.check(
            record.trajectoryRoot,
            hashSegmentLeaf(segment.leaf),
            segment.leaf.index,
            segmentCount(record),
            segment.proof
        );
    }

    /// @notice Reverts unless the trace is step `step` of the `count` steps under `stepsRoot`.
    function checkTrace(bytes32 stepsRoot, uint256 step, uint256 count, TraceProof memory trace) internal pure {
        Merkle.check(stepsRoot, hashStepTrace(trace.trace), step, count, trace.proof);
    }
}
