// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Checkpoint} from "../types/Checkpoint.sol";

/// @title Inbox
/// @notice The one ordered, hash-chained queue from L1 to L2 (docs/protocol.md P1). Message bodies live in logs and never expire.
interface IInbox {
    /// @notice Only the contract that owns a kind of message may queue it.
    error KindNotYours(uint8 kind, address sender);
    /// @notice A message that shares its L1 block with an earlier one needs less gas than it might in the next block: it must bring
    /// what would do there, so that an estimate made here holds.
    error GasTooLow(uint256 required, uint256 actual);

    /// @param index position in the queue, from 0
    /// @param hash the chain's hash after this message
    event MessageQueued(uint64 indexed index, uint8 indexed kind, bytes body, bytes32 hash);

    /// @notice Appends a message; callable only by the contract that owns `kind` (P1.4).
    /// @return index the message's position in the queue
    function queue(uint8 kind, bytes calldata body) external returns (uint64 index);

    /// @notice Messages queued so far.
    function count() external view returns (uint64);

    /// @notice Hash of the chain after the last message.
    function hash() external view returns (bytes32);

    /// @notice The Inbox as it stood after L1 block `l1Block`: what headers with that origin must name.
    /// @dev For the current L1 block the answer may still change within the block.
    function checkpointAt(uint64 l1Block) external view returns (Checkpoint memory);

    /// @notice As `checkpointAt`, with the L1 timestamp of the first message queued after it (2⁶⁴ − 1 if none is).
    function checkpointAndNext(uint64 l1Block) external view returns (Checkpoint memory checkpoint, uint64 nextL1Timestamp);
}
