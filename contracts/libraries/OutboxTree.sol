// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Withdrawal} from "../types/Withdrawal.sol";
import {Merkle} from "./Merkle.sol";

/// @notice The withdrawals of an L2 as an append-only tree of fixed depth (docs/protocol.md P2.8).
library OutboxTree {
    uint256 internal constant DEPTH = 32;
    /// @dev One short of the tree's width, so that a new leaf always finds its place in the branch.
    uint256 internal constant MAX_LEAVES = 2 ** DEPTH - 1;
    bytes32 internal constant WITHDRAWAL_TYPE = keccak256("ANH.Withdrawal.v1");

    /// @notice The tree has no free leaf left.
    error OutboxFull();

    function leafOf(uint256 l2ChainId, Withdrawal memory w) internal pure returns (bytes32) {
        return keccak256(abi.encode(WITHDRAWAL_TYPE, l2ChainId, w.index, w.from, w.to, w.amountWei));
    }

    /// @notice Appends `leaf` as number `index`. `branch[i]` holds the last complete left subtree of height i; what lies in
    /// positions whose bit in the count is 0 is stale and never read.
    function append(bytes32[32] storage branch, uint256 index, bytes32 leaf) internal {
        if (index >= MAX_LEAVES) revert OutboxFull();
        uint256 height = 0;
        for (; index & 1 == 1; index >>= 1) {
            leaf = Merkle.node(branch[height], leaf);
            ++height;
        }
        branch[height] = leaf;
    }

    /// @notice Root of the first `count` leaves, zero leaves after them.
    function root(bytes32[32] storage branch, uint256 count) internal view returns (bytes32 node) {
        bytes32 padding;
        for (uint256 height = 0; height < DEPTH; ++height) {
            node = count & 1 == 1 ? Merkle.node(branch[height], node) : Merkle.node(node, padding);
            padding = Merkle.node(padding, padding);
            count >>= 1;
        }
    }

    /// @notice The root that `leaf` at `index` leads to.
    function rootOf(bytes32 leaf, uint256 index, bytes32[32] calldata proof) internal pure returns (bytes32) {
        if (index >= MAX_LEAVES) revert Merkle.LeafOutOfRange(index, MAX_LEAVES);
        for (uint256 height = 0; height < DEPTH; ++height) {
            leaf = index & 1 == 0 ? Merkle.node(leaf, proof[height]) : Merkle.node(proof[height], leaf);
            index >>= 1;
        }
        return leaf;
    }
}
