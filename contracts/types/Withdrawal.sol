// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice ETH that left L2 through the Outbox (docs/protocol.md P2.8). `index` is the leaf's position, unique for the L2.
struct Withdrawal {
    uint256 index;
    address from;
    address to;
    uint256 amountWei;
}
