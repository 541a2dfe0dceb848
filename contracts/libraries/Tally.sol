// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {Property} from "../types/Job.sol";

/// @notice Right answers, as an evaluation's float32 counter says (docs/protocol.md P5.10, P13.5).
library Tally {
    /// @dev Exponent at which the last bit of the 24-bit significand stands for 1.
    uint256 private constant WHOLE = 150;

    /// @notice Reverts unless the output counts at least as many right answers as the property asks for.
    function check(Property memory property, bytes memory output) internal pure {
        uint256 correct = count(output);
        if (correct < property.minCorrect) revert IResultClaims.PropertyMissed(property.minCorrect, correct);
    }

    /// @notice The whole number below 2²⁴ that four little-endian bytes are as a float32.
    function count(bytes memory output) internal pure returns (uint256 whole) {
        uint32 bits = uint32(uint8(output[0])) | uint32(uint8(output[1])) << 8 | uint32(uint8(output[2])) << 16
            | uint32(uint8(output[3])) << 24;
        if (bits == 0) return 0;
        uint256 exponent = bits >> 23; // with the sign above it: a negative number is beyond 2²⁴
        if (exponent > WHOLE || exponent < WHOLE - 23) revert IResultClaims.NotACount(bits);
        uint256 significand = 1 << 23 | (bits & 0x7fffff);
        whole = significand >> (WHOLE - exponent);
        if (whole << (WHOLE - exponent) != significand) revert IResultClaims.NotACount(bits);
    }
}
