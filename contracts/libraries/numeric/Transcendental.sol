// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float32} from "./Float32.sol";

/// @notice Exp, Tanh, Sigmoid and Erf as the pinned runtime's CPU kernels compute them: straight lines of rounded binary32
/// operations (verifier/numerics/transcendental.ts has the same lines and their decimal constants).
library Transcendental {
    uint32 private constant LOG2_E = 0x3fb8aa3b;
    uint32 private constant MINUS_LN2_HIGH = 0xbf317200;
    uint32 private constant MINUS_LN2_LOW = 0xb5bfbe8e;
    /// @dev 1.5·2^23: adding it rounds to an integer, which can be read off the bits.
    uint32 private constant ROUNDING_BIAS = 0x4b400000;
    uint32 private constant HALF = 0x3f000000;

    /// @notice INFINITY above 88.72….
    function exp(uint32 x) internal pure returns (uint32) {
        x = _clamp(x, 0xc2cff1b5, 0x42b18d73); // −103.97…, 88.77…
        return _exp(x, hex"3ab4a0003c092f6e3d2aadad3e2aaa283efffffb3f8000003f800000");
    }

    function tanh(uint32 x) internal pure returns (uint32) {
        x = _clamp(x, 0xc1100000, 0x41100000); // ±9
        uint32 square = Float32.mul(x, x);
        uint32 numerator = Float32.mul(_horner(hex"a59f25c02a61337eaebd37ff335c00413779434a3a270ded3ba059dc", square), x);
        return Float32.div(numerator, _horner(hex"35a0d3d838f895d63b14aa053ba059dd", square));
    }

    function sigmoid(uint32 x) internal pure returns (uint32) {
        x = _clamp(x, 0xc1900000, 0x41900000); // ±18
        uint32 square = Float32.mul(x, x);
        uint32 numerator = Float32.mul(_horner(hex"2e40355133f84ecb387f413b3c0b7d583e7e3f32", square), x);
        uint32 ratio = Float32.div(numerator, _horner(hex"2b2bc4f531c5f27b36d317dd3adf153f3def3e183f7e3f34", square));
        // Cut off below 0 only: near 18 some results are 1 + 2^−23.
        return Float32.max(0, Float32.add(ratio, HALF));
    }

    function erf(uint32 x) internal pure returns (uint32) {
        uint32 magnitude = Float32.abs(x);
        uint32 result = Float32.less(0x3f6c0000, magnitude) // 0.921875
            ? _erfBig(Float32.min(magnitude, 0x407b3333)) // 3.925
            : _erfSmall(magnitude);
        return x == magnitude ? result : Float32.neg(result);
    }

    function _erfSmall(uint32 magnitude) private pure returns (uint32) {
        uint32 square = Float32.mul(magnitude, magnitude);
        return Float32.fma(_horner(hex"ba1d0d413ba39fa4bcdb45e93de70d23bec093703e0375d3", square), magnitude, magnitude);
    }

    /// @dev 1 − e^−q(a), with its own exponential: other coefficients and no clamp.
    function _erfBig(uint32 magnitude) private pure returns (uint32) {
        uint32 polynomial = _horner(hex"37911480b9c8e9663b7e899bbcc6b1803ddaae583f2285503e03ce86", magnitude);
        uint32 power = Float32.neg(Float32.fma(polynomial, magnitude, magnitude));
        return Float32.sub(Float32.ONE, _exp(power, hex"3ab54c6d3c0939653d2aad103e2aaa173efffffb3f8000003f800000"));
    }

    /// @dev 2^k·p(x − k·ln 2)
    function _exp(uint32 x, bytes memory coefficients) private pure returns (uint32) {
        int256 k = int256(uint256(Float32.fma(x, LOG2_E, ROUNDING_BIAS))) - int256(uint256(ROUNDING_BIAS));
        uint32 rounded = Float32.fromInt(k);
        uint32 r = Float32.fma(rounded, MINUS_LN2_LOW, Float32.fma(rounded, MINUS_LN2_HIGH, x));
        (bool negative, uint256 mantissa, int256 exponent) = Float32.decode(_horner(coefficients, r));
        return Float32.round(negative, mantissa, exponent + k);
    }

    /// @dev The first coefficient, then one fma for each other.
    function _horner(bytes memory coefficients, uint32 x) private pure returns (uint32 value) {
        for (uint256 i = 0; i < coefficients.length; i += 4) {
            uint32 next;
            assembly ("memory-safe") {
                next := shr(224, mload(add(add(coefficients, 32), i)))
            }
            value = i == 0 ? next : Float32.fma(value, x, next);
        }
    }

    function _clamp(uint32 x, uint32 low, uint32 high) private pure returns (uint32) {
        return Float32.max(low, Float32.min(high, x));
    }
}
