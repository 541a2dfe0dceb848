// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExactDot} from "../../../../contracts/libraries/numeric/ExactDot.sol";
import {Float32} from "../../../../contracts/libraries/numeric/Float32.sol";
import {FixedPoint} from "../../../../contracts/libraries/numeric/FixedPoint.sol";
import {Replay} from "../../../../contracts/libraries/numeric/Replay.sol";
import {Tolerance} from "../../../../contracts/libraries/numeric/Tolerance.sol";
import {Transcendental} from "../../../../contracts/libraries/numeric/Transcendental.sol";

/// @notice Opens the numeric libraries to tests.
contract NumericHarness {
    function exactDot(bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count)
        external
        pure
        returns (ExactDot.Sum memory)
    {
        return ExactDot.dot(a, aOffset, b, bOffset, count);
    }

    function exactSum(bytes memory a, uint256 aOffset, uint256 count) external pure returns (ExactDot.Sum memory) {
        return ExactDot.sum(a, aOffset, count);
    }

    function acceptsDot(bytes memory a, bytes memory b, uint32 bias, uint256 additions, uint32[] memory ys)
        external
        pure
        returns (bool[] memory accepted)
    {
        ExactDot.Sum memory exact = ExactDot.dot(a, 0, b, 0, a.length / 4);
        ExactDot.plus(exact, bias);
        accepted = new bool[](ys.length);
        for (uint256 i = 0; i < ys.length; ++i) accepted[i] = Tolerance.dot(exact, a.length / 4, additions, ys[i]);
    }

    function acceptsSum(bytes memory a, uint256 additions, uint32[] memory ys) external pure returns (bool[] memory accepted) {
        ExactDot.Sum memory exact = ExactDot.sum(a, 0, a.length / 4);
        accepted = new bool[](ys.length);
        for (uint256 i = 0; i < ys.length; ++i) accepted[i] = Tolerance.dot(exact, a.length / 4, additions, ys[i]);
    }

    function gemmAdditions(uint256 count) external pure returns (uint256) {
        return Tolerance.gemmAdditions(count);
    }

    function strictDot(bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count, Replay.Order memory order)
        external
        pure
        returns (uint32)
    {
        return Replay.dot(a, aOffset, b, bOffset, count, order);
    }

    function serialSum(bytes memory a, uint256 aOffset, uint256 count, uint32 start) external pure returns (uint32) {
        return Replay.serialSum(a, aOffset, count, start);
    }

    /// @return results per pair: x + y, x − y, x·y, x/y, √x, max, min
    function arithmetic(uint32[] memory x, uint32[] memory y) external pure returns (uint32[7][] memory results) {
        results = new uint32[7][](x.length);
        for (uint256 i = 0; i < x.length; ++i) {
            results[i] = [
                Float32.add(x[i], y[i]),
                Float32.sub(x[i], y[i]),
                Float32.mul(x[i], y[i]),
                Float32.div(x[i], y[i]),
                Float32.sqrt(x[i]),
                Float32.max(x[i], y[i]),
                Float32.min(x[i], y[i])
            ];
        }
    }

    function fma(uint32[] memory x, uint32[] memory y, uint32[] memory z) external pure returns (uint32[] memory results) {
        results = new uint32[](x.length);
        for (uint256 i = 0; i < x.length; ++i) results[i] = Float32.fma(x[i], y[i], z[i]);
    }

    /// @return results per pair: x < y, x = y
    function comparisons(uint32[] memory x, uint32[] memory y) external pure returns (bool[2][] memory results) {
        results = new bool[2][](x.length);
        for (uint256 i = 0; i < x.length; ++i) results[i] = [Float32.less(x[i], y[i]), Float32.equal(x[i], y[i])];
    }

    function toInt(uint32 x) external pure returns (int256) {
        return Float32.toInt(x);
    }

    function fromInt(int256 value) external pure returns (uint32) {
        return Float32.fromInt(value);
    }

    /// @param f 0 exp, 1 tanh, 2 sigmoid, 3 erf
    function replay(uint256 f, uint32[] memory x) external pure returns (uint32[] memory results) {
        results = new uint32[](x.length);
        for (uint256 i = 0; i < x.length; ++i) {
            results[i] = f == 0
                ? Transcendental.exp(x[i])
                : f == 1 ? Transcendental.tanh(x[i]) : f == 2 ? Transcendental.sigmoid(x[i]) : Transcendental.erf(x[i]);
        }
    }

    /// @param f 0 exp, 1 tanh, 2 sigmoid, 3 erf, 4 log
    function enclosure(uint256 f, uint32 x) external pure returns (FixedPoint.Enclosure memory) {
        if (f == 0) return FixedPoint.exp(x);
        if (f == 1) return FixedPoint.tanh(x);
        if (f == 2) return FixedPoint.sigmoid(x);
        if (f == 3) return FixedPoint.erf(x);
        return FixedPoint.log(x);
    }

    /// @param f 0 exp, 1 tanh, 2 sigmoid, 3 erf, 4 log, 5 rounded (x is the result), 6 equal (x is the result)
    function accepts(uint256 f, uint32[] memory x, uint32[] memory y) external pure returns (bool[] memory accepted) {
        accepted = new bool[](x.length);
        for (uint256 i = 0; i < x.length; ++i) {
            if (f == 0) accepted[i] = Tolerance.exp(x[i], y[i]);
            else if (f == 1) accepted[i] = Tolerance.tanh(x[i], y[i]);
            else if (f == 2) accepted[i] = Tolerance.sigmoid(x[i], y[i]);
            else if (f == 3) accepted[i] = Tolerance.erf(x[i], y[i]);
            else if (f == 4) accepted[i] = Tolerance.log(x[i], y[i]);
            else if (f == 5) accepted[i] = Tolerance.rounded(x[i], y[i]);
            else accepted[i] = Tolerance.equal(x[i], y[i]);
        }
    }
}
