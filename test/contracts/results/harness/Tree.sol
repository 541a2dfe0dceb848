// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode, SumTree} from "../../../../contracts/libraries/SumTree.sol";

/// Builds trees and proofs by walking whole levels: slow and unlike the checking code (docs/protocol.md P0.2, P0.3).
library Tree {
    function pad(bytes32[] memory leaves) internal pure returns (bytes32[] memory level) {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        level = new bytes32[](width);
        for (uint256 i = 0; i < leaves.length; ++i) level[i] = leaves[i];
    }

    function up(bytes32[] memory level) internal pure returns (bytes32[] memory parents) {
        parents = new bytes32[](level.length / 2);
        for (uint256 i = 0; i < parents.length; ++i) {
            parents[i] = keccak256(abi.encodePacked(level[2 * i], level[2 * i + 1]));
        }
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        if (leaves.length == 0) return bytes32(0);
        bytes32[] memory level = pad(leaves);
        while (level.length > 1) level = up(level);
        return level[0];
    }

    function proof(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory) {
        return range(leaves, index, index);
    }

    function range(bytes32[] memory leaves, uint256 first, uint256 last) internal pure returns (bytes32[] memory siblings) {
        bytes32[] memory level = pad(leaves);
        siblings = new bytes32[](64);
        uint256 used = 0;
        while (level.length > 1) {
            if (first % 2 == 1) siblings[used++] = level[first - 1];
            if (last % 2 == 0) siblings[used++] = level[last + 1];
            level = up(level);
            first /= 2;
            last /= 2;
        }
        assembly ("memory-safe") {
            mstore(siblings, used)
        }
    }

    /// Of a part of a list: the range proof without padding (docs/protocol.md P7.1).
    function slice(bytes32[] memory leaves, uint256 first, uint256 last) internal pure returns (bytes32[] memory siblings) {
        bytes32[] memory level = pad(leaves);
        uint256 end = leaves.length - 1;
        siblings = new bytes32[](64);
        uint256 used = 0;
        while (level.length > 1) {
            if (first % 2 == 1) siblings[used++] = level[first - 1];
            if (last % 2 == 0 && last < end) siblings[used++] = level[last + 1];
            level = up(level);
            first /= 2;
            last /= 2;
            end /= 2;
        }
        assembly ("memory-safe") {
            mstore(siblings, used)
        }
    }

    /// Of a graph (docs/protocol.md P0.4).
    function sumRoot(SumNode[] memory leaves) internal pure returns (SumNode memory) {
        SumNode[] memory level = sumPad(leaves);
        while (level.length > 1) level = sumUp(level);
        return level[0];
    }

    function sumProof(SumNode[] memory leaves, uint256 index) internal pure returns (SumNode[] memory siblings) {
        SumNode[] memory level = sumPad(leaves);
        siblings = new SumNode[](64);
        uint256 used = 0;
        while (level.length > 1) {
            siblings[used++] = level[index ^ 1];
            level = sumUp(level);
            index /= 2;
        }
        assembly ("memory-safe") {
            mstore(siblings, used)
        }
    }

    function sumPad(SumNode[] memory leaves) internal pure returns (SumNode[] memory level) {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        level = new SumNode[](width);
        for (uint256 i = 0; i < leaves.length; ++i) level[i] = leaves[i];
    }

    function sumUp(SumNode[] memory level) internal pure returns (SumNode[] memory parents) {
        parents = new SumNode[](level.length / 2);
        for (uint256 i = 0; i < parents.length; ++i) parents[i] = SumTree.node(level[2 * i], level[2 * i + 1]);
    }
}
