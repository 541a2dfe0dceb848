// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Merkle} from "./Merkle.sol";

/// @notice Reads byte ranges under a tensor root (docs/protocol.md P0.5, P0.3). The tensor's size comes from the graph, so chunk
/// count, depth and the length of the last chunk are never the prover's to choose.
library TensorRead {
    uint256 internal constant CHUNK_BYTES = 1024;

    error EmptyRange();
    error RangeOutOfTensor(uint256 end, uint256 size);
    error ChunkBytes(uint256 expected, uint256 actual);

    function chunkCount(uint256 size) internal pure returns (uint256) {
        return (size + CHUNK_BYTES - 1) / CHUNK_BYTES;
    }

    /// @notice Checks that `chunks` are the whole chunks that cover bytes `start … start + length − 1` of a tensor of `size` bytes
    /// under `root`.
    /// @return offset index of byte `start` in `chunks`
    function check(
        bytes32 root,
        uint256 size,
        uint256 start,
        uint256 length,
        bytes memory chunks,
        bytes32[] memory proof
    ) internal view returns (uint256 offset) {
        if (length == 0) revert EmptyRange();
        if (start + length > size) revert RangeOutOfTensor(start + length, size);
        uint256 first = start / CHUNK_BYTES;
        uint256 begin = first * CHUNK_BYTES;
        uint256 end = chunkCount(start + length) * CHUNK_BYTES;
        if (end > size) end = size;
        if (chunks.length != end - begin) revert ChunkBytes(end - begin, chunks.length);
        Merkle.checkRange(root, chunkHashes(chunks), first, chunkCount(size), proof);
        return start - begin;
    }

    /// @notice sha256 of each chunk; the last may be shorter.
    function chunkHashes(bytes memory chunks) internal view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](chunkCount(chunks.length));
        for (uint256 i = 0; i < hashes.length; ++i) {
            uint256 start = i * CHUNK_BYTES;
            uint256 left = chunks.length - start;
            hashes[i] = hashSlice(chunks, start, left < CHUNK_BYTES ? left : CHUNK_BYTES);
        }
    }

    /// @notice sha256 of `length` bytes of `data` from `start` on; the slice must lie inside.
    /// @dev In place: Solidity's `sha256` would have each chunk copied first, which costs more than hashing it.
    function hashSlice(bytes memory data, uint256 start, uint256 length) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), 2, add(add(data, 32), start), length, 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    /// @notice Root of a tensor of `size` zero bytes.
    function zeroRoot(uint256 size) internal view returns (bytes32 root) {
        if (size == 0) return bytes32(0);
        uint256 count = chunkCount(size);
        uint256 left = size % CHUNK_BYTES;
        // Going up, all nodes but the last one of a level are equal; beyond it lies padding.
        root = hashSlice(new bytes(CHUNK_BYTES), 0, left == 0 ? CHUNK_BYTES : left);
        bytes32 full = hashSlice(new bytes(CHUNK_BYTES), 0, CHUNK_BYTES);
        bytes32 padding;
        for (; count > 1; count = (count + 1) >> 1) {
            root = count & 1 == 0 ? Merkle.node(full, root) : Merkle.node(root, padding);
            full = Merkle.node(full, full);
            padding = Merkle.node(padding, padding);
        }
    }
}
