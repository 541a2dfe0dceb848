// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float32} from "./Float32.sol";
import {Wide} from "./Wide.sol";

/// @notice Dot products and sums of binary32 values without any rounding (docs/numerics.md). Operands are little-endian bytes.
/// @dev A product is an integer below 2^48 times 2^e with e in [−298, 208]. Eight of them are decoded at a time, one per
/// 32-bit lane of a word. Those with e in [−134, −7] are added up in one word of unit 2^−134; a nonzero product outside sends
/// its word of eight down the slow path, where two more accumulators (units 2^−298 and 2^−6) take it. So the sum is exact
/// whatever the operands are. A product with e > 83 is at least 2^130: it sets `overflows`, and no finite result is right.
library ExactDot {
    using Wide for Wide.Uint512;

    /// @notice The range of values named lies outside its bytes.
    error OutOfBytes(uint256 end, uint256 length);
    /// @notice More terms than the accumulators can hold; longer reductions are split into nodes.
    error TooManyTerms(uint256 count, uint256 limit);
    /// @notice An operand is an infinity or a NaN.
    error OperandNotFinite();

    uint256 internal constant MAX_TERMS = 8192;
    uint256 private constant SIGNS = 0x8000000080000000800000008000000080000000800000008000000080000000;

    /// @notice Sums of |products| and of the negative ones alone, in units of 2^−298.
    struct Sum {
        Wide.Uint512 absolute;
        Wide.Uint512 negative;
        bool overflows;
    }

    /// @notice Σ a_k·b_k over `count` values that start at the given byte offsets.
    function dot(bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count)
        internal
        pure
        returns (Sum memory)
    {
        return _accumulate(_values(a, aOffset, count), _values(b, bOffset, count), 32, count);
    }

    /// @notice Σ a_k: the dot product with ones.
    function sum(bytes memory a, uint256 aOffset, uint256 count) internal pure returns (Sum memory) {
        bytes memory ones = hex"0000803f0000803f0000803f0000803f0000803f0000803f0000803f0000803f";
        return _accumulate(_values(a, aOffset, count), _values(ones, 0, 8), 0, count);
    }

    /// @notice Adds one more binary32 term, a bias.
    function plus(Sum memory total, uint32 x) internal pure {
        (bool negative, uint256 mantissa, int256 exponent) = Float32.decode(x);
        Wide.Uint512 memory term = Wide.shifted(mantissa, uint256(exponent + 298));
        total.absolute = total.absolute.add(term);
        if (negative) total.negative = total.negative.add(term);
    }

    function _values(bytes memory data, uint256 offset, uint256 count) private pure returns (uint256 pointer) {
        if (count > MAX_TERMS) revert TooManyTerms(count, MAX_TERMS);
        if (offset > data.length || data.length - offset < 4 * count) revert OutOfBytes(offset + 4 * count, data.length);
        assembly {
            pointer := add(add(data, 32), offset)
        }
    }

    /// @dev Both operands advance by a word of eight values, b by `stride` bytes (0: the same word again).
    function _accumulate(uint256 a, uint256 b, uint256 stride, uint256 count) private pure returns (Sum memory total) {
        uint256 absolute; // unit 2^−134; at most 8192·2^48·2^127 < 2^256
        uint256 negative;
        // |Σ| and negative Σ of unit 2^−298, the same of unit 2^−6, overflow flag: touched by the slow path only.
        uint256[5] memory rare;
        uint256 bad;
        assembly ("memory-safe") {
            function store(slot, value, isNegative) {
                mstore(slot, add(mload(slot), value))
                if isNegative { mstore(add(slot, 32), add(mload(add(slot, 32)), value)) }
            }
            // One word whose lanes may be in any range. c: exponent + 646.
            function slow(slots, cs, mas, mbs, signs) -> abs_, neg_ {
                for { let j := 0 } lt(j, 256) { j := add(j, 32) } {
                    let p := mul(and(shr(j, mas), 0xffffff), and(shr(j, mbs), 0xffffff))
                    if p {
                        let c := and(shr(j, cs), 0x3ff)
                        let s := and(shr(j, signs), 1)
                        switch lt(c, 512)
                        case 1 { store(slots, shl(sub(c, 348), p), s) }
                        default {
                            switch lt(c, 640)
                            case 1 {
                                let v := shl(sub(c, 512), p)
                                abs_ := add(abs_, v)
                                neg_ := add(neg_, mul(s, v))
                            }
                            default {
                                switch gt(c, 729)
                                case 1 { mstore(add(slots, 128), 1) }
                                default { store(add(slots, 64), shl(sub(c, 640), p), s) }
                            }
                        }
                    }
                }
            }
            let end := add(a, shl(2, count))
            for {} lt(a, end) {} {
                let wa := mload(a)
                let wb := mload(b)
                a := add(a, 32)
                b := add(b, stride)
                if gt(a, end) {
                    // The last word: bytes past the end are zeros.
                    let mask := shl(shl(3, sub(a, end)), not(0))
                    wa := and(wa, mask)
                    wb := and(wb, mask)
                }
                // Little-endian bytes: swap them in each half, then the halves.
                {
                    let x := and(xor(wa, shr(8, wa)), 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff)
                    wa := xor(wa, xor(x, shl(8, x)))
                    x := and(xor(wa, shr(16, wa)), 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff)
                    wa := xor(wa, xor(x, shl(16, x)))
                }
                {
                    let x := and(xor(wb, shr(8, wb)), 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff)
                    wb := xor(wb, xor(x, shl(8, x)))
                    x := and(xor(wb, shr(16, wb)), 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff)
                    wb := xor(wb, xor(x, shl(16, x)))
                }
                // Per lane: sign of the product, mantissas with the implicit bit, and c = exponent + 646, the exponent being the sum
                // of the two fields (≥ 1 each) less 300.
                let signs := shr(31, and(xor(wa, wb), 0x8000000080000000800000008000000080000000800000008000000080000000))
                let c
                let ma
                let mb
                {
                    let fa := and(wa, 0x7f8000007f8000007f8000007f8000007f8000007f8000007f8000007f800000)
                    let fb := and(wb, 0x7f8000007f8000007f8000007f8000007f8000007f8000007f8000007f800000)
                    // A field of 255 carries into bit 31 when 1 is added to it; looked at in the end.
                    bad := or(bad, or(
                        add(fa, 0x0080000000800000008000000080000000800000008000000080000000800000),
                        add(fb, 0x0080000000800000008000000080000000800000008000000080000000800000)
                    ))
                    // A field of at least 1 carries into bit 31 when 255 is added to it: the implicit bit.
                    let ia := shr(8, and(
                        add(fa, 0x7f8000007f8000007f8000007f8000007f8000007f8000007f8000007f800000),
                        0x8000000080000000800000008000000080000000800000008000000080000000
                    ))
                    let ib := shr(8, and(
                        add(fb, 0x7f8000007f8000007f8000007f8000007f8000007f8000007f8000007f800000),
                        0x8000000080000000800000008000000080000000800000008000000080000000
                    ))
                    ma := or(and(wa, 0x007fffff007fffff007fffff007fffff007fffff007fffff007fffff007fffff), ia)
                    mb := or(and(wb, 0x007fffff007fffff007fffff007fffff007fffff007fffff007fffff007fffff), ib)
                    // A field of 0 counts as 1.
                    c := add(shr(23, sub(
                        add(add(fa, fb), 0x0100000001000000010000000100000001000000010000000100000001000000),
                        add(ia, ib)
                    )), 0x0000015a0000015a0000015a0000015a0000015a0000015a0000015a0000015a)
                }
                // Bits 7 to 9 of a lane are 100 where 512 ≤ c < 640, and the lowest byte is then the shift. A product of zero may
                // stand anywhere: it is shifted by what there is.
                let outside := and(
                    xor(c, 0x0000020000000200000002000000020000000200000002000000020000000200),
                    0x0000038000000380000003800000038000000380000003800000038000000380
                )
                if outside {
                    // Adding 2³¹ − 1 carries into bit 31 of a lane unless it is zero.
                    outside := and(
                        and(
                            add(outside, 0x7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff),
                            0x8000000080000000800000008000000080000000800000008000000080000000
                        ),
                        and(
                            add(ma, 0x7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff),
                            add(mb, 0x7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff)
                        )
                    )
                }
                if outside {
                    let abs_, neg_ := slow(rare, c, ma, mb, signs)
                    absolute := add(absolute, abs_)
                    negative := add(negative, neg_)
                    continue
                }
                {
                    let v := shl(byte(3, c), mul(shr(224, ma), shr(224, mb)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(3, signs), v))
                }
                {
                    let v := shl(byte(7, c), mul(and(shr(192, ma), 0xffffff), and(shr(192, mb), 0xffffff)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(7, signs), v))
                }
                {
                    let v := shl(byte(11, c), mul(and(shr(160, ma), 0xffffff), and(shr(160, mb), 0xffffff)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(11, signs), v))
                }
                {
                    let v := shl(byte(15, c), mul(and(shr(128, ma), 0xffffff), and(shr(128, mb), 0xffffff)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(15, signs), v))
                }
                {
                    let v := shl(byte(19, c), mul(and(shr(96, ma), 0xffffff), and(shr(96, mb), 0xffffff)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(19, signs), v))
                }
                {
                    let v := shl(byte(23, c), mul(and(shr(64, ma), 0xffffff), and(shr(64, mb), 0xffffff)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(23, signs), v))
                }
                {
                    let v := shl(byte(27, c), mul(and(shr(32, ma), 0xffffff), and(shr(32, mb), 0xffffff)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(27, signs), v))
                }
                {
                    let v := shl(byte(31, c), mul(and(ma, 0xffffff), and(mb, 0xffffff)))
                    absolute := add(absolute, v)
                    negative := add(negative, mul(byte(31, signs), v))
                }
            }
        }
        if (bad & SIGNS != 0) revert OperandNotFinite();
        total.absolute = _combined(rare[0], absolute, rare[2]);
        total.negative = _combined(rare[1], negative, rare[3]);
        total.overflows = rare[4] != 0;
    }

    function _combined(uint256 low, uint256 middle, uint256 high) private pure returns (Wide.Uint512 memory) {
        return Wide.Uint512(0, low).add(Wide.shifted(middle, 164)).add(Wide.shifted(high, 292));
    }
}
