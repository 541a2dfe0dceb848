// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    GraphHeader,
    PLACE_NEXT_STATE,
    PLACE_STATE,
    Value
} from "../../types/Graph.sol";
import {GraphRef} from "../../types/Job.sol";
import {KIND_INFER, Task} from "../../types/Task.sol";
import {
    NamedValue,
    NextStateProof,
    NodeProof,
    SOURCE_LOSS,
    SOURCE_NAMED,
    SOURCE_NEXT_STATE,
    SOURCE_OUTPUT,
    SOURCE_STATE
} from "../../types/Witness.sol";
import {GraphProof} from "../GraphProof.sol";
import {IndexMath} from "../IndexMath.sol";
import {NamedValues} from "../NamedValues.sol";
import {RESHAPE} from "./NodeShape.sol";

/// @notice Two leaves of one graph that contradict each other (docs/protocol.md P14.2).
library Clash {
    error OtherPlaces(uint8 firstPlace, uint32 firstIndex, uint8 secondPlace, uint32 secondIndex);
    error SameNode(uint32 node);

    /// @param header already proven
    function between(Task memory task, GraphHeader memory header, NamedValue memory a, NamedValue memory b)
        internal
        pure
        returns (bool)
    {
        Value memory first = _locate(task.graph, header, a);
        Value memory second = _locate(task.graph, header, b);
        if (a.source == SOURCE_STATE && b.source == SOURCE_NEXT_STATE && task.kind != KIND_INFER) {
            // What a step ends in the next one begins with.
            if (first.index != second.index) revert OtherPlaces(PLACE_STATE, first.index, PLACE_NEXT_STATE, second.index);
            return first.dtype != second.dtype || keccak256(abi.encode(first.shape)) != keccak256(abi.encode(second.shape));
        }
        if (first.place != second.place || first.index != second.index) {
            revert OtherPlaces(first.place, first.index, second.place, second.index);
        }
        if (_writes(a) && _writes(b)) {
            (uint32 one, uint32 other) = (_nodeOf(a), _nodeOf(b));
            if (one == other) revert SameNode(one);
            return true;
        }
        // The same bytes may be seen in another shape (Reshape), but not as other or as more elements.
        return first.dtype != second.dtype || IndexMath.count(first.shape) != IndexMath.count(second.shape);
    }

    function _locate(GraphRef memory graph, GraphHeader memory header, NamedValue memory named)
        private
        pure
        returns (Value memory value)
    {
        if (named.source == SOURCE_LOSS) return header.loss;
        if (named.source == SOURCE_NAMED) {
            NextStateProof memory proof = abi.decode(named.leaf, (NextStateProof));
            GraphProof.checkNextState(graph, header, named.index, proof);
            return proof.value;
        }
        (value,) = NamedValues.locate(graph, header, named);
    }

    /// @dev A Reshape names what another node wrote.
    function _writes(NamedValue memory named) private pure returns (bool) {
        return named.source == SOURCE_OUTPUT && abi.decode(named.leaf, (NodeProof)).node.op != RESHAPE;
    }

    function _nodeOf(NamedValue memory named) private pure returns (uint32) {
        return abi.decode(named.leaf, (NodeProof)).index;
    }
}
