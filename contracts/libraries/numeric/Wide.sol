// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Unsigned integers of 512 bits, for comparing exact sums. No function checks for overflow: its callers prove
/// their sizes.
library Wide {
    struct Uint512 {
        uint256 high;
        uint256 low;
    }

    /// @notice value·2^bits
    function shifted(uint256 value, uint256 bits) internal pure returns (Uint512 memory) {
        if (bits >= 256) return Uint512(value << (bits - 256), 0);
        return Uint512(bits == 0 ? 0 : value >> (256 - bits), value << bits);
    }

    function add(Uint512 memory x, Uint512 memory y) internal pure returns (Uint512 memory) {
        unchecked {
            uint256 low = x.low + y.low;
            return Uint512(x.high + y.high + (low < x.low ? 1 : 0), low);
        }
    }

    /// @notice x − y, for x ≥ y.
    function sub(Uint512 memory x, Uint512 memory y) internal pure returns (Uint512 memory) {
        unchecked {
            return Uint512(x.high - y.high - (x.low < y.low ? 1 : 0), x.low - y.low);
        }
    }

    /// @notice x·factor for a factor below 2^128.
    function mul(Uint512 memory x, uint256 factor) internal pure returns (Uint512 memory) {
        unchecked {
            uint256 lower = (x.low & type(uint128).max) * factor;
            uint256 upper = (x.low >> 128) * factor + (lower >> 128);
            return Uint512(x.high * factor + (upper >> 128), (upper << 128) | (lower & type(uint128).max));
        }
    }

    function less(Uint512 memory x, Uint512 memory y) internal pure returns (bool) {
        return x.high < y.high || (x.high == y.high && x.low < y.low);
    }
}
