// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice One spatial axis of a window that slides over an image, or spreads into one. Tap k of window position o lies at
/// o·stride + k·dilation − begin of the image.
struct WindowAxis {
    uint256 size;
    uint256 kernel;
    uint256 stride;
    uint256 dilation;
    uint256 begin;
}

/// @notice The taps that lie in the image, ascending in k, and the range of positions they cover.
struct Taps {
    uint256[] k;
    uint256[] at;
    uint256 first;
    uint256 span;
}

/// @notice Which positions one output position reads along an axis (verifier/ops/window.ts has the same).
library WindowTaps {
    /// @notice What window position `o` reads.
    function reads(WindowAxis memory axis, uint256 o) internal pure returns (Taps memory taps) {
        taps = _empty(axis.kernel);
        uint256 count;
        for (uint256 k = 0; k < axis.kernel; ++k) {
            uint256 padded = o * axis.stride + k * axis.dilation;
            if (padded < axis.begin || padded - axis.begin >= axis.size) continue;
            (taps.k[count], taps.at[count]) = (k, padded - axis.begin);
            ++count;
        }
        _finish(taps, count);
    }

    /// @notice The positions whose spread windows cover output position `o` (ConvTranspose).
    function covers(WindowAxis memory axis, uint256 o) internal pure returns (Taps memory taps) {
        taps = _empty(axis.kernel);
        uint256 count;
        for (uint256 k = 0; k < axis.kernel; ++k) {
            uint256 padded = o + axis.begin;
            uint256 back = k * axis.dilation;
            if (padded < back || (padded - back) % axis.stride != 0) continue;
            uint256 at = (padded - back) / axis.stride;
            if (at >= axis.size) continue;
            (taps.k[count], taps.at[count]) = (k, at);
            ++count;
        }
        _finish(taps, count);
    }

    function _empty(uint256 kernel) private pure returns (Taps memory taps) {
        taps.k = new uint256[](kernel);
        taps.at = new uint256[](kernel);
    }

    /// @dev Shortens the lists to what they hold. Positions ascend or descend with k.
    function _finish(Taps memory taps, uint256 count) private pure {
        uint256[] memory k = taps.k;
        uint256[] memory at = taps.at;
        assembly ("memory-safe") {
            mstore(k, count)
            mstore(at, count)
        }
        if (count == 0) return;
        (uint256 low, uint256 high) = at[0] < at[count - 1] ? (at[0], at[count - 1]) : (at[count - 1], at[0]);
        (taps.first, taps.span) = (low, high - low + 1);
    }
}
