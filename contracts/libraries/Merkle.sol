// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @notice The tree of docs/protocol.md P0.2 and its range proofs, P0.3.
/// @dev Every proof is judged against a leaf count, so a node can never pass for a leaf and no proof can be longer or shorter
/// than the tree is deep. Leaves are taken as they are: callers hash with a type, or with sha256 for tensor chunks.
library Merkle {
    /// @notice The leaf named is not one of the tree's.
    error LeafOutOfRange(uint256 index, uint256 count);
    /// @notice A proof has as many siblings as the leaf count asks for.
    error ProofLength(uint256 expected, uint256 actual);
    /// @notice The leaf does not lead to the root it was said to be under.
    error RootMismatch(bytes32 expected, bytes32 actual);

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return Hashes.efficientKeccak256(left, right);
    }

    /// @notice Levels above the leaves: ⌈log₂ count⌉, 0 for one leaf or none.
    function depth(uint256 count) internal pure returns (uint256 levels) {
        while ((uint256(1) << levels) < count) ++levels;
    }

    /// @notice Root over all leaves; `bytes32(0)` over none. Overwrites `leaves`.
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 count = leaves.length;
        if (count == 0) return bytes32(0);
        bytes32 padding; // root of an all-padding subtree of the current height
        while (count > 1) {
            uint256 parents = (count + 1) >> 1;
            for (uint256 i = 0; i < parents; ++i) {
                leaves[i] = node(leaves[2 * i], 2 * i + 1 < count ? leaves[2 * i + 1] : padding);
            }
            padding = node(padding, padding);
            count = parents;
        }
        return leaves[0];
    }

    /// @notice The root that `leaf` at `index` of `count` leads to.
    function rootOf(bytes32 leaf, uint256 index, uint256 count, bytes32[] memory proof) internal pure returns (bytes32) {
        if (index >= count) revert LeafOutOfRange(index, count);
        uint256 levels = depth(count);
        if (proof.length != levels) revert ProofLength(levels, proof.length);
        for (uint256 i = 0; i < levels; ++i) {
            leaf = index & 1 == 0 ? node(leaf, proof[i]) : node(proof[i], leaf);
            index >>= 1;
        }
        return leaf;
    }

    /// @notice Reverts unless `leaf` is number `index` of the `count` leaves under `expected`.
    function check(bytes32 expected, bytes32 leaf, uint256 index, uint256 count, bytes32[] memory proof) internal pure {
        bytes32 actual = rootOf(leaf, index, count, proof);
        if (actual != expected) revert RootMismatch(expected, actual);
    }

    /// @notice The root that the leaves `first … first + leaves.length − 1` of `count` lead to. Overwrites `leaves`.
    function rangeRootOf(bytes32[] memory leaves, uint256 first, uint256 count, bytes32[] memory proof)
        internal
        pure
        returns (bytes32)
    {
        if (leaves.length == 0 || first >= count || leaves.length > count - first) {
            revert LeafOutOfRange(first + leaves.length, count);
        }
        uint256 last = first + leaves.length - 1;
        uint256 used = 0;
        for (uint256 level = depth(count); level > 0; --level) {
            uint256 parent = first >> 1;
            uint256 parents = (last >> 1) - parent + 1;
            for (uint256 i = 0; i < parents; ++i) {
                uint256 child = 2 * (parent + i);
                bytes32 left = child < first ? _sibling(proof, used++) : leaves[child - first];
                bytes32 right = child + 1 > last ? _sibling(proof, used++) : leaves[child + 1 - first];
                leaves[i] = node(left, right);
            }
            first >>= 1;
            last >>= 1;
        }
        if (used != proof.length) revert ProofLength(used, proof.length);
        return leaves[0];
    }

    /// @notice Reverts unless `leaves` are the leaves from number `first` on, of the `count` under `expected`. Overwrites `leaves`.
    function checkRange(
        bytes32 expected,
        bytes32[] memory leaves,
        uint256 first,
        uint256 count,
        bytes32[] memory proof
    ) internal pure {
        bytes32 actual = rangeRootOf(leaves, first, count, proof);
        if (actual != expected) revert RootMismatch(expected, actual);
    }

    /// @notice The root that the leaves `first … first + leaves.length − 1` of `count` lead to, where padding is what it must be:
    /// a proof holds none, that of all leaves is empty. Overwrites `leaves`.
    function sliceRootOf(bytes32[] memory leaves, uint256 first, uint256 count, bytes32[] memory proof)
        internal
        pure
        returns (bytes32)
    {
        if (leaves.length == 0 || first >= count || leaves.length > count - first) {
            revert LeafOutOfRange(first + leaves.length, count);
        }
        uint256 last = first + leaves.length - 1;
        uint256 used = 0;
        bytes32 padding; // root of an all-padding subtree of the current height
        for (uint256 end = count - 1; end > 0; end >>= 1) {
            uint256 parent = first >> 1;
            uint256 parents = (last >> 1) - parent + 1;
            for (uint256 i = 0; i < parents; ++i) {
                uint256 child = 2 * (parent + i);
                bytes32 left = child < first ? _sibling(proof, used++) : leaves[child - first];
                bytes32 right = padding;
                if (child < last) right = leaves[child + 1 - first];
                else if (child < end) right = _sibling(proof, used++);
                leaves[i] = node(left, right);
            }
            padding = node(padding, padding);
            first >>= 1;
            last >>= 1;
        }
        if (used != proof.length) revert ProofLength(used, proof.length);
        return leaves[0];
    }

    function _sibling(bytes32[] memory proof, uint256 i) private pure returns (bytes32) {
        if (i >= proof.length) revert ProofLength(i + 1, proof.length);
        return proof[i];
    }
}
