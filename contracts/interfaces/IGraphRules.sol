// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeafCost} from "../libraries/graph/NodeGate.sol";
import {GraphHeader, Node} from "../types/Graph.sol";
import {Task} from "../types/Task.sol";

/// @title GraphRules
/// @notice What the leaves of a graph must be (docs/protocol.md P5.4 to P5.7), and what its nodes may cost to prove (P5.12).
interface IGraphRules {
    /// @notice A leaf is not what stands at its place.
    /// @param what in one word: encoding, kind, counts, type, sums, padding, rows, rule
    error LeafFalse(bytes32 what);

    /// @notice Reverts, for want of nothing but truth, unless the leaf keeps its rule. Takes at most some millions of gas for
    /// what fits into a transaction.
    /// @param header of the graph, already proven
    /// @param index of the leaf; from `graphLeafCount(header)` on: padding
    /// @param encoded what the leaf is the hash of; empty: its hash is 0
    function checkLeaf(
        Task calldata task,
        GraphHeader calldata header,
        uint256 index,
        bytes calldata encoded,
        uint64 flops,
        uint64 bytes_
    ) external pure;

    /// @notice What proving the worst element of a node wrong takes, by the gate's reckoning.
    /// @param node that keeps its rule
    /// @param flags of the job (P4.2)
    function leafCost(Node calldata node, GraphHeader calldata header, uint8 profile, uint8 flags)
        external
        pure
        returns (LeafCost memory);

    /// @notice Whether the gate lets such a node into a graph.
    function isProvable(Node calldata node, GraphHeader calldata header, uint8 profile, uint8 flags)
        external
        pure
        returns (bool);
}
