// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @notice The tree of docs/protocol.md P0.2 and its range proofs, P0.3.
/// @dev Every proof is judged against a leaf count, so a node can never pass for a leaf and no proof can be longer or shorter
/// than the tree is deep. Leaves are taken as they are: callers hash with a type, or with sha256 for tensor chunks. Where a
/// sibling lies wholly behind the last leaf it is padding, whatever a proof has there: else whoever makes a root could hide
/// something behind the leaves, and nobody who rebuilds the tree would come to that root.
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

    /// @notice The root that `leaf` at `index` of `count` leads to. What `proof` has of padding is not looked at.
    function rootOf(bytes32 leaf, uint256 index, uint256 count, bytes32[] memory proof) internal pure returns (bytes32) {
        if (index >= count) revert LeafOutOfRange(index, count);
        uint256 levels = depth(count);
        if (proof.length != levels) revert ProofLength(levels, proof.length);
        bytes32 padding; // root of an all-padding subtree of `height` levels
        uint256 height = 0;
        uint256 end = count - 1;
        for (uint256 i = 0; i < levels; ++i) {
            if (index & 1 == 1) {
                leaf = node(proof[i], leaf);
            } else if (index < end) {
                leaf = node(leaf, proof[i]);
            } else {
                for (; height < i; ++height) padding = node(padding, padding);
                leaf = node(leaf, padding);
            }
            index >>= 1;
            end >>= 1;
        }
        return leaf;
    }

    /// @notice Reverts unless `leaf` is number `index` of the `count` leaves under `expected`.
    function check(bytes32 expected, bytes32 leaf, uint256 index, uint256 count, bytes32[] memory proof) internal pure {
        bytes32 actual = rootOf(leaf, index, count, proof);
        if (actual != expected) revert RootMismatch(expected, actual);
    }

    /// @notice The root that the leaves `first … first + leaves.length − 1` of `count` lead to. What `proof` has of padding is not
    /// looked at. Overwrites `leaves`.
    function rangeRootOf(bytes32[] memory leaves, uint256 first, uint256 count, bytes32[] memory proof)
        internal
        pure
        returns (bytes32)
    {
        if (leaves.length == 0 || first >= count || leaves.length > count - first) {
            revert LeafOutOfRange(first + leaves.length, count);
        }
        return _lift(leaves, first, count - 1, proof, true);
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

    /// @notice The root that the leaves `first … first + leaves.length − 1` of `count` lead to, by a proof that has no
    /// place for padding: that of all leaves is empty. Overwrites `leaves`.
    function sliceRootOf(bytes32[] memory leaves, uint256 first, uint256 count, bytes32[] memory proof)
        internal
        pure
        returns (bytes32)
    {
        if (leaves.length == 0 || first >= count || leaves.length > count - first) {
            revert LeafOutOfRange(first + leaves.length, count);
        }
        return _lift(leaves, first, count - 1, proof, false);
    }

    /// @param end the last leaf's number
    /// @param hasPadding whether the proof has a place for siblings that are padding
    function _lift(bytes32[] memory leaves, uint256 first, uint256 end, bytes32[] memory proof, bool hasPadding)
        private
        pure
        returns (bytes32)
    {
        uint256 last = first + leaves.length - 1;
        uint256 used = 0;
        bytes32 padding; // root of an all-padding subtree of the current height
        for (; end > 0; end >>= 1) {
            uint256 parent = first >> 1;
            for (uint256 child = 2 * parent; child <= last; child += 2) {
                bytes32 left = child < first ? _sibling(proof, used++) : leaves[child - first];
                bytes32 right = padding;
                if (child < last) right = leaves[child + 1 - first];
                else if (child < end) right = _sibling(proof, used++);
                else if (hasPadding) ++used;
                leaves[(child >> 1) - parent] = node(left, right);
            }
            padding = node(padding, padding);
            first = parent;
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
