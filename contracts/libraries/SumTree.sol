// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Merkle} from "./Merkle.sol";

/// @notice A node of the tree over a graph: its hash and the cost of everything below it.
struct SumNode {
    bytes32 hash;
    uint64 flops;
    uint64 bytes_;
}

/// @notice The Merkle-sum tree of docs/protocol.md P0.4: what a graph costs follows from its root.
library SumTree {
    /// @dev Sums are checked arithmetic: an overflow of uint64 reverts.
    function node(SumNode memory left, SumNode memory right) internal pure returns (SumNode memory) {
        return SumNode(
            keccak256(abi.encode(left.hash, left.flops, left.bytes_, right.hash, right.flops, right.bytes_)),
            left.flops + right.flops,
            left.bytes_ + right.bytes_
        );
    }

    /// @notice The triple that `leaf` at `index` of `count` leads to. What `proof` has of padding is not looked at: it has no sums.
    function rootOf(SumNode memory leaf, uint256 index, uint256 count, SumNode[] memory proof)
        internal
        pure
        returns (SumNode memory)
    {
        if (index >= count) revert Merkle.LeafOutOfRange(index, count);
        uint256 levels = Merkle.depth(count);
        if (proof.length != levels) revert Merkle.ProofLength(levels, proof.length);
        SumNode memory padding; // root of an all-padding subtree of `height` levels
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

    /// @notice Reverts unless `leaf` is number `index` of the `count` leaves under `expected`, sums included.
    function check(SumNode memory expected, SumNode memory leaf, uint256 index, uint256 count, SumNode[] memory proof)
        internal
        pure
    {
        SumNode memory actual = rootOf(leaf, index, count, proof);
        if (actual.hash != expected.hash || actual.flops != expected.flops || actual.bytes_ != expected.bytes_) {
            revert Merkle.RootMismatch(expected.hash, actual.hash);
        }
    }
}
