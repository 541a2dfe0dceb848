// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GraphHeader, graphLeafCount, hashGraphHeader, hashNode} from "../types/Graph.sol";
import {GraphRef} from "../types/Job.sol";
import {HeaderProof, NodeProof} from "../types/Witness.sol";
import {SumNode, SumTree} from "./SumTree.sol";

/// @notice That a header, a constant or a node belongs to a graph (docs/protocol.md P5.6). The leaf's index proves which of the
/// three it is; the tree's size follows from the header, which is leaf 0 at the depth that its own counts give.
library GraphProof {
    error NoSuchConstant(uint256 index, uint256 count);
    error NoSuchNode(uint256 index, uint256 count);
    error SumProofNotTriples(uint256 words);
    error SumTooLarge(uint256 value);

    function checkHeader(GraphRef memory graph, HeaderProof memory proof) internal pure {
        _check(graph, proof.header, SumNode(hashGraphHeader(proof.header), 0, 0), 0, proof.siblings);
    }

    /// @param header already checked
    function checkNode(GraphRef memory graph, GraphHeader memory header, NodeProof memory proof) internal pure {
        if (proof.index >= header.nodes) revert NoSuchNode(proof.index, header.nodes);
        SumNode memory leaf = SumNode(hashNode(proof.node), proof.node.flops, proof.node.bytes_);
        _check(graph, header, leaf, 1 + uint256(header.constants) + proof.index, proof.siblings);
    }

    /// @param header already checked
    /// @param size bytes of the constant
    /// @param words the sum proof, three words (hash, flops, bytes) per sibling
    function checkConstant(
        GraphRef memory graph,
        GraphHeader memory header,
        bytes32 hash,
        uint256 index,
        uint256 size,
        bytes32[] memory words
    ) internal pure {
        if (index >= header.constants) revert NoSuchConstant(index, header.constants);
        if (words.length % 3 != 0) revert SumProofNotTriples(words.length);
        SumNode[] memory siblings = new SumNode[](words.length / 3);
        for (uint256 i = 0; i < siblings.length; ++i) {
            siblings[i] = SumNode(words[3 * i], _uint64(uint256(words[3 * i + 1])), _uint64(uint256(words[3 * i + 2])));
        }
        _check(graph, header, SumNode(hash, 0, _uint64(size)), 1 + index, siblings);
    }

    function _check(
        GraphRef memory graph,
        GraphHeader memory header,
        SumNode memory leaf,
        uint256 index,
        SumNode[] memory siblings
    ) private pure {
        SumNode memory root = SumNode(graph.root, graph.flops, graph.bytes_);
        SumTree.check(root, leaf, index, graphLeafCount(header), siblings);
    }

    function _uint64(uint256 value) private pure returns (uint64) {
        if (value > type(uint64).max) revert SumTooLarge(value);
        return uint64(value);
    }
}
