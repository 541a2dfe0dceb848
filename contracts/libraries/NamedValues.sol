// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    GraphHeader,
    Operand,
    PLACE_CONSTANT,
    PLACE_FEED,
    PLACE_NEXT_STATE,
    PLACE_STATE,
    Value
} from "../types/Graph.sol";
import {GraphRef} from "../types/Job.sol";
import {
    ConstantProof,
    FeedProof,
    NamedValue,
    NextStateProof,
    NodeProof,
    SOURCE_CONSTANT,
    SOURCE_FEED,
    SOURCE_LAYOUT,
    SOURCE_NEXT_STATE,
    SOURCE_OPERAND,
    SOURCE_OUTPUT,
    SOURCE_STATE,
    StateProof
} from "../types/Witness.sol";
import {GraphProof} from "./GraphProof.sol";

/// @notice Where the graph writes down a value: its place, type and shape (docs/protocol.md P7.8, NamedValue).
library NamedValues {
    error NoSuchSource(uint8 source);
    error NoSuchValue(uint256 index, uint256 count);
    error NoLayout(uint32 operand);

    /// @param header already checked
    /// @return value as the graph has it; a layout under its own place and index
    /// @return constantRoot SOURCE_CONSTANT: the constant's tensor root; else 0
    function locate(GraphRef memory graph, GraphHeader memory header, NamedValue memory named)
        internal
        pure
        returns (Value memory value, bytes32 constantRoot)
    {
        uint32 i = named.index;
        if (named.source == SOURCE_STATE) {
            StateProof memory proof = abi.decode(named.leaf, (StateProof));
            GraphProof.checkState(graph, header, i, proof);
            return (Value(PLACE_STATE, i, proof.state.dtype, proof.state.shape), 0);
        }
        if (named.source == SOURCE_FEED) {
            FeedProof memory proof = abi.decode(named.leaf, (FeedProof));
            GraphProof.checkFeed(graph, header, i, proof);
            return (Value(PLACE_FEED, i, proof.feed.dtype, proof.feed.shape), 0);
        }
        if (named.source == SOURCE_NEXT_STATE) {
            NextStateProof memory proof = abi.decode(named.leaf, (NextStateProof));
            GraphProof.checkNextState(graph, header, i, proof);
            return (Value(PLACE_NEXT_STATE, i, proof.value.dtype, proof.value.shape), 0);
        }
        if (named.source == SOURCE_CONSTANT) {
            ConstantProof memory proof = abi.decode(named.leaf, (ConstantProof));
            GraphProof.checkConstant(graph, header, i, proof);
            return (Value(PLACE_CONSTANT, i, proof.dtype, proof.shape), proof.tensorRoot);
        }
        if (named.source < SOURCE_OUTPUT || named.source > SOURCE_LAYOUT) revert NoSuchSource(named.source);
        NodeProof memory node = abi.decode(named.leaf, (NodeProof));
        GraphProof.checkNode(graph, header, node);
        if (named.source == SOURCE_OUTPUT) {
            if (i >= node.node.outputs.length) revert NoSuchValue(i, node.node.outputs.length);
            return (node.node.outputs[i], 0);
        }
        if (i >= node.node.inputs.length) revert NoSuchValue(i, node.node.inputs.length);
        Operand memory operand = node.node.inputs[i];
        if (named.source == SOURCE_OPERAND) return (operand.value, 0);
        if (operand.layout.length == 0) revert NoLayout(i);
        return (Value(operand.layoutPlace, operand.layoutIndex, operand.value.dtype, operand.value.shape), 0);
    }
}
