// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float32} from "./Float32.sol";

/// @notice The rounded sums of the strict profile, replayed operation by operation (docs/numerics.md). Operands are
/// little-endian binary32 bytes. A result that leaves the range is INFINITY or NAN, which no finite claim equals.
library Replay {
    /// @notice The range of values named lies outside its bytes.
    error OutOfBytes(uint256 end, uint256 length);
    /// @notice An operand is an infinity or a NaN.
    error OperandNotFinite();
    /// @notice Longer chains need opened running values.
    error TooManyTerms(uint256 count, uint256 limit);

    uint256 internal constant MAX_TERMS = 8192;
    uint256 private constant SIGNS = 0x8000000080000000800000008000000080000000800000008000000080000000;
    uint256 private constant BIT_9 = 0x0000020000000200000002000000020000000200000002000000020000000200;

    /// @notice alpha·Σ a_k·b_k + beta·C in the order of the runtime's Gemm and MatMul.
    /// @param blockLength products per block: fma from 0 within, blocks added in order.
    struct Order {
        uint256 blockLength;
        uint32 alpha;
        uint32 beta;
        bool hasBias;
        uint32 bias;
    }

    function dot(bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count, Order memory order)
        internal
        pure
        returns (uint32 result)
    {
        uint256 pa = _values(a, aOffset, count);
        uint256 pb = _values(b, bOffset, count);
        bool empty = !order.hasBias;
        if (order.hasBias) result = Float32.mul(order.beta, order.bias);
        for (uint256 start = 0; start < count; start += order.blockLength) {
            uint256 length = count - start < order.blockLength ? count - start : order.blockLength;
            uint32 part = _chain(pa + 4 * start, pb + 4 * start, 32, length, 0);
            if (!Float32.isFinite(part) || !Float32.isFinite(result)) result = Float32.NAN;
            else result = empty ? Float32.mul(order.alpha, part) : Float32.fma(part, order.alpha, result);
            empty = false;
        }
    }

    /// @notice Products per block of the kernel's chain for a result of `n` columns and chains of `k` products; the strict
    /// profile never prepacks.
    function blockLength(uint256 n, uint256 k, bool transA) internal pure returns (uint256) {
        if (transA || n >= k) return 128;
        if (n <= 16) return 1024;
        if (n <= 32) return 512;
        if (n <= 64) return 256;
        return 128;
    }

    /// @notice start + a_0 + a_1 + …, rounded at each step: ReduceSum over leading axes, scatter-add.
    function serialSum(bytes memory a, uint256 aOffset, uint256 count, uint32 start) internal pure returns (uint32) {
        bytes memory ones = hex"0000803f0000803f0000803f0000803f0000803f0000803f0000803f0000803f";
        return _chain(_values(a, aOffset, count), _values(ones, 0, 8), 0, count, start);
    }

    function _values(bytes memory data, uint256 offset, uint256 count) private pure returns (uint256 pointer) {
        if (count > MAX_TERMS) revert TooManyTerms(count, MAX_TERMS);
        if (offset > data.length || data.length - offset < 4 * count) revert OutOfBytes(offset + 4 * count, data.length);
        assembly {
            pointer := add(add(data, 32), offset)
        }
    }

    /// @dev fma(a_k, b_k, acc) for ascending k; b advances by `stride` bytes per word of eight. The accumulator is a signed
    /// integer in units of 2^−152, three bits below the finest that is ever kept. A product finer than that keeps in its
    /// lowest bit that something was cut off, so it still falls on the right side of every tie (multiples of 2^−150).
    /// Products with an exponent above 38, and starts from 2^84 on, are left to `_chainSlow`: with them the accumulator might
    /// leave the word. Below, |acc| < 8193·2^(190+48) always.
    function _chain(uint256 a, uint256 b, uint256 stride, uint256 count, uint32 start) private pure returns (uint32) {
        (bool negative, uint256 magnitude, int256 exponent) = Float32.decode(start);
        if (exponent > 60) return _chainSlow(a, b, stride, count, start);
        int256 total = int256(magnitude << uint256(exponent + 152));
        if (negative) total = -total;
        uint256 bad;
        uint256 wide;
        uint256 firstA = a;
        uint256 firstB = b;
        assembly ("memory-safe") {
            // acc + (−1)^negative·p·2^(s−152), rounded; s is modulo 512.
            function step(acc, p, s, isNegative) -> rounded {
                rounded := shl(s, p)
                // s < 0: what is left of p must not vanish.
                if iszero(rounded) {
                    s := sub(512, s)
                    rounded := or(shr(s, p), lt(0, and(p, sub(shl(s, 1), 1))))
                }
                if isNegative { rounded := sub(0, rounded) }
                rounded := add(acc, rounded)
                // Drop all but 24 bits, and all below 2^−149. In two's complement the same formula rounds both signs to
                // even; −2^r counts one bit less than its magnitude has, but nothing of it can be dropped.
                s := sub(232, clz(xor(rounded, sar(255, rounded))))
                if slt(s, 3) { s := 3 }
                rounded := shl(s, sar(s, add(rounded, add(sub(shl(sub(s, 1), 1), 1), and(sar(s, rounded), 1)))))
            }
            let end := add(a, shl(2, count))
            for {} lt(a, end) {
                a := add(a, 32)
                b := add(b, stride)
            } {
                let wa := mload(a)
                let wb := mload(b)
                if lt(sub(end, a), 32) {
                    // The last word: bytes past the end are zeros.
                    let mask := not(shr(shl(3, sub(end, a)), not(0)))
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
                // As in ExactDot: signs, mantissas, exponent sums, per lane.
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
                    c := shr(23, sub(
                        add(add(fa, fb), 0x0100000001000000010000000100000001000000010000000100000001000000),
                        add(ia, ib)
                    ))
                }
                // Bit 9 of a lane: c > 338, i.e. e > 38; looked at in the end.
                wide := or(wide, add(c, 0x000000ad000000ad000000ad000000ad000000ad000000ad000000ad000000ad))
                // s = c − 148, modulo 512.
                c := add(c, 0x0000016c0000016c0000016c0000016c0000016c0000016c0000016c0000016c)
                {
                    let p := mul(shr(224, ma), shr(224, mb))
                    if p { total := step(total, p, and(shr(224, c), 0x1ff), byte(3, signs)) }
                }
                {
                    let p := mul(and(shr(192, ma), 0xffffff), and(shr(192, mb), 0xffffff))
                    if p { total := step(total, p, and(shr(192, c), 0x1ff), byte(7, signs)) }
                }
                {
                    let p := mul(and(shr(160, ma), 0xffffff), and(shr(160, mb), 0xffffff))
                    if p { total := step(total, p, and(shr(160, c), 0x1ff), byte(11, signs)) }
                }
                {
                    let p := mul(and(shr(128, ma), 0xffffff), and(shr(128, mb), 0xffffff))
                    if p { total := step(total, p, and(shr(128, c), 0x1ff), byte(15, signs)) }
                }
                {
                    let p := mul(and(shr(96, ma), 0xffffff), and(shr(96, mb), 0xffffff))
                    if p { total := step(total, p, and(shr(96, c), 0x1ff), byte(19, signs)) }
                }
                {
                    let p := mul(and(shr(64, ma), 0xffffff), and(shr(64, mb), 0xffffff))
                    if p { total := step(total, p, and(shr(64, c), 0x1ff), byte(23, signs)) }
                }
                {
                    let p := mul(and(shr(32, ma), 0xffffff), and(shr(32, mb), 0xffffff))
                    if p { total := step(total, p, and(shr(32, c), 0x1ff), byte(27, signs)) }
                }
                {
                    let p := mul(and(ma, 0xffffff), and(mb, 0xffffff))
                    if p { total := step(total, p, and(c, 0x1ff), byte(31, signs)) }
                }
            }
        }
        if (bad & SIGNS != 0) revert OperandNotFinite();
        if (wide & BIT_9 != 0) return _chainSlow(firstA, firstB, stride, count, start);
        return total < 0 ? Float32.round(true, uint256(-total), -152) : Float32.round(false, uint256(total), -152);
    }

    /// @dev Any operands. Every one is read, so that a NaN behind an overflow is reported all the same.
    function _chainSlow(uint256 a, uint256 b, uint256 stride, uint256 count, uint32 start) private pure returns (uint32 sum) {
        sum = start;
        bool overflown;
        uint256 step = stride / 8;
        uint256 end = a + 4 * count;
        while (a < end) {
            sum = Float32.fma(_read(a), _read(b), sum);
            if (sum & 0x7f800000 == 0x7f800000) (overflown, sum) = (true, 0);
            assembly {
                a := add(a, 4)
                b := add(b, step)
            }
        }
        if (overflown) return Float32.INFINITY;
    }

    /// @dev Four little-endian bytes.
    function _read(uint256 pointer) private pure returns (uint32 bits) {
        assembly ("memory-safe") {
            let w := shr(224, mload(pointer))
            w := or(and(shr(8, w), 0x00ff00ff), shl(8, and(w, 0x00ff00ff)))
            bits := or(shr(16, w), shl(16, and(w, 0xffff)))
        }
    }
}
