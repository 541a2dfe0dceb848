// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float32} from "./Float32.sol";

/// @notice Enclosures of exp, log, tanh, sigmoid and erf in units of 2^−96: the same integers as
/// verifier/numerics/exact.ts, by the same operations in the same order. Error bounds: docs/numerics.md.
/// @dev `>>` on int256 rounds down, `/` towards zero. No intermediate exceeds 2^251; sizes stand at the widest.
library FixedPoint {
    /// @notice The exact value lies in (value ± radius)·2^exponent.
    struct Enclosure {
        int256 value;
        int256 radius;
        int256 exponent;
    }

    int256 internal constant ONE = 1 << 96;
    int256 private constant LN2 = 0xb17217f7d1cf79abc9e3b398; // ⌊ln 2 · 2^96⌋
    int256 private constant TWO_OVER_SQRT_PI = 0x120dd750429b6d11ae3a914fe; // ⌊2/√π · 2^96⌋
    int256 private constant SQRT2 = 11863283; // ⌊√2 · 2^23⌋

    int256 private constant EXP_RADIUS = 1 << 10;
    int256 private constant LOG_RADIUS = 1 << 10;
    int256 private constant SIGMOID_RADIUS = 1 << 11;
    int256 private constant ERF_RADIUS = 1 << 20;
    int256 private constant ERF_TAIL_RADIUS = 1 << 41; // 1 − erf 6 < 2^−55

    int256 private constant SIGMOID_LIMIT = 64 << 96;
    int256 private constant ERF_LIMIT = 6 << 96;

    /// @notice e^x for |x| < 128.
    function exp(uint32 x) internal pure returns (Enclosure memory) {
        (int256 value, int256 k) = _exp(_fixed(x));
        return Enclosure(value, EXP_RADIUS, k - 96);
    }

    /// @notice log x for x > 0: x = f·2^e, f in [√½, √2), log f = 2·atanh((f − 1)/(f + 1)).
    function log(uint32 x) internal pure returns (Enclosure memory) {
        (, uint256 magnitude, int256 e) = Float32.decode(x);
        unchecked {
            int256 f = int256(magnitude);
            while (f < 1 << 23) {
                f <<= 1;
                --e;
            }
            int256 one = 1 << 23;
            e += 23;
            if (f > SQRT2) {
                one <<= 1;
                ++e;
            }
            int256 t = ((f - one) << 96) / (f + one);
            int256 square = (t * t) >> 96;
            int256 series = ONE / 37;
            for (int256 divisor = 35; divisor > 0; divisor -= 2) series = ONE / divisor + ((square * series) >> 96);
            return Enclosure(2 * ((t * series) >> 96) + e * LN2, LOG_RADIUS, -96);
        }
    }

    /// @notice sign · (1 − 2/(e^2|x| + 1))
    function tanh(uint32 x) internal pure returns (Enclosure memory) {
        int256 magnitude = ONE - 2 * _logisticComplement(2 * _fixed(Float32.abs(x)));
        return Enclosure(_isNegative(x) ? -magnitude : magnitude, SIGMOID_RADIUS, -96);
    }

    function sigmoid(uint32 x) internal pure returns (Enclosure memory) {
        int256 complement = _logisticComplement(_fixed(Float32.abs(x)));
        return Enclosure(_isNegative(x) ? complement : ONE - complement, SIGMOID_RADIUS, -96);
    }

    /// @notice 2/√π · e^(−x²) · Σ (2x²)^n·x / (1·3·…·(2n+1))
    function erf(uint32 x) internal pure returns (Enclosure memory) {
        int256 magnitude = _fixed(Float32.abs(x));
        int256 sign = _isNegative(x) ? -1 : int256(1);
        if (magnitude >= ERF_LIMIT) return Enclosure(sign * ONE, ERF_TAIL_RADIUS, -96);
        unchecked {
            int256 square = (magnitude * magnitude) >> 96;
            int256 term = magnitude;
            int256 sum = 0; // < 2^149
            for (int256 divisor = 3; term != 0; divisor += 2) {
                sum += term;
                term = ((term * square * 2) >> 96) / divisor; // 2^148 · 2^103
            }
            (int256 value, int256 k) = _exp(-square);
            int256 product = (sum * value) >> uint256(96 - k); // k ≤ 0
            return Enclosure(sign * ((product * TWO_OVER_SQRT_PI) >> 96), ERF_RADIUS, -96);
        }
    }

    /// @dev e^(x·2^−96) = value·2^(k−96), for |x| < 2^103.
    function _exp(int256 x) private pure returns (int256 value, int256 k) {
        unchecked {
            k = (x + LN2 / 2 + 256 * LN2) / LN2 - 256; // shifted, so that the division rounds down
            int256 r = x - k * LN2;
            value = ONE;
            for (int256 n = 20; n > 0; --n) value = ONE + ((r * value) >> 96) / n;
        }
    }

    /// @dev 1/(e^x + 1) for x ≥ 0
    function _logisticComplement(int256 x) private pure returns (int256) {
        if (x >= SIGMOID_LIMIT) return 0;
        (int256 value, int256 k) = _exp(x);
        return (ONE * ONE) / ((value << uint256(k)) + ONE);
    }

    /// @dev ⌊x·2^96⌋; below 2^224
    function _fixed(uint32 x) private pure returns (int256) {
        (bool negative, uint256 mantissa, int256 exponent) = Float32.decode(x);
        int256 signed = negative ? -int256(mantissa) : int256(mantissa);
        return exponent >= -96 ? signed << uint256(exponent + 96) : signed >> uint256(-96 - exponent);
    }

    /// @notice ⌊|x|·2^96⌋; below 2^224
    function fixedAbs(uint32 x) internal pure returns (int256) {
        return _fixed(Float32.abs(x));
    }

    function _isNegative(uint32 x) private pure returns (bool) {
        return Float32.order(x) < 0;
    }
}
