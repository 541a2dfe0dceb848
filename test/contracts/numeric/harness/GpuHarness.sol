// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Denormals} from "../../../../contracts/libraries/numeric/Denormals.sol";
import {ExactDot} from "../../../../contracts/libraries/numeric/ExactDot.sol";
import {GpuExtreme} from "../../../../contracts/libraries/numeric/GpuExtreme.sol";
import {GpuTolerance} from "../../../../contracts/libraries/numeric/GpuTolerance.sol";
import {Wide} from "../../../../contracts/libraries/numeric/Wide.sol";

/// @notice Opens the libraries of the gpu column to tests.
contract GpuHarness {
    /// @param f 0 exp, 1 tanh, 2 sigmoid, 3 erf, 4 log, 5 root, 6 rounded (x is the result), 7 equal (x is the result), 8 x/z
    function accepts(uint256 f, uint32[] memory x, uint32[] memory z, uint32[] memory y)
        external
        pure
        returns (bool[] memory accepted)
    {
        accepted = new bool[](x.length);
        for (uint256 i = 0; i < x.length; ++i) {
            if (f == 0) accepted[i] = GpuTolerance.exp(x[i], y[i]);
            else if (f == 1) accepted[i] = GpuTolerance.tanh(x[i], y[i]);
            else if (f == 2) accepted[i] = GpuTolerance.sigmoid(x[i], y[i]);
            else if (f == 3) accepted[i] = GpuTolerance.erf(x[i], y[i]);
            else if (f == 4) accepted[i] = GpuTolerance.log(x[i], y[i]);
            else if (f == 5) accepted[i] = GpuTolerance.root(x[i], y[i]);
            else if (f == 6) accepted[i] = GpuTolerance.rounded(x[i], y[i]);
            else if (f == 7) accepted[i] = GpuTolerance.equal(x[i], y[i]);
            else accepted[i] = GpuTolerance.quotient(x[i], z[i], y[i]);
        }
    }

    /// @return In units of 2^−298.
    function denormalTerms(bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count)
        external
        pure
        returns (Wide.Uint512 memory)
    {
        return Denormals.dot(a, aOffset, b, bOffset, count);
    }

    function acceptsDot(bytes memory a, bytes memory b, uint32 bias, uint32[] memory ys)
        external
        pure
        returns (bool[] memory accepted)
    {
        uint256 count = a.length / 4;
        ExactDot.Sum memory exact = ExactDot.dot(a, 0, b, 0, count);
        ExactDot.plus(exact, bias);
        Wide.Uint512 memory denormal = Denormals.plus(Denormals.dot(a, 0, b, 0, count), bias);
        accepted = new bool[](ys.length);
        for (uint256 i = 0; i < ys.length; ++i) accepted[i] = GpuTolerance.dot(exact, denormal, count, ys[i]);
    }

    function acceptsSum(bytes memory a, uint32[] memory ys) external pure returns (bool[] memory accepted) {
        uint256 count = a.length / 4;
        ExactDot.Sum memory exact = ExactDot.sum(a, 0, count);
        Wide.Uint512 memory denormal = Denormals.sum(a, 0, count);
        accepted = new bool[](ys.length);
        for (uint256 i = 0; i < ys.length; ++i) accepted[i] = GpuTolerance.dot(exact, denormal, count, ys[i]);
    }

    function mayBe(bytes memory data, bool least, uint32[] memory ys) external pure returns (bool[] memory accepted) {
        accepted = new bool[](ys.length);
        for (uint256 i = 0; i < ys.length; ++i) accepted[i] = GpuExtreme.mayBe(data, 0, data.length / 4, least, ys[i]);
    }

    function mayBeFirst(bytes memory data) external pure returns (bool[] memory accepted) {
        accepted = new bool[](data.length / 4 + 1);
        for (uint256 i = 0; i < accepted.length; ++i) accepted[i] = GpuExtreme.mayBeFirst(data, 0, data.length / 4, i);
    }
}
