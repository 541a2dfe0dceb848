// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    firstFeed,
    firstNextState,
    firstNode,
    firstState,
    graphLeafCount,
    GraphHeader,
    hashConstant,
    hashFeed,
    hashGraphHeader,
    hashNextState,
    hashNode,
    hashStateInput
} from "../types/Graph.sol";
import {GraphRef} from "../types/Job.sol";
import {ConstantProof, FeedProof, HeaderProof, NextStateProof, NodeProof, StateProof} from "../types/Witness.sol";
import {DType} from "./DType.sol";
import {IndexMath} from "./IndexMath.sol";
import {SumNode, SumTree} from "./SumTree.sol";

/// @notice That a header, or something that it counts, belongs to a graph (docs/protocol.md P5.6). The leaf's index proves
/// which of them it is; the tree's size follows from the header, which is leaf 0 at the depth that its own counts give.
/// @dev Every `header` is already checked. What only names things has no costs: its leaf's sums are 0.
library GraphProof {
    error NoSuchConstant(uint256 index, uint256 count);
    error NoSuchState(uint256 index, uint256 count);
    error NoSuchFeed(uint256 index, uint256 count);
    error NoSuchNextState(uint256 index, uint256 count);
    error NoSuchNode(uint256 index, uint256 count);
    error ConstantProofLength(uint256 words);
    error ConstantSize(uint256 actual, uint256 expected);
    error WordTooLarge(uint256 value);

    function checkHeader(GraphRef memory graph, HeaderProof memory proof) internal pure {
        checkLeaf(graph, proof.header, SumNode(hashGraphHeader(proof.header), 0, 0), 0, proof.siblings);
    }

    function checkState(GraphRef memory graph, GraphHeader memory header, uint256 index, StateProof memory proof)
        internal
        pure
    {
        if (index >= header.states) revert NoSuchState(index, header.states);
        SumNode memory leaf = SumNode(hashStateInput(proof.state), 0, 0);
        checkLeaf(graph, header, leaf, firstState(header) + index, proof.siblings);
    }

    function checkFeed(GraphRef memory graph, GraphHeader memory header, uint256 index, FeedProof memory proof)
        internal
        pure
    {
        if (index >= header.feeds) revert NoSuchFeed(index, header.feeds);
        checkLeaf(graph, header, SumNode(hashFeed(proof.feed), 0, 0), firstFeed(header) + index, proof.siblings);
    }

    function checkNextState(GraphRef memory graph, GraphHeader memory header, uint256 index, NextStateProof memory proof)
        internal
        pure
    {
        if (index >= header.nextStates) revert NoSuchNextState(index, header.nextStates);
        SumNode memory leaf = SumNode(hashNextState(proof.value), 0, 0);
        checkLeaf(graph, header, leaf, firstNextState(header) + index, proof.siblings);
    }

    function checkNode(GraphRef memory graph, GraphHeader memory header, NodeProof memory proof) internal pure {
        if (proof.index >= header.nodes) revert NoSuchNode(proof.index, header.nodes);
        SumNode memory leaf = SumNode(hashNode(proof.node), proof.node.flops, proof.node.bytes_);
        checkLeaf(graph, header, leaf, firstNode(header) + proof.index, proof.siblings);
    }

    /// @notice Checks any leaf by its index, of which `graphLeafCount(header)` are.
    function checkLeaf(
        GraphRef memory graph,
        GraphHeader memory header,
        SumNode memory leaf,
        uint256 index,
        SumNode[] memory siblings
    ) internal pure {
        SumNode memory root = SumNode(graph.root, graph.flops, graph.bytes_);
        SumTree.check(root, leaf, index, graphLeafCount(header), siblings);
    }

    function checkConstant(GraphRef memory graph, GraphHeader memory header, uint256 index, ConstantProof memory proof)
        internal
        pure
    {
        if (index >= header.constants) revert NoSuchConstant(index, header.constants);
        bytes32 hash = hashConstant(proof.dtype, proof.shape, proof.tensorRoot);
        uint64 size = _uint64(IndexMath.count(proof.shape) * DType.size(proof.dtype));
        checkLeaf(graph, header, SumNode(hash, 0, size), 1 + index, proof.siblings);
    }

    /// @notice Checks that `tensorRoot` is the root of the graph's `index`-th constant, of the given type and element count.
    /// @param elements of the constant; a node may see it in another shape (Reshape), so the leaf's own shape is in `words`
    /// @param words rank, dimensions, then the sum proof: three words (hash, flops, bytes) per sibling
    function checkConstantWords(
        GraphRef memory graph,
        GraphHeader memory header,
        uint256 index,
        uint8 dtype,
        uint256 elements,
        bytes32 tensorRoot,
        bytes32[] memory words
    ) internal pure {
        ConstantProof memory proof = ConstantProof(dtype, new uint32[](0), tensorRoot, new SumNode[](0));
        (proof.shape, proof.siblings) = _constantProof(words);
        if (IndexMath.count(proof.shape) != elements) revert ConstantSize(IndexMath.count(proof.shape), elements);
        checkConstant(graph, header, index, proof);
    }

    function _constantProof(bytes32[] memory words)
        private
        pure
        returns (uint32[] memory shape, SumNode[] memory siblings)
    {
        if (words.length == 0) revert ConstantProofLength(0);
        uint256 rank = _uint32(uint256(words[0]));
        if (words.length < 1 + rank || (words.length - 1 - rank) % 3 != 0) revert ConstantProofLength(words.length);
        shape = new uint32[](rank);
        for (uint256 i = 0; i < rank; ++i) shape[i] = _uint32(uint256(words[1 + i]));
        siblings = new SumNode[]((words.length - 1 - rank) / 3);
        for (uint256 i = 0; i < siblings.length; ++i) {
            uint256 first = 1 + rank + 3 * i;
            siblings[i] =
                SumNode(words[first], _uint64(uint256(words[first + 1])), _uint64(uint256(words[first + 2])));
        }
    }

    function _uint32(uint256 value) private pure returns (uint32) {
        if (value > type(uint32).max) revert WordTooLarge(value);
        return uint32(value);
    }

    function _uint64(uint256 value) private pure returns (uint64) {
        if (value > type(uint64).max) revert WordTooLarge(value);
        return uint64(value);
    }
}
