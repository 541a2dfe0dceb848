// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The Inbox after the last message of an L1 block (docs/protocol.md P1.3).
struct Checkpoint {
    uint64 l1Block;
    uint64 l1Timestamp; // seconds; 0 for the empty Inbox
    uint64 count;
    bytes32 hash;
}
