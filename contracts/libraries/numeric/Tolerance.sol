// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExactDot} from "./ExactDot.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Float32} from "./Float32.sol";
import {Wide} from "./Wide.sol";

/// @notice The verdicts of the tolerant profile's CPU column on one element: true iff `y` may be the result
/// (docs/numerics.md; verifier/numerics/{exact-dot,elementwise,tolerance}.ts give the same verdicts). u = 2^−24. Operands must
/// be finite; an infinite or NaN `y` is never accepted.
library Tolerance {
    using Wide for Wide.Uint512;

    uint256 private constant EXTRA_ROUNDINGS = 3; // bias, scaling, mean

    /// @notice Most additions on one path of the CPU runtime's Gemm and MatMul, at any number of threads.
    function gemmAdditions(uint256 count) internal pure returns (uint256) {
        uint256 blocked = 1024 + (count + 127) / 128;
        return count < blocked ? count : blocked;
    }

    /// @notice |y − S| ≤ γ_m·A + n·2^−149, m = additions + 3, γ_m = m/q, q = 2^24 − m. With P and N the sums of positive and
    /// of negative terms: |(y⁺ + N) − (y⁻ + P)|·q ≤ m·A + n·2^−149·q, all in units of 2^−298.
    /// @param count n, the number of products.
    /// @param additions most additions on one path; `count` if the order is free.
    function dot(ExactDot.Sum memory exact, uint256 count, uint256 additions, uint32 y) internal pure returns (bool) {
        if (exact.overflows || !Float32.isFinite(y)) return false;
        uint256 m = additions + EXTRA_ROUNDINGS;
        uint256 q = (1 << 24) - m;
        Wide.Uint512 memory slack = exact.absolute.mul(m).add(Wide.shifted(count * q, 149));
        return !slack.less(distance(exact, y).mul(q));
    }

    /// @notice |y − S| in units of 2^−298.
    function distance(ExactDot.Sum memory exact, uint32 y) internal pure returns (Wide.Uint512 memory) {
        Wide.Uint512 memory left = exact.negative;
        Wide.Uint512 memory right = exact.absolute.sub(exact.negative);
        (bool negative, uint256 mantissa, int256 exponent) = Float32.decode(y);
        Wide.Uint512 memory result = Wide.shifted(mantissa, uint256(exponent + 298));
        if (negative) right = right.add(result);
        else left = left.add(result);
        return left.less(right) ? right.sub(left) : left.sub(right);
    }

    /// @notice Add, Sub, Mul, Div, Sqrt, Reciprocal: the correctly rounded result, give or take 2^−149.
    function rounded(uint32 result, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(result) || !Float32.isFinite(y)) return false;
        int256 steps = Float32.order(result) - Float32.order(y);
        if (steps == 0) return true;
        // Neighbours are 2^−149 apart up to 2^−125.
        return (steps == 1 || steps == -1) && Float32.min(Float32.abs(result), Float32.abs(y)) < 0x01000000;
    }

    /// @notice Movement, comparison, selection, Relu, Neg, Abs, Cast: equality, −0 = +0.
    function equal(uint32 result, uint32 y) internal pure returns (bool) {
        return Float32.isFinite(y) && Float32.equal(result, y);
    }

    /// @notice 4u relative.
    function exp(uint32 x, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(y)) return false;
        int256 order = Float32.order(x);
        if (order >= 0x43000000) return false; // 128
        if (order <= -0x43000000) return Float32.abs(y) <= 2; // e^x < 2^−184
        FixedPoint.Enclosure memory exact = FixedPoint.exp(x);
        int256 unit = exact.exponent - 22;
        int256 underflow = unit <= -149 ? int256(1) << uint256(-149 - unit) : int256(1);
        return within(exact, 22, exact.value + exact.radius + underflow, y);
    }

    /// @notice 8u·max(|log x|, 2^−10)
    function log(uint32 x, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(y) || Float32.order(x) <= 0) return false;
        FixedPoint.Enclosure memory exact = FixedPoint.log(x);
        int256 magnitude = (exact.value < 0 ? -exact.value : exact.value) + exact.radius;
        return within(exact, 21, (magnitude > 1 << 86 ? magnitude : int256(1 << 86)) + 1, y);
    }

    /// @notice 8u
    function tanh(uint32 x, uint32 y) internal pure returns (bool) {
        return Float32.isFinite(y) && within(FixedPoint.tanh(x), 0, (1 << 75) + 1, y);
    }

    /// @notice 4u
    function sigmoid(uint32 x, uint32 y) internal pure returns (bool) {
        return Float32.isFinite(y) && within(FixedPoint.sigmoid(x), 0, (1 << 74) + 1, y);
    }

    /// @notice 8u
    function erf(uint32 x, uint32 y) internal pure returns (bool) {
        return Float32.isFinite(y) && within(FixedPoint.erf(x), 0, (1 << 75) + 1, y);
    }

    /// @notice value − radius − slack ≤ y ≤ value + radius + slack, the slack in units that are 2^−moreBits of the enclosure's.
    function within(FixedPoint.Enclosure memory exact, uint256 moreBits, int256 slack, uint32 y) internal pure returns (bool) {
        (bool negative, uint256 mantissa, int256 exponent) = Float32.decode(y);
        int256 signed = negative ? -int256(mantissa) : int256(mantissa);
        int256 unit = exact.exponent - int256(moreBits);
        int256 low = ((exact.value - exact.radius) << moreBits) - slack;
        int256 high = ((exact.value + exact.radius) << moreBits) + slack;
        return !_less(signed, exponent, low, unit) && !_less(high, unit, signed, exponent);
    }

    /// @dev m·2^e < n·2^f
    function _less(int256 m, int256 e, int256 n, int256 f) private pure returns (bool) {
        if (m <= 0 || n <= 0) {
            if (m >= 0 || n >= 0) return m < n;
            return _less(-n, f, -m, e);
        }
        // Both positive: the higher leading bit decides; if they are level, shifting one over the other's unit keeps its size.
        int256 d;
        assembly {
            d := sub(sub(f, e), sub(clz(n), clz(m)))
        }
        if (d != 0) return d > 0;
        return f > e ? m < n << uint256(f - e) : m << uint256(e - f) < n;
    }
}
