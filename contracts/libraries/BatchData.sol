// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Merkle} from "./Merkle.sol";

/// @notice The commitment to a batch's posted bytes (docs/protocol.md P3.4): a tree over `keccak` of 4 KiB pieces of calldata, or
/// the SHA-256 of the transaction's versioned blob hashes. By the hash function no root of the one can be one of the other, whatever
/// bytes are posted.
library BatchData {
    uint256 internal constant PIECE_BYTES = 4096;

    function root(bytes calldata data) internal pure returns (bytes32) {
        uint256 pieces = (data.length + PIECE_BYTES - 1) / PIECE_BYTES;
        bytes32[] memory leaves = new bytes32[](pieces);
        for (uint256 i = 0; i < pieces; ++i) {
            uint256 end = (i + 1) * PIECE_BYTES;
            leaves[i] = keccak256(data[i * PIECE_BYTES:end < data.length ? end : data.length]);
        }
        return Merkle.root(leaves);
    }

    /// @notice Of all blobs that the transaction carries, in order; that of no bytes where it carries none.
    function blobsRoot() internal view returns (bytes32) {
        bytes memory hashes;
        for (uint256 i = 0; blobhash(i) != bytes32(0); ++i) hashes = bytes.concat(hashes, blobhash(i));
        return sha256(hashes);
    }
}
