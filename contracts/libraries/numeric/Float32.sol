// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Correctly rounded binary32 arithmetic on bit patterns (round to nearest, ties to even), equal to the hardware's.
/// @dev A finite value is m·2^e with m < 2^24 and e in [−149, 104]. Every operation forms its exact result, or one cut off
/// far below the last kept bit with the cut's loss "jammed" into the lowest bit, and rounds once (`round`). Results that leave
/// the range are INFINITY or NAN; operands must be finite. An exact zero may have either sign: no judge tells them apart.
library Float32 {
    /// @notice An infinity or a NaN was given as an operand.
    error NotFinite(uint32 bits);

    uint32 internal constant ONE = 0x3f800000;
    uint32 internal constant INFINITY = 0x7f800000;
    uint32 internal constant NAN = 0x7fc00000;
    uint32 private constant SIGN = 0x80000000;

    function isFinite(uint32 x) internal pure returns (bool) {
        return x & 0x7f800000 != 0x7f800000;
    }

    /// @notice −0 equals +0.
    function equal(uint32 x, uint32 y) internal pure returns (bool) {
        return x == y || (x | y) << 1 == 0;
    }

    function less(uint32 x, uint32 y) internal pure returns (bool) {
        return order(x) < order(y);
    }

    /// @notice An integer that ascends with the value, 0 for both zeros; neighbours differ by 1.
    function order(uint32 x) internal pure returns (int256) {
        int256 magnitude = int256(uint256(x & ~SIGN));
        return x & SIGN == 0 ? magnitude : -magnitude;
    }

    /// @notice x = ±mantissa·2^exponent.
    function decode(uint32 x) internal pure returns (bool negative, uint256 mantissa, int256 exponent) {
        if (!isFinite(x)) revert NotFinite(x);
        assembly {
            negative := shr(31, x)
            let field := and(shr(23, x), 0xff)
            let normal := iszero(iszero(field))
            mantissa := or(and(x, 0x7fffff), shl(23, normal))
            exponent := sub(add(field, iszero(normal)), 150)
        }
    }

    /// @notice ±m·2^e rounded to the nearest binary32 value, ties to even. m < 2^255.
    function round(bool negative, uint256 m, int256 e) internal pure returns (uint32 bits) {
        assembly {
            if m {
                // Bits to drop: all but 24, and never any kept below 2^-149.
                let k := sub(232, clz(m))
                let least := sub(sub(0, 149), e)
                if slt(k, least) { k := least }
                switch sgt(k, 0)
                case 1 { m := shr(k, add(m, add(sub(shl(sub(k, 1), 1), 1), and(shr(k, m), 1)))) }
                default { m := shl(sub(0, k), m) }
                // A carry out of the mantissa raises the exponent by itself.
                bits := add(shl(23, add(add(e, k), 149)), m)
                if gt(bits, 0x7f800000) { bits := 0x7f800000 }
            }
            bits := or(bits, shl(31, negative))
        }
    }

    function neg(uint32 x) internal pure returns (uint32) {
        return x ^ SIGN;
    }

    function abs(uint32 x) internal pure returns (uint32) {
        return x & ~SIGN;
    }

    function max(uint32 x, uint32 y) internal pure returns (uint32) {
        return less(x, y) ? y : x;
    }

    function min(uint32 x, uint32 y) internal pure returns (uint32) {
        return less(y, x) ? y : x;
    }

    function add(uint32 x, uint32 y) internal pure returns (uint32) {
        return fma(x, ONE, y);
    }

    function sub(uint32 x, uint32 y) internal pure returns (uint32) {
        return fma(x, ONE, neg(y));
    }

    function mul(uint32 x, uint32 y) internal pure returns (uint32) {
        (bool nx, uint256 mx, int256 ex) = decode(x);
        (bool ny, uint256 my, int256 ey) = decode(y);
        unchecked {
            return round(nx != ny, mx * my, ex + ey);
        }
    }

    /// @notice x·y + z, rounded once.
    function fma(uint32 x, uint32 y, uint32 z) internal pure returns (uint32 bits) {
        assembly ("memory-safe") {
            function decoded(w) -> m, e {
                e := and(shr(23, w), 0xff)
                m := and(w, 0x7fffff)
                switch e
                case 0 { e := 1 }
                case 0xff {
                    mstore(0, 0xea875bb500000000000000000000000000000000000000000000000000000000) // NotFinite(uint32)
                    mstore(4, w)
                    revert(0, 36)
                }
                default { m := or(m, 0x800000) }
            }
            // The term with the larger exponent, d above the other, over the smaller exponent e. If they lie more than 190 bits
            // apart, the smaller term only decides on which side of a tie the sum is: it becomes 1 in a unit 2^60 times finer.
            function aligned(larger, smaller, d, e) -> l, s, unit {
                switch gt(d, 190)
                case 0 {
                    l := shl(d, larger)
                    s := smaller
                    unit := e
                }
                default {
                    l := shl(60, larger)
                    s := 1
                    unit := sub(add(e, d), 60)
                }
            }
            let m, e := decoded(x)
            let t, f := decoded(y)
            m := mul(m, t)
            e := sub(add(e, f), 300)
            t, f := decoded(z)
            f := sub(f, 150)
            switch m
            case 0 { e := f }
            default {
                if t {
                    switch slt(e, f)
                    case 0 { m, t, e := aligned(m, t, sub(e, f), f) }
                    default { t, m, e := aligned(t, m, sub(f, e), e) }
                }
            }
            if shr(31, xor(x, y)) { m := sub(0, m) }
            if shr(31, z) { t := sub(0, t) }
            m := add(m, t)
            let sign := shr(255, m)
            if sign { m := sub(0, m) }
            // As `round`.
            if m {
                f := sub(232, clz(m))
                t := sub(sub(0, 149), e)
                if slt(f, t) { f := t }
                switch sgt(f, 0)
                case 1 { m := shr(f, add(m, add(sub(shl(sub(f, 1), 1), 1), and(shr(f, m), 1)))) }
                default { m := shl(sub(0, f), m) }
                bits := add(shl(23, add(add(e, f), 149)), m)
                if gt(bits, 0x7f800000) { bits := 0x7f800000 }
            }
            bits := or(bits, shl(31, sign))
        }
    }

    /// @notice x/0 is INFINITY (0/0 NAN), whatever the signs: no finite result equals it.
    function div(uint32 x, uint32 y) internal pure returns (uint32) {
        (bool nx, uint256 mx, int256 ex) = decode(x);
        (bool ny, uint256 my, int256 ey) = decode(y);
        if (my == 0) return mx == 0 ? NAN : INFINITY;
        uint256 dividend = mx << 80;
        uint256 quotient = dividend / my;
        if (dividend % my != 0) quotient |= 1;
        return round(nx != ny, quotient, ex - ey - 80);
    }

    /// @notice NAN below zero.
    function sqrt(uint32 x) internal pure returns (uint32) {
        (bool negative, uint256 m, int256 e) = decode(x);
        if (m == 0) return 0;
        if (negative) return NAN;
        uint256 square = e & 1 == 0 ? m << 100 : m << 101;
        uint256 root = Math.sqrt(square);
        if (root * root != square) root |= 1;
        return round(false, root, ((e & 1 == 0 ? e : e - 1) - 100) / 2);
    }

    /// @notice The nearest binary32 value of an integer, |value| < 2^255.
    function fromInt(int256 value) internal pure returns (uint32) {
        return value < 0 ? round(true, uint256(-value), 0) : round(false, uint256(value), 0);
    }

    /// @notice Truncated toward zero.
    function toInt(uint32 x) internal pure returns (int256) {
        (bool negative, uint256 m, int256 e) = decode(x);
        int256 magnitude = int256(e >= 0 ? m << uint256(e) : m >> uint256(-e));
        return negative ? -magnitude : magnitude;
    }
}
