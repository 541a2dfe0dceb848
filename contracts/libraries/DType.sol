// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice ONNX element types (docs/protocol.md P0.5).
library DType {
    error UnknownDType(uint8 dtype);

    uint8 internal constant FLOAT32 = 1;
    uint8 internal constant UINT8 = 2;
    uint8 internal constant INT32 = 6;
    uint8 internal constant INT64 = 7;
    uint8 internal constant BOOL = 9;

    /// @notice Bytes per element.
    function size(uint8 dtype) internal pure returns (uint256) {
        if (dtype == FLOAT32 || dtype == INT32) return 4;
        if (dtype == UINT8 || dtype == BOOL) return 1;
        if (dtype == INT64) return 8;
        revert UnknownDType(dtype);
    }
}
