// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WindowAxis} from "../WindowTaps.sol";
import {NodeFalse} from "./NodeFalse.sol";

/// @notice A window over two spatial axes, as Conv, ConvTranspose and MaxPool write it down (docs/protocol.md P5.7).
struct Window {
    uint32[2] kernel;
    uint32[2] strides;
    uint32[4] pads;
    uint32[2] dilations;
    uint32 group;
    uint32[2] outputPadding;
}

/// @notice Attributes in their one encoding (docs/protocol.md P5.7); reverts on any other bytes.
library NodeAttributes {
    uint32 private constant ONE = 0x3f800000;

    function none(bytes memory data) internal pure {
        if (data.length != 0) revert NodeFalse("attributes");
    }

    /// @dev alpha and beta are 1 in every graph.
    function gemm(bytes memory data) internal pure returns (bool transA, bool transB) {
        uint32 alpha;
        uint32 beta;
        (alpha, beta, transA, transB) = abi.decode(data, (uint32, uint32, bool, bool));
        _canonical(data, abi.encode(alpha, beta, transA, transB));
        if (alpha != ONE || beta != ONE) revert NodeFalse("attributes");
    }

    function reduction(bytes memory data) internal pure returns (uint32[] memory axes, bool keepdims) {
        (axes, keepdims) = abi.decode(data, (uint32[], bool));
        _canonical(data, abi.encode(axes, keepdims));
    }

    function argMax(bytes memory data) internal pure returns (uint32 axis, bool keepdims) {
        (axis, keepdims) = abi.decode(data, (uint32, bool));
        _canonical(data, abi.encode(axis, keepdims));
    }

    function axisOf(bytes memory data) internal pure returns (uint32 axis) {
        axis = abi.decode(data, (uint32));
        _canonical(data, abi.encode(axis));
    }

    function list(bytes memory data) internal pure returns (uint32[] memory items) {
        items = abi.decode(data, (uint32[]));
        _canonical(data, abi.encode(items));
    }

    function slice(bytes memory data) internal pure returns (uint32[] memory starts, int32[] memory steps) {
        (starts, steps) = abi.decode(data, (uint32[], int32[]));
        _canonical(data, abi.encode(starts, steps));
    }

    /// @param kernel of the filters
    function conv(bytes memory data, uint32[2] memory kernel) internal pure returns (Window memory w) {
        (w.strides, w.pads, w.dilations, w.group, w.outputPadding) =
            abi.decode(data, (uint32[2], uint32[4], uint32[2], uint32, uint32[2]));
        w.kernel = kernel;
        _canonical(data, abi.encode(w.strides, w.pads, w.dilations, w.group, w.outputPadding));
    }

    function pool(bytes memory data) internal pure returns (Window memory w) {
        (w.kernel, w.strides, w.pads, w.dilations) = abi.decode(data, (uint32[2], uint32[2], uint32[4], uint32[2]));
        _canonical(data, abi.encode(w.kernel, w.strides, w.pads, w.dilations));
    }

    /// @notice One spatial axis (0: rows, 1: columns) of an image [N, C, H, W] under the window.
    function axisAt(Window memory w, uint32[] memory image, uint256 i) internal pure returns (WindowAxis memory) {
        return WindowAxis(image[2 + i], w.kernel[i], w.strides[i], w.dilations[i], w.pads[i]);
    }

    function _canonical(bytes memory data, bytes memory again) private pure {
        if (keccak256(data) != keccak256(again)) revert NodeFalse("attributes");
    }
}
