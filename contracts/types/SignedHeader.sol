// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A header that the sequencer answers for (docs/protocol.md P3.9): signed itself, or an ancestor of what was signed.
struct SignedHeader {
    bytes[] headers; // full RLP; the one in question first, each the child of the one before, what was signed last
    uint64 batchFirstNumber; // of the signed AnchoredBatch that ends with the last header; 0: the last header itself was signed
    bytes32 batchDataRoot; // of that batch; 0 for a header
    bytes signature; // 65 bytes, low s
}
