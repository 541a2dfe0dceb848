// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Withdrawal} from "../../../contracts/types/Withdrawal.sol";

/// The outbox tree from all its leaves, level by level: the definition of docs/protocol.md P2.8, not the branch's shortcut.
library WithdrawalTree {
    function leaves(Withdrawal[] storage list, uint256 l2ChainId) internal view returns (bytes32[] memory level) {
        level = new bytes32[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            Withdrawal memory w = list[i];
            level[i] = keccak256(
                abi.encode(keccak256("ANH.Withdrawal.v1"), l2ChainId, w.index, w.from, w.to, w.amountWei)
            );
        }
    }

    function root(Withdrawal[] storage list, uint256 l2ChainId) internal view returns (bytes32 top) {
        (, top) = walk(list, l2ChainId, 0);
    }

    function proof(Withdrawal[] storage list, uint256 l2ChainId, uint256 index)
        internal
        view
        returns (bytes32[32] memory siblings)
    {
        (siblings,) = walk(list, l2ChainId, index);
    }

    function walk(Withdrawal[] storage list, uint256 l2ChainId, uint256 index)
        private
        view
        returns (bytes32[32] memory siblings, bytes32 top)
    {
        bytes32[] memory level = leaves(list, l2ChainId);
        bytes32 zero;
        for (uint256 height = 0; height < 32; ++height) {
            uint256 sibling = index ^ 1;
            siblings[height] = sibling < level.length ? level[sibling] : zero;
            bytes32[] memory above = new bytes32[]((level.length + 1) / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                bytes32 right = 2 * i + 1 < level.length ? level[2 * i + 1] : zero;
                above[i] = keccak256(abi.encodePacked(level[2 * i], right));
            }
            zero = keccak256(abi.encodePacked(zero, zero));
            level = above;
            index >>= 1;
        }
        top = level.length == 0 ? zero : level[0];
    }
}
