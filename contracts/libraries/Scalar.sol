// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DType} from "./DType.sol";
import {Denormals} from "./numeric/Denormals.sol";
import {Float32} from "./numeric/Float32.sol";

/// @notice One element of a tensor as a word: the element's little-endian bytes read as a number.
library Scalar {
    /// @notice A number that orders words as their values. −0 and +0 are equal; a float32 must not be NaN.
    function order(uint256 word, uint8 dtype) internal pure returns (int256) {
        if (dtype == DType.FLOAT32) return Float32.order(uint32(word));
        if (dtype == DType.INT32) return int32(uint32(word));
        if (dtype == DType.INT64) return int64(uint64(word));
        if (dtype == DType.UINT8 || dtype == DType.BOOL) return int256(word);
        revert DType.UnknownDType(dtype);
    }

    /// @notice A denormal float32, which the gpu column may take for zero.
    function isDenormal(uint256 word, uint8 dtype) internal pure returns (bool) {
        return dtype == DType.FLOAT32 && Denormals.isDenormal(uint32(word));
    }

    /// @notice Numerical equality (−0 = +0).
    function same(uint256 x, uint256 y, uint8 dtype) internal pure returns (bool) {
        return order(x, dtype) == order(y, dtype);
    }

    /// @notice Cast (P5.7): floats truncate toward zero, integers round to the nearest float (ties to even) and wrap when
    /// narrowed, anything but zero is true. A float beyond the target's integers becomes the least of them; a uint8 is made by
    /// way of an int32.
    function cast(uint256 word, uint8 from, uint8 to) internal pure returns (uint256) {
        if (from == to) return word;
        if (to == DType.BOOL) return order(word, from) == 0 ? 0 : 1;
        if (to == DType.FLOAT32) return Float32.fromInt(order(word, from));
        uint256 mask = (1 << (8 * DType.size(to))) - 1;
        if (from != DType.FLOAT32) return uint256(order(word, from)) & mask;
        int256 limit = to == DType.INT64 ? int256(1 << 63) : int256(1 << 31);
        int256 value = Float32.toInt(uint32(word));
        if (value < -limit || value >= limit) value = -limit;
        return uint256(value) & mask;
    }
}
