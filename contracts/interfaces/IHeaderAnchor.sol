// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch} from "../types/Batch.sol";

/// @title HeaderAnchor
/// @notice Ties sealed L2 headers and the bytes of their transactions to L1 (docs/protocol.md P3). What is anchored is the chain;
/// what cannot be judged without decoding bytes (transactions, derived fields, times of earlier origins) nodes judge, and a block
/// that fails there is inbox-only.
/// @dev Anybody may bring a signed batch, but only as it was signed: the data is part of what is signed. The sender must be a plain account, so that the transaction's input *is* the posted bytes.
interface IHeaderAnchor {
    error NotPlainAccount(address sender);
    error NoHeaders();
    /// @notice `anchorBlobs` in a transaction that carries none.
    error NoBlobs();
    error NotChild(uint64 number, bytes32 expectedParent, bytes32 actualParent);
    error NumberMismatch(uint64 expected, uint64 actual);
    error TimeBeforeParent(uint64 number, uint64 parentTimestamp, uint64 timestamp);
    error TimeInFuture(uint64 number, uint64 l1Timestamp, uint64 timestamp);
    /// @notice Too old to anchor: the sequencer drops the block and seals its transactions anew (P3.7).
    error InclusionWindowOver(uint64 number, uint64 lastL1Timestamp, uint64 l1Timestamp);
    error OriginBackwards(uint64 number, uint64 parentOrigin, uint64 origin);
    error OriginNotPast(uint64 origin, uint64 l1Block);
    error OriginNotCanonical(uint64 origin, bytes32 expected, bytes32 actual);
    error InboxMismatch(uint64 number, uint64 expectedCount, bytes32 expectedHash, uint64 actualCount, bytes32 actualHash);
    /// @notice A message has waited for longer than an origin may be held back.
    error InboxHeldBack(uint64 number, uint64 messageTimestamp, uint64 timestamp);
    error NotSequencer(address expected, address actual);
    /// @notice Nothing was anchored for longer than the inclusion window: the fallback block must come first.
    error FallbackDue(uint64 dueAfter, uint64 l1Timestamp);
    error FallbackNotDue(uint64 dueAfter, uint64 l1Timestamp);
    error FallbackOriginTooOld(uint64 origin, uint64 oldest);
    error NotTheOrigin(bytes32 expectedHash, bytes32 actualHash);
    /// @notice A fallback block has its origin's time.
    error FallbackTime(uint64 expected, uint64 actual);
    error NotAnchored(uint64 number, uint64 lastNumber);

    event BatchAnchored(uint64 indexed batch, uint64 firstNumber, uint64 lastNumber, bytes32 lastHash);

    /// @notice Anchors the children of the last anchored header.
    /// @param headers full RLP, each the child of the one before
    /// @param signature the sequencer's EIP-712 signature of `AnchoredBatch`, 65 bytes, low s: over the first and last number, the
    /// last hash and the root of `data` as `batch` gives it
    /// @param data the transactions, coded as P3.5 says; any bytes the sequencer signed are accepted, nodes decode them
    function anchor(bytes[] calldata headers, bytes calldata signature, bytes calldata data) external;

    /// @notice The same with the data in the transaction's blobs (EIP-4844), as P3.5 says. The root that is signed and stored is the
    /// SHA-256 of all their versioned hashes: repeating headers and signature over other blobs, fewer or more, is refused.
    function anchorBlobs(bytes[] calldata headers, bytes calldata signature) external;

    /// @notice Anchors the one block that may follow when nothing was anchored for longer than the inclusion window: unsigned, of
    /// Inbox messages only. Anybody may bring it; nodes derive its other fields whatever the header says (P3.8).
    /// @param header full RLP, with an origin of the last 64 L1 blocks and that origin's time
    /// @param originHeader the origin's full RLP, which tells its time
    function anchorFallback(bytes calldata header, bytes calldata originHeader) external;

    /// @notice The last L1 second at which the sequencer may anchor without a fallback block.
    function fallbackDueAfter() external view returns (uint64);

    /// @notice Batches anchored so far, genesis (batch 0) included.
    function batchCount() external view returns (uint64);

    function batch(uint64 index) external view returns (Batch memory);

    /// @notice Index of the batch that holds block `number`; reverts with `NotAnchored` beyond the last.
    function batchOf(uint64 number) external view returns (uint64 index);

    function sequencer() external view returns (address);
}
