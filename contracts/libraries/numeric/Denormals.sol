// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Wide} from "./Wide.sol";

/// @notice What sums lose that read denormal operands as zeros (docs/numerics.md N7). Operands are little-endian bytes.
library Denormals {
    using Wide for Wide.Uint512;

    /// @notice The range of values named lies outside its bytes.
    error OutOfBytes(uint256 end, uint256 length);

    function isDenormal(uint32 x) internal pure returns (bool) {
        return x & 0x7f800000 == 0 && x & 0x7fffff != 0;
    }

    /// @notice Σ |a_k·b_k| of the terms with a denormal operand, in units of 2^−298.
    function dot(bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count)
        internal
        pure
        returns (Wide.Uint512 memory)
    {
        return _accumulate(_values(a, aOffset, count), _values(b, bOffset, count), 32, count);
    }

    /// @notice Σ |a_k| of the denormal terms.
    function sum(bytes memory a, uint256 aOffset, uint256 count) internal pure returns (Wide.Uint512 memory) {
        bytes memory ones = hex"0000803f0000803f0000803f0000803f0000803f0000803f0000803f0000803f";
        return _accumulate(_values(a, aOffset, count), _values(ones, 0, 8), 0, count);
    }

    /// @notice One more term, a bias.
    function plus(Wide.Uint512 memory total, uint32 x) internal pure returns (Wide.Uint512 memory) {
        return isDenormal(x) ? total.add(Wide.shifted(x & 0x7fffff, 149)) : total;
    }

    function _values(bytes memory data, uint256 offset, uint256 count) private pure returns (uint256 pointer) {
        if (offset > data.length || data.length - offset < 4 * count) revert OutOfBytes(offset + 4 * count, data.length);
        assembly {
            pointer := add(add(data, 32), offset)
        }
    }

    /// @dev Eight values at a time; only words in which a lane is denormal are looked at one by one. A product has an exponent
    /// in [−298, −45]: below −200 it goes into an accumulator of unit 2^−298, else into one of 2^−200 (8192·2^47·2^155).
    function _accumulate(uint256 a, uint256 b, uint256 stride, uint256 count) private pure returns (Wide.Uint512 memory) {
        uint256 low;
        uint256 middle;
        assembly ("memory-safe") {
            // Bit 7 of the last byte of each lane (lanes are little-endian) where the value is denormal.
            function denormals(w) -> lanes {
                // The exponent's bits: 0x7f of the last byte, 0x80 of the one before it.
                let field := and(w, 0x0000807f0000807f0000807f0000807f0000807f0000807f0000807f0000807f)
                let fraction := and(w, 0xffff7f00ffff7f00ffff7f00ffff7f00ffff7f00ffff7f00ffff7f00ffff7f00)
                let ones := 0x7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff
                // Any bit of 31: adding all ones carries into bit 31. The fraction may have bit 31 itself, so it is shifted first.
                let isNormal := add(field, ones)
                let isNonzero := add(shr(1, fraction), ones)
                lanes := and(and(not(isNormal), isNonzero), 0x8000000080000000800000008000000080000000800000008000000080000000)
            }
            function decoded(w) -> m, e {
                w := or(and(shr(8, w), 0x00ff00ff), shl(8, and(w, 0x00ff00ff)))
                w := or(shr(16, w), shl(16, and(w, 0xffff)))
                e := and(shr(23, w), 0xff)
                m := and(w, 0x7fffff)
                switch e
                case 0 { e := 1 }
                default { m := or(m, 0x800000) }
            }
            let end := add(a, shl(2, count))
            for {} lt(a, end) {
                a := add(a, 32)
                b := add(b, stride)
            } {
                let wa := mload(a)
                let wb := mload(b)
                let lanes := or(denormals(wa), denormals(wb))
                if lt(sub(end, a), 32) { lanes := and(lanes, not(shr(shl(3, sub(end, a)), not(0)))) }
                for { let j := 0 } lanes { j := add(j, 32) } {
                    if and(lanes, shl(255, 1)) {
                        let m, e := decoded(shr(224, shl(j, wa)))
                        let n, f := decoded(shr(224, shl(j, wb)))
                        m := mul(m, n)
                        e := add(e, f) // of the product, over −300
                        switch lt(e, 100)
                        case 1 { low := add(low, shl(sub(e, 2), m)) }
                        default { middle := add(middle, shl(sub(e, 100), m)) }
                    }
                    lanes := shl(32, lanes)
                }
            }
        }
        return Wide.Uint512(0, low).add(Wide.shifted(middle, 98));
    }
}
