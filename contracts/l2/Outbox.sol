// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OutboxTree} from "../libraries/OutboxTree.sol";
import {Withdrawal} from "../types/Withdrawal.sol";

/// @title Outbox
/// @notice The way out of the L2 (docs/protocol.md P2.8). ETH sent here stays: L1 pays it out of its custody once the state of this
/// block or a later one is settled there.
/// @dev A predeploy: its runtime code is placed at genesis, so it has no constructor and no immutables. The storage layout is
/// part of the protocol: slot 0 is the count, slots 1 … 32 the branch, from which nodes compute the block's outbox root.
contract Outbox {
    error ZeroAmount();
    error ZeroAddress();

    event Withdrawn(uint256 indexed index, address indexed from, address indexed to, uint256 amountWei, bytes32 leaf);

    /// @notice Withdrawals so far; the next one's index.
    uint256 public count;
    bytes32[32] private _branch;

    /// @notice Withdraws `msg.value` wei to `to` on L1.
    /// @dev A contract that cannot receive ETH there leaves the withdrawal unpaid for as long as that is so.
    function withdraw(address to) external payable returns (uint256 index) {
        if (msg.value == 0) revert ZeroAmount();
        if (to == address(0)) revert ZeroAddress();
        index = count;
        bytes32 leaf = OutboxTree.leafOf(block.chainid, Withdrawal(index, msg.sender, to, msg.value));
        OutboxTree.append(_branch, index, leaf);
        count = index + 1;
        emit Withdrawn(index, msg.sender, to, msg.value, leaf);
    }

    /// @notice Root of the tree of all withdrawals.
    function root() external view returns (bytes32) {
        return OutboxTree.root(_branch, count);
    }
}
