// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FLAG_SEQUENTIAL_ROWS} from "../types/Job.sol";
import {Task} from "../types/Task.sol";

/// @notice What follows from a task alone: how its run is cut, and which rows a step reads.
library TaskShape {
    /// @dev FLOPs that a claimant is expected to compute in a second: one core of a plain machine does.
    uint256 internal constant FLOPS_PER_SECOND = 10 ** 10;

    error NoSuchRow(uint256 row, uint256 rows);

    function segmentCount(Task memory task) internal pure returns (uint256) {
        return (uint256(task.steps) + task.segmentSteps - 1) / task.segmentSteps;
    }

    /// @notice Steps of segment `index`; only the last may have fewer (P5.9).
    function stepsInSegment(Task memory task, uint256 index) internal pure returns (uint256) {
        uint256 left = task.steps - index * task.segmentSteps;
        return left < task.segmentSteps ? left : task.segmentSteps;
    }

    /// @notice Seconds that computing a whole segment again may take, rounded up (P7.2).
    function regenerationSeconds(Task memory task) internal pure returns (uint32) {
        uint256 flops = uint256(task.segmentSteps) * task.graph.flops;
        uint256 inSeconds = (flops + FLOPS_PER_SECOND - 1) / FLOPS_PER_SECOND;
        return inSeconds < type(uint32).max ? uint32(inSeconds) : type(uint32).max;
    }

    /// @notice Dataset row behind row `j` of the batch of step `t` (P4.4).
    function datasetRow(Task memory task, bytes32 seed, uint256 t, uint256 j) internal pure returns (uint256) {
        if (j >= task.batchRows) revert NoSuchRow(j, task.batchRows);
        if (task.flags & FLAG_SEQUENTIAL_ROWS != 0) return t * task.batchRows + j;
        uint256 words = uint256(keccak256(abi.encode(seed, t, j / 8)));
        uint256 word = uint32(words >> (224 - 32 * (j % 8)));
        return (word * task.datasetRows) >> 32;
    }
}
