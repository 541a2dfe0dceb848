// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What is kept of a batch of anchored headers (docs/protocol.md P3.4). Times are L1 or header timestamps in seconds.
struct Batch {
    uint64 firstNumber;
    uint64 lastNumber;
    uint64 lastTimestamp; // of the last header
    uint64 inboxCount; // of the last header
    uint64 originNumber; // of the last header
    uint64 anchoredAt; // L1 timestamp
    bytes32 lastHash;
    bytes32 dataRoot;
}
