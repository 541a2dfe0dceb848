// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What executing every block up to `number` gives (docs/protocol.md P8.1).
struct StateClaim {
    uint64 number; // last block of an anchored batch
    bytes32 headerHash;
    bytes32 stateRoot;
    bytes32 outboxRoot;
    bytes32 creditsRoot;
    bytes32 blocksRoot;
    uint256 accountantFeesWei;
}
