// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITolerantSums, TolerantSum} from "../../interfaces/ITolerantSums.sol";
import {DType} from "../../libraries/DType.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Taps, WindowAxis, WindowTaps} from "../../libraries/WindowTaps.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {Packed} from "../../libraries/numeric/Packed.sol";
import {Replay} from "../../libraries/numeric/Replay.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Node, Operand} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice Conv and ConvTranspose of images [N, C, H, W]: one window of X times one filter. X is read through its layout
/// [N, H·W, C], row by row of the window (docs/protocol.md P7.8). `strict` replays the kernel's order (docs/numerics.md N2.7,
/// N2.8); `tolerant` compares with the exact sum.
contract ConvVerifier is ElementVerifier {
    using StepReader for Step;

    error BadShape();

    ITolerantSums private immutable SUMS;

    constructor(ITolerantSums sums) {
        SUMS = sums;
    }

    /// @dev One element: its window, and how X and the filters are divided.
    struct Window {
        uint256 images;
        uint256 channels;
        uint256 positions;
        uint256 width;
        /// Channels per group.
        uint256 own;
        uint256 group;
        uint256 groups;
        uint256 image;
        /// The output's channel.
        uint256 filter;
        uint256 kernelWidth;
        /// Products of a whole window.
        uint256 terms;
        Taps rows;
        Taps columns;
    }

    /// @dev What the openings deliver: a range of X per row of taps, the filter, the bias.
    struct Operands {
        bytes[] x;
        uint256[] offsets;
        bytes filter;
        uint256 filterOffset;
        bool hasBias;
        uint32 bias;
    }

    /// @dev The products in the order in which they are added: `chains` chains of `chain` factors, x from its first byte on.
    struct Factors {
        bytes x;
        bytes w;
        uint256 offset;
        uint256 count;
        uint256 chains;
        uint256 chain;
    }

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        if (node.inputs.length != 3) _requireOperands(node, 2);
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            uint8 dtype = node.inputs[i].value.dtype;
            if (dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, dtype);
        }
        bool transposed = node.op == OpCode.CONV_TRANSPOSE;
        if (!transposed && node.op != OpCode.CONV) revert NotMyOp(node.op);
        Window memory window = _window(node, element.index, transposed);
        Operands memory operands = _read(step, node, window, transposed);
        Factors memory factors = transposed ? _spread(window, operands) : _column(window, operands);
        uint32 claimed = uint32(element.claimed);
        if (element.tolerant) {
            uint256 additions = Tolerance.gemmAdditions(factors.chain) + (transposed ? factors.chains : 0);
            return !SUMS.mayBe(
                TolerantSum(
                    factors.w,
                    factors.offset,
                    factors.x,
                    0,
                    factors.count,
                    operands.bias,
                    additions,
                    element.gpu,
                    claimed
                )
            );
        }
        uint32[] memory shape = node.outputs[0].shape;
        uint256 columns = transposed ? window.positions : uint256(shape[2]) * shape[3];
        uint32 sum = _replay(factors, Replay.blockLength(columns, factors.chain, transposed));
        if (!Float32.isFinite(sum)) return true;
        return !Float32.equal(operands.hasBias ? Float32.add(sum, operands.bias) : sum, claimed);
    }

    /// @dev Chain by chain, each blocked as a MatMul's, added to the sum with one rounding.
    function _replay(Factors memory factors, uint256 blockLength) private pure returns (uint32 sum) {
        Replay.Order memory order = Replay.Order(blockLength, Float32.ONE, 0, false, 0);
        for (uint256 i = 0; i < factors.chains; ++i) {
            uint256 at = 4 * i * factors.chain;
            uint32 part = Replay.dot(factors.w, factors.offset + at, factors.x, at, factors.chain, order);
            if (!Float32.isFinite(part)) return part;
            sum = Float32.add(sum, part);
            if (!Float32.isFinite(sum)) return sum;
        }
    }

    /// @dev One chain in the order channel, row, column, with zeros where the window lies in the padding.
    function _column(Window memory window, Operands memory operands) private pure returns (Factors memory) {
        bytes memory column = Packed.zeros(window.terms);
        uint256 perChannel = window.terms / window.own;
        for (uint256 i = 0; i < operands.x.length; ++i) {
            for (uint256 j = 0; j < window.columns.k.length; ++j) {
                uint256 tap = window.rows.k[i] * window.kernelWidth + window.columns.k[j];
                Packed.place(operands.x[i], _first(window, operands, i, j), column, tap, perChannel, window.own);
            }
        }
        return Factors(column, operands.filter, operands.filterOffset, window.terms, 1, window.terms);
    }

    /// @dev One chain over the channels per tap that lies in the image.
    function _spread(Window memory window, Operands memory operands) private pure returns (Factors memory factors) {
        factors.chain = window.own;
        factors.chains = operands.x.length * window.columns.k.length;
        factors.count = factors.chains * window.own;
        (factors.x, factors.w) = (Packed.zeros(factors.count), Packed.zeros(factors.count));
        uint256 at;
        for (uint256 i = 0; i < operands.x.length; ++i) {
            for (uint256 j = 0; j < window.columns.k.length; ++j) {
                Packed.place(operands.x[i], _first(window, operands, i, j), factors.x, at, 1, window.own);
                uint256 tap = window.rows.k[i] * window.kernelWidth + window.columns.k[j];
                uint256 offset = operands.filterOffset + 4 * tap * window.own;
                Packed.place(operands.filter, offset, factors.w, at, 1, window.own);
                at += window.own;
            }
        }
    }

    /// @dev Byte of the first channel of a tap in its row's read.
    function _first(Window memory window, Operands memory operands, uint256 i, uint256 j) private pure returns (uint256) {
        return operands.offsets[i] + 4 * (window.columns.at[j] - window.columns.first) * window.channels;
    }

    function _read(Step memory step, Node memory node, Window memory window, bool transposed)
        private
        view
        returns (Operands memory operands)
    {
        uint256 rows = window.columns.k.length == 0 ? 0 : window.rows.k.length;
        operands.x = new bytes[](rows);
        operands.offsets = new uint256[](rows);
        for (uint256 i = 0; i < rows; ++i) (operands.x[i], operands.offsets[i]) = _row(step, node.inputs[0], window, i);
        Operand memory w = node.inputs[1];
        uint256 first = window.filter * window.terms;
        // W [O, C/g, kh, kw] is in the kernel's order. Transposed, W [C, O/g, kh, kw] is read as [g, O/g·kh·kw, C/g].
        (operands.filter, operands.filterOffset) = transposed
            ? step.readLayout(
                w,
                window.groups,
                window.own,
                IndexMath.span(w.value.shape, 1, 4),
                first,
                window.terms
            )
            : step.read(w.value, first, window.terms);
        operands.hasBias = node.inputs.length == 3;
        if (operands.hasBias) operands.bias = uint32(step.float(node.inputs[2].value, window.filter));
    }

    /// @dev From the group's first channel at the leftmost tap to its last channel at the rightmost one.
    function _row(Step memory step, Operand memory x, Window memory window, uint256 i)
        private
        view
        returns (bytes memory, uint256)
    {
        uint256 height = window.positions / window.width;
        uint256 position = (window.image * height + window.rows.at[i]) * window.width + window.columns.first;
        uint256 first = position * window.channels + window.group * window.own;
        uint256 count = (window.columns.span - 1) * window.channels + window.own;
        return step.readLayout(x, window.images, window.channels, window.positions, first, count);
    }

    function _window(Node memory node, uint256 element, bool transposed) private pure returns (Window memory window) {
        (uint32[2] memory strides, uint32[4] memory pads, uint32[2] memory dilations, uint32 groups,) =
            abi.decode(node.attributes, (uint32[2], uint32[4], uint32[2], uint32, uint32[2]));
        uint32[] memory x = node.inputs[0].value.shape;
        uint32[] memory w = node.inputs[1].value.shape;
        uint32[] memory output = node.outputs[0].shape;
        if (x.length != 4 || w.length != 4 || output.length != 4 || groups == 0) revert BadShape();
        uint256 filters = transposed ? uint256(w[1]) * groups : w[0];
        window.own = x[1] / groups;
        bool fits = transposed ? w[0] == x[1] : w[1] == window.own;
        if (!fits || window.own * groups != x[1] || filters != output[1] || filters % groups != 0 || x[0] != output[0]) {
            revert BadShape();
        }
        (window.images, window.channels, window.width, window.groups) = (x[0], x[1], x[3], groups);
        window.positions = uint256(x[2]) * x[3];
        window.kernelWidth = w[3];
        window.terms = window.own * w[2] * w[3];
        uint256[] memory index = IndexMath.unravel(element, output);
        (window.image, window.filter) = (index[0], index[1]);
        window.group = index[1] / (filters / groups);
        WindowAxis memory height = WindowAxis(x[2], w[2], strides[0], dilations[0], pads[0]);
        WindowAxis memory width = WindowAxis(x[3], w[3], strides[1], dilations[1], pads[1]);
        if (transposed) {
            window.rows = WindowTaps.covers(height, index[2]);
            window.columns = WindowTaps.covers(width, index[3]);
        } else {
            window.rows = WindowTaps.reads(height, index[2]);
            window.columns = WindowTaps.reads(width, index[3]);
        }
    }
}
