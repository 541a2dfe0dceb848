// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PATH_CHUNKS, PATH_METRICS, PATH_MODEL, PATH_SEGMENT, PATH_STEP, PATH_SUM, PATH_TRACES} from "../interfaces/IDemands.sol";
import {ChunkRange} from "../types/Opening.sol";

/// @notice Names of what can be demanded: by claim hash and path, never by position in a list.
library DemandKeys {
    bytes32 private constant DEMAND_TYPE = keccak256("ANH.Demand.v1");

    function segment(bytes32 claimHash, uint32 index) internal pure returns (bytes32) {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, PATH_SEGMENT, index));
    }

    function traces(bytes32 claimHash, uint32 segmentIndex) internal pure returns (bytes32) {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, PATH_TRACES, segmentIndex));
    }

    function step(bytes32 claimHash, uint32 segmentIndex, uint32 index, uint32 page) internal pure returns (bytes32) {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, PATH_STEP, segmentIndex, index, page));
    }

    function metrics(bytes32 claimHash, uint32 segmentIndex) internal pure returns (bytes32) {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, PATH_METRICS, segmentIndex));
    }

    /// @param path PATH_GRAPH or PATH_MODEL_GRAPH
    function graph(bytes32 claimHash, uint8 path, uint32 leaf) internal pure returns (bytes32) {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, path, leaf));
    }

    function model(bytes32 claimHash, uint32 index) internal pure returns (bytes32) {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, PATH_MODEL, index));
    }

    function sum(bytes32 claimHash, uint32 segmentIndex, uint32 index, uint256 node, uint256 element)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, PATH_SUM, segmentIndex, index, node, element));
    }

    function chunks(bytes32 claimHash, ChunkRange memory range) internal pure returns (bytes32) {
        return keccak256(abi.encode(DEMAND_TYPE, claimHash, PATH_CHUNKS, range));
    }
}
