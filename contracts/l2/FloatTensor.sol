// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Reads a float32 tensor as the precompile returns it: raw, little-endian (docs/protocol.md P0.5).
library FloatTensor {
    error NoElements();
    error NotFloats(uint256 byteLength);

    /// @notice IEEE bits of element `i`.
    function bitsAt(bytes memory tensor, uint256 i) internal pure returns (uint32) {
        uint256 offset = 4 * i;
        return uint32(uint8(tensor[offset])) | (uint32(uint8(tensor[offset + 1])) << 8)
            | (uint32(uint8(tensor[offset + 2])) << 16) | (uint32(uint8(tensor[offset + 3])) << 24);
    }

    /// @notice Index of the greatest element, the first of equals. Results hold no NaN.
    function argMax(bytes memory tensor) internal pure returns (uint256 best) {
        if (tensor.length % 4 != 0) revert NotFloats(tensor.length);
        if (tensor.length == 0) revert NoElements();
        uint256 greatest = _order(bitsAt(tensor, 0));
        for (uint256 i = 1; i < tensor.length / 4; ++i) {
            uint256 order = _order(bitsAt(tensor, i));
            if (order > greatest) (best, greatest) = (i, order);
        }
    }

    /// @dev An integer that is ordered as the floats are: negative ones count down from the middle, and −0 equals +0.
    function _order(uint32 bits) private pure returns (uint256) {
        uint256 magnitude = bits & 0x7fffffff;
        return bits >> 31 == 0 ? 0x80000000 + magnitude : 0x80000000 - magnitude;
    }
}
