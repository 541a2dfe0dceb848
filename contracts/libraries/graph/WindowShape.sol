// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeAttributes, Window} from "./NodeAttributes.sol";
import {NodeFalse} from "./NodeFalse.sol";

/// @notice How many positions a window has, and how far it reaches, without walking over it: kernels may be any uint32
/// (verifier/ops/window.ts and verifier/model/worst-reads.ts have the same).
library WindowShape {
    /// @notice Reverts unless kernel, strides and dilations are at least 1.
    function check(Window memory w) internal pure {
        for (uint256 i = 0; i < 2; ++i) {
            if (w.kernel[i] == 0 || w.strides[i] == 0 || w.dilations[i] == 0) revert NodeFalse("attributes");
        }
    }

    /// @notice Positions that the window takes along an axis; at least 1.
    function positions(Window memory w, uint32[] memory image, uint256 i) internal pure returns (uint256) {
        uint256 padded = uint256(image[2 + i]) + w.pads[i] + w.pads[2 + i];
        uint256 covered = uint256(w.dilations[i]) * (w.kernel[i] - 1) + 1;
        if (padded < covered) revert NodeFalse("shape");
        return (padded - covered) / w.strides[i] + 1;
    }

    /// @notice Size of what a transposed window makes of an axis; at least 1.
    function spread(Window memory w, uint32[] memory image, uint256 i) internal pure returns (uint256) {
        int256 size = (int256(uint256(image[2 + i])) - 1) * int256(uint256(w.strides[i]))
            + int256(uint256(w.dilations[i]) * (w.kernel[i] - 1) + 1) - int256(uint256(w.pads[i]) + w.pads[2 + i])
            + int256(uint256(w.outputPadding[i]));
        if (size < 1) revert NodeFalse("shape");
        return uint256(size);
    }

    /// @notice Whether position `o` reads anything of the axis.
    function isFilled(Window memory w, uint32[] memory image, uint256 i, uint256 o) internal pure returns (bool) {
        uint256 size = image[2 + i];
        uint256 start = o * w.strides[i];
        uint256 begin = w.pads[i];
        if (size == 0 || start > begin + size - 1) return false;
        // Taps k with begin ≤ start + k·dilation ≤ begin + size − 1.
        uint256 dilation = w.dilations[i];
        uint256 first = start >= begin ? 0 : (begin - start + dilation - 1) / dilation;
        return first < w.kernel[i] && start + first * dilation <= begin + size - 1;
    }

    /// @notice Most taps of one position that lie in the image, and elements from the first to the last of them, as a bound.
    function reach(Window memory w, uint32[] memory image, uint256 i) internal pure returns (uint256 taps, uint256 span) {
        uint256 dilation = w.dilations[i];
        taps = _least(w.kernel[i], (uint256(image[2 + i]) + dilation - 1) / dilation);
        span = taps == 0 ? 0 : (taps - 1) * dilation + 1;
    }

    /// @notice The same of a transposed window: every (stride / gcd)-th tap has a position, dilation / gcd apart.
    function reachBack(Window memory w, uint32[] memory image, uint256 i)
        internal
        pure
        returns (uint256 taps, uint256 span)
    {
        uint256 size = image[2 + i];
        uint256 divisor = _gcd(w.strides[i], w.dilations[i]);
        uint256 every = w.strides[i] / divisor;
        taps = _least((uint256(w.kernel[i]) + every - 1) / every, size);
        span = taps == 0 ? 0 : _least(size, (taps - 1) * (w.dilations[i] / divisor) + 1);
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _gcd(uint256 a, uint256 b) private pure returns (uint256) {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }
}
