// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {KIND_COMMISSION, KIND_EVALUATE, KIND_TRAIN, startsFromRoot, Task} from "../types/Task.sol";
import {Clock} from "./Clock.sol";

/// @notice The graphs that void what needs them (docs/protocol.md P14.1): by model and by which graph of its job it is. Each
/// ends only what is computed with it, so that nobody computes in vain for a flaw in a graph that it has never seen.
library VoidGraphs {
    error NoSuchKind(uint8 kind);

    /// @notice Of the job: 1 train, 2 infer, 3 evaluate, which commissions are judged by, too.
    function graphOf(uint8 kind) internal pure returns (uint8) {
        if (kind < KIND_TRAIN || kind > KIND_COMMISSION) revert NoSuchKind(kind);
        return kind == KIND_COMMISSION ? KIND_EVALUATE : kind;
    }

    /// @notice The model that the task makes, or uses.
    function modelOf(Task memory task) internal pure returns (bytes32) {
        return startsFromRoot(task) ? task.id : task.modelId;
    }

    function add(mapping(bytes32 => uint64) storage self, bytes32 modelId, uint8 kind) internal returns (uint8 graph) {
        requireNone(self, modelId, kind);
        graph = graphOf(kind);
        self[_key(modelId, graph)] = Clock.nowSeconds();
    }

    function timeOf(mapping(bytes32 => uint64) storage self, bytes32 modelId, uint8 kind) internal view returns (uint64) {
        return self[_key(modelId, graphOf(kind))];
    }

    function requireNone(mapping(bytes32 => uint64) storage self, bytes32 modelId, uint8 kind) internal view {
        if (timeOf(self, modelId, kind) != 0) revert IResultClaims.JobVoid(modelId, graphOf(kind));
    }

    function _key(bytes32 modelId, uint8 graph) private pure returns (bytes32) {
        return keccak256(abi.encode(modelId, graph));
    }
}
