// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What L1 reads from a sealed header.
struct SealedHeader {
    bytes32 hash;
    bytes32 parentHash;
    uint64 number;
    uint64 timestamp; // seconds
    uint64 originNumber;
    bytes32 originHash;
    uint64 inboxCount;
    bytes32 inboxHash;
}

/// @notice Reads the RLP of an L2 header (docs/protocol.md P3.1, P3.2). An Osaka header has one shape: fixed-width fields at fixed
/// offsets and five integers of variable width, so it is read in place; every prefix is checked and every integer canonical.
/// @dev Values that L1 does not use (roots, bloom, gas) are left to the nodes: a wrong one makes the block inbox-only (P3.6).
library HeaderRlp {
    /// @notice The header's RLP is not of the shape above at byte `offset`.
    error HeaderMalformed(uint256 offset);

    function decode(bytes calldata rlp) internal pure returns (SealedHeader memory header) {
        if (rlp.length < 450) revert HeaderMalformed(rlp.length);
        _expect(rlp, 0, 0xf9);
        if (uint256(uint16(bytes2(rlp[1:3]))) + 3 != rlp.length) revert HeaderMalformed(1);
        _expect(rlp, 3, 0xa0); // parentHash
        _expect(rlp, 36, 0xa0); // ommersHash
        _expect(rlp, 69, 0x94); // beneficiary
        _expect(rlp, 90, 0xa0); // stateRoot
        _expect(rlp, 123, 0xa0); // transactionsRoot
        _expect(rlp, 156, 0xa0); // receiptsRoot
        _expect(rlp, 189, 0xb9); // bloom
        _expect(rlp, 190, 0x01);
        _expect(rlp, 191, 0x00);
        _expect(rlp, 448, 0x80); // difficulty 0

        header.hash = keccak256(rlp);
        header.parentHash = bytes32(rlp[4:36]);

        uint256 offset = 449;
        uint256 value;
        (value, offset) = _readUint(rlp, offset, 8);
        header.number = uint64(value);
        (, offset) = _readUint(rlp, offset, 8); // gasLimit
        (, offset) = _readUint(rlp, offset, 8); // gasUsed
        (value, offset) = _readUint(rlp, offset, 8);
        header.timestamp = uint64(value);

        // extraData 82 bytes (P3.2), mixHash 33, nonce 9, baseFee 1 or more, and 101 after it
        if (offset + 226 > rlp.length) revert HeaderMalformed(offset);
        _expect(rlp, offset, 0xb8);
        _expect(rlp, offset + 1, 80);
        header.originNumber = uint64(bytes8(rlp[offset + 2:offset + 10]));
        header.originHash = bytes32(rlp[offset + 10:offset + 42]);
        header.inboxCount = uint64(bytes8(rlp[offset + 42:offset + 50]));
        header.inboxHash = bytes32(rlp[offset + 50:offset + 82]);
        offset += 82;

        _expect(rlp, offset, 0xa0); // mixHash
        _expect(rlp, offset + 33, 0x88); // nonce
        (, offset) = _readUint(rlp, offset + 42, 32); // baseFee
        // withdrawalsRoot, blobGasUsed 0, excessBlobGas 0, parentBeaconBlockRoot, requestsHash: 101 bytes
        if (offset + 101 != rlp.length) revert HeaderMalformed(offset);
        _expect(rlp, offset, 0xa0);
        _expect(rlp, offset + 33, 0x80);
        _expect(rlp, offset + 34, 0x80);
        _expect(rlp, offset + 35, 0xa0);
        _expect(rlp, offset + 68, 0xa0);
    }

    /// @notice Timestamp of an L1 header, whose fields up to there lie as in ours. The bytes must be known to be a header's.
    function timeOf(bytes calldata rlp) internal pure returns (uint64) {
        uint256 offset = 448; // difficulty
        uint256 value;
        for (uint256 field = 0; field < 5; ++field) (value, offset) = _readUint(rlp, offset, 8);
        return uint64(value);
    }

    function _expect(bytes calldata rlp, uint256 offset, uint8 prefix) private pure {
        if (offset >= rlp.length || uint8(rlp[offset]) != prefix) revert HeaderMalformed(offset);
    }

    /// @dev The canonical integer at `at`, of at most `width` bytes, and where the next item begins.
    function _readUint(bytes calldata rlp, uint256 offset, uint256 width) private pure returns (uint256 value, uint256 next) {
        if (offset >= rlp.length) revert HeaderMalformed(offset);
        uint256 prefix = uint8(rlp[offset]);
        if (prefix < 0x80) {
            if (prefix == 0) revert HeaderMalformed(offset); // zero is the empty string
            return (prefix, offset + 1);
        }
        uint256 length = prefix - 0x80;
        next = offset + 1 + length;
        if (length > width || next > rlp.length) revert HeaderMalformed(offset);
        if (length == 0) return (0, next);
        value = uint256(bytes32(rlp[offset + 1:next])) >> (256 - 8 * length);
        if (rlp[offset + 1] == 0 || value < 0x80) revert HeaderMalformed(offset);
    }
}
