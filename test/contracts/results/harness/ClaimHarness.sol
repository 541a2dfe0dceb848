// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TaskLib} from "../../../../contracts/libraries/TaskLib.sol";
import {
    Feed,
    GraphHeader,
    hashConstant,
    hashFeed,
    hashGraphHeader,
    hashNextState,
    hashNode,
    hashStateInput,
    Node,
    StateInput,
    Value
} from "../../../../contracts/types/Graph.sol";
import {Job} from "../../../../contracts/types/Job.sol";
import {hashResultClaim, ResultClaim} from "../../../../contracts/types/ResultClaim.sol";
import {hashTask, Task} from "../../../../contracts/types/Task.sol";
import {hashSegmentLeaf, hashStepTrace, SegmentLeaf, StepTrace} from "../../../../contracts/types/Trace.sol";

/// The encodings of results, for vectors shared with TypeScript.
contract ClaimHarness {
    function derive(Job memory job, uint8 kind, bytes32 inputRoot, uint32 rows) external pure returns (Task memory task) {
        TaskLib.check(job, job.chainId);
        return TaskLib.derive(job, kind, inputRoot, rows);
    }

    function taskHash(Task memory task) external pure returns (bytes32) {
        return hashTask(task);
    }

    function claimHash(ResultClaim memory claim) external pure returns (bytes32) {
        return hashResultClaim(claim);
    }

    function stepTraceHash(StepTrace memory trace) external pure returns (bytes32) {
        return hashStepTrace(trace);
    }

    function segmentLeafHash(SegmentLeaf memory leaf) external pure returns (bytes32) {
        return hashSegmentLeaf(leaf);
    }

    function graphHeaderHash(GraphHeader memory header) external pure returns (bytes32) {
        return hashGraphHeader(header);
    }

    function stateInputHash(StateInput memory state) external pure returns (bytes32) {
        return hashStateInput(state);
    }

    function feedHash(Feed memory feed) external pure returns (bytes32) {
        return hashFeed(feed);
    }

    function nextStateHash(Value memory value) external pure returns (bytes32) {
        return hashNextState(value);
    }

    function nodeHash(Node memory node) external pure returns (bytes32) {
        return hashNode(node);
    }

    function constantHash(uint8 dtype, uint32[] memory shape, bytes32 tensorRoot) external pure returns (bytes32) {
        return hashConstant(dtype, shape, tensorRoot);
    }
}
