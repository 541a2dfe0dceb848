// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITolerantSums, TolerantSum} from "../../interfaces/ITolerantSums.sol";
import {Denormals} from "../../libraries/numeric/Denormals.sol";
import {ExactDot} from "../../libraries/numeric/ExactDot.sol";
import {GpuTolerance} from "../../libraries/numeric/GpuTolerance.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Wide} from "../../libraries/numeric/Wide.sol";

/// @notice Compares claimed sums with the exact ones.
contract TolerantSums is ITolerantSums {
    /// @inheritdoc ITolerantSums
    function mayBe(TolerantSum calldata sum) external pure returns (bool) {
        TolerantSum memory s = sum;
        bool ones = s.b.length == 0;
        ExactDot.Sum memory exact =
            ones ? ExactDot.sum(s.a, s.aOffset, s.count) : ExactDot.dot(s.a, s.aOffset, s.b, s.bOffset, s.count);
        ExactDot.plus(exact, s.bias);
        if (!s.gpu) return Tolerance.dot(exact, s.count, s.additions, s.claimed);
        Wide.Uint512 memory denormal =
            ones ? Denormals.sum(s.a, s.aOffset, s.count) : Denormals.dot(s.a, s.aOffset, s.b, s.bOffset, s.count);
        return GpuTolerance.dot(exact, Denormals.plus(denormal, s.bias), s.count, s.claimed);
    }
}
