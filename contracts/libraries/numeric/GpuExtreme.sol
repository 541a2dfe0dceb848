// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Denormals} from "./Denormals.sol";
import {Extreme} from "./Extreme.sol";
import {Float32} from "./Float32.sol";

/// @notice The greatest or least of many packed little-endian float32 values in the gpu column, where each denormal one may be
/// read as itself or as zero (docs/numerics.md N7; verifier/ops/greatest.ts gives the same verdicts).
library GpuExtreme {
    /// @notice Whether `y` may be the greatest (`least`: least) of `count` ≥ 1 values. A normal one stands above all denormals
    /// and zeros. Else it may be zero; and any denormal value on its side of zero, if those beyond it are read as zeros.
    function mayBe(bytes memory data, uint256 offset, uint256 count, bool least, uint32 y) internal pure returns (bool) {
        (, uint32 bits) = Extreme.find(data, offset, count, least);
        if (Float32.equal(bits, y)) return true;
        if (!Denormals.isDenormal(bits)) return false;
        if (Float32.equal(y, 0)) return true;
        bool beyond = least ? Float32.order(bits) < 0 : Float32.order(bits) > 0;
        return beyond && Denormals.isDenormal(y) && (bits ^ y) >> 31 == 0 && _holds(data, offset, count, y);
    }

    /// @notice Whether `index` may be that of the first of the greatest values.
    function mayBeFirst(bytes memory data, uint256 offset, uint256 count, uint256 index) internal pure returns (bool) {
        if (index >= count) return false;
        Extreme.find(data, offset, count, false); // all are finite
        (, uint32 own) = Extreme.find(data, offset + 4 * index, 1, false);
        int256 greatest = Float32.order(own);
        if (Denormals.isDenormal(own) && greatest < 0) greatest = 0;
        return _greatestOfLeast(data, offset, index) < greatest
            && _greatestOfLeast(data, offset + 4 * (index + 1), count - index - 1) <= greatest;
    }

    /// @dev The range was read by `Extreme.find`, so it lies in the data.
    function _holds(bytes memory data, uint256 offset, uint256 count, uint32 bits) private pure returns (bool found) {
        assembly ("memory-safe") {
            // Little-endian, as the values lie there.
            let w := or(and(shr(8, bits), 0x00ff00ff), shl(8, and(bits, 0x00ff00ff)))
            w := or(shr(16, w), shl(16, and(w, 0xffff)))
            let p := add(add(data, 32), offset)
            for { let end := add(p, shl(2, count)) } lt(p, end) { p := add(p, 4) } {
                if eq(shr(224, mload(p)), w) { found := 1 }
            }
        }
    }

    /// @dev Order of the greatest value where each is read as the least that it may be read as; below all orders without values.
    function _greatestOfLeast(bytes memory data, uint256 offset, uint256 count) private pure returns (int256 best) {
        assembly ("memory-safe") {
            best := shl(255, 1)
            let p := add(add(data, 32), offset)
            for { let end := add(p, shl(2, count)) } lt(p, end) { p := add(p, 4) } {
                let w := shr(224, mload(p))
                w := or(and(shr(8, w), 0x00ff00ff), shl(8, and(w, 0x00ff00ff)))
                w := or(shr(16, w), shl(16, and(w, 0xffff)))
                let order := and(w, 0x7fffffff)
                switch shr(31, w)
                case 1 { order := sub(0, order) }
                default { if lt(order, 0x00800000) { order := 0 } }
                if sgt(order, best) { best := order }
            }
        }
    }
}
