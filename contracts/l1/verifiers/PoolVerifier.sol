// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {DType} from "../../libraries/DType.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Taps, WindowAxis, WindowTaps} from "../../libraries/WindowTaps.sol";
import {Extreme} from "../../libraries/numeric/Extreme.sol";
import {GpuExtreme} from "../../libraries/numeric/GpuExtreme.sol";
import {Packed} from "../../libraries/numeric/Packed.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Node, Value} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice MaxPool of images [N, C, H, W]: the greatest element of one window, in both profiles. One opening per row of it.
contract PoolVerifier is ElementVerifier {
    using StepReader for Step;

    error BadShape();

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        if (node.op != OpCode.MAX_POOL) revert NotMyOp(node.op);
        _requireOperands(node, 1);
        Value memory x = node.inputs[0].value;
        if (x.dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, x.dtype);
        (uint256 plane, Taps memory rows, Taps memory columns) = _window(node, element.index);
        uint256 across = columns.k.length;
        uint256 count = rows.k.length * across;
        if (count == 0) revert BadShape();
        bytes memory values = Packed.zeros(count);
        for (uint256 i = 0; i < rows.k.length; ++i) {
            uint256 first = (plane * x.shape[2] + rows.at[i]) * x.shape[3] + columns.first;
            (bytes memory row, uint256 offset) = step.read(x, first, columns.span);
            for (uint256 j = 0; j < across; ++j) {
                uint256 at = offset + 4 * (columns.at[j] - columns.first);
                Packed.place(row, at, values, i * across + j, 1, 1);
            }
        }
        if (element.gpu) return !GpuExtreme.mayBe(values, 0, count, false, uint32(element.claimed));
        (, uint32 bits) = Extreme.find(values, 0, count, false);
        return !Tolerance.equal(bits, uint32(element.claimed));
    }

    function _window(Node memory node, uint256 element)
        private
        pure
        returns (uint256 plane, Taps memory rows, Taps memory columns)
    {
        (uint32[2] memory kernel, uint32[2] memory strides, uint32[4] memory pads, uint32[2] memory dilations) =
            abi.decode(node.attributes, (uint32[2], uint32[2], uint32[4], uint32[2]));
        uint32[] memory x = node.inputs[0].value.shape;
        uint32[] memory output = node.outputs[0].shape;
        if (x.length != 4 || output.length != 4 || x[0] != output[0] || x[1] != output[1]) revert BadShape();
        uint256[] memory index = IndexMath.unravel(element, output);
        plane = index[0] * x[1] + index[1];
        rows = WindowTaps.reads(WindowAxis(x[2], kernel[0], strides[0], dilations[0], pads[0]), index[2]);
        columns = WindowTaps.reads(WindowAxis(x[3], kernel[1], strides[1], dilations[1], pads[1]), index[3]);
    }
}
