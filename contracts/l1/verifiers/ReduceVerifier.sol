// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITolerantSums, TolerantSum} from "../../interfaces/ITolerantSums.sol";
import {DType} from "../../libraries/DType.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Extreme} from "../../libraries/numeric/Extreme.sol";
import {GpuExtreme} from "../../libraries/numeric/GpuExtreme.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {Matching} from "../../libraries/numeric/Matching.sol";
import {Replay} from "../../libraries/numeric/Replay.sol";
import {Node, Operand} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice Sums of chosen terms, largest and smallest ones. ReduceSum, ReduceMax, ReduceMin over consecutive axes and ArgMax over one: the operand is [outer, terms, inner] and
/// an output element sees the `terms` elements of one (outer, inner). ScatterElements adds to an element those of its column
/// whose index names its row.
contract ReduceVerifier is ElementVerifier {
    using StepReader for Step;

    /// @notice The reduced axes are not consecutive ones of the operand.
    error BadAxes();

    ITolerantSums private immutable SUMS;

    constructor(ITolerantSums sums) {
        SUMS = sums;
    }

    /// @dev The terms of one element: little-endian float32, one after the other.
    struct Terms {
        bytes data;
        uint256 offset;
        uint256 count;
        /// Over leading axes with columns left: the sum that runs serially.
        bool leading;
    }

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        uint8 op = node.op;
        if (op == OpCode.SCATTER_ELEMENTS) return _isWrongScatter(step, element);
        if (op < OpCode.REDUCE_SUM || op > OpCode.ARG_MAX) revert NotMyOp(op);
        _requireOperands(node, 1);
        uint8 dtype = op == OpCode.ARG_MAX ? DType.INT64 : DType.FLOAT32;
        if (node.outputs[0].dtype != dtype) revert StepReader.WrongDType(dtype, node.outputs[0].dtype);
        Terms memory terms = _terms(step, node, element.index);
        if (op == OpCode.REDUCE_SUM) return _isWrongSum(terms, element);
        if (element.gpu) return !_mayBeOnGpu(op, terms, element.claimed);
        (uint256 best, uint32 bits) = Extreme.find(terms.data, terms.offset, terms.count, op == OpCode.REDUCE_MIN);
        return op == OpCode.ARG_MAX ? element.claimed != best : !Float32.equal(uint32(element.claimed), bits);
    }

    function _mayBeOnGpu(uint8 op, Terms memory terms, uint256 claimed) private pure returns (bool) {
        if (op == OpCode.ARG_MAX) return GpuExtreme.mayBeFirst(terms.data, terms.offset, terms.count, claimed);
        return GpuExtreme.mayBe(terms.data, terms.offset, terms.count, op == OpCode.REDUCE_MIN, uint32(claimed));
    }

    /// @dev Sums over inner axes run in an order that depends on the operand's alignment: never strict.
    function _isWrongSum(Terms memory terms, Element memory element) private view returns (bool) {
        uint32 claimed = uint32(element.claimed);
        if (terms.leading && !element.tolerant) {
            return !Float32.equal(Replay.serialSum(terms.data, terms.offset, terms.count, 0), claimed);
        }
        return !_mayBeSum(terms.data, terms.offset, terms.count, 0, element);
    }

    /// @dev y[r, d] = x[r, d], then y[indices[t, d], d] += updates[t, d] for ascending t.
    function _isWrongScatter(Step memory step, Element memory element) private view returns (bool) {
        Node memory node = element.node;
        _requireOperands(node, 3);
        uint256[] memory index = IndexMath.unravel(element.index, node.outputs[0].shape);
        if (index.length != 2) revert BadAxes();
        uint32 start = uint32(step.float(node.inputs[0].value, IndexMath.ravel(index, node.inputs[0].value.shape)));
        (bytes memory added, uint256 count, bool outside) = _added(step, node, index);
        // Nobody can add to a row that is not there: whoever claims a result made it up (P7.8).
        if (outside) return true;
        uint32 claimed = uint32(element.claimed);
        if (!element.tolerant) return !Float32.equal(Replay.serialSum(added, 0, count, start), claimed);
        return !_mayBeSum(added, 0, count, start, element);
    }

    function _mayBeSum(bytes memory terms, uint256 offset, uint256 count, uint32 start, Element memory element)
        private
        view
        returns (bool)
    {
        uint32 claimed = uint32(element.claimed);
        return SUMS.mayBe(TolerantSum(terms, offset, "", 0, count, start, count, element.gpu, claimed));
    }

    /// @dev The updates of the element's column whose index is its row, in order; `outside`: an index of the column is no row's.
    function _added(Step memory step, Node memory node, uint256[] memory index)
        private
        view
        returns (bytes memory added, uint256 count, bool outside)
    {
        Operand memory indices = node.inputs[1];
        uint32[] memory shape = indices.value.shape;
        if (shape.length != 2 || shape[1] != node.outputs[0].shape[1]) revert BadAxes();
        if (keccak256(abi.encode(shape)) != keccak256(abi.encode(node.inputs[2].value.shape))) revert BadAxes();
        if (indices.value.dtype != DType.INT64) revert StepReader.WrongDType(DType.INT64, indices.value.dtype);
        uint8 dtype = node.inputs[2].value.dtype;
        if (dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, dtype);
        uint256 first = index[1] * shape[0];
        (bytes memory rows, uint256 offset) = step.readLayout(indices, 1, shape[0], shape[1], first, shape[0]);
        (added, count) = step.readLayout(node.inputs[2], 1, shape[0], shape[1], first, shape[0]);
        (count, outside) = Matching.compact(added, count, rows, offset, shape[0], index[0], node.outputs[0].shape[0]);
    }

    function _terms(Step memory step, Node memory node, uint256 index) private view returns (Terms memory terms) {
        Operand memory operand = node.inputs[0];
        uint32[] memory shape = operand.value.shape;
        (uint256 from, uint256 to) = _axes(node, shape.length);
        uint256 outer = IndexMath.span(shape, 0, from);
        uint256 inner = IndexMath.span(shape, to, shape.length);
        terms.count = IndexMath.span(shape, from, to);
        if (operand.value.dtype != DType.FLOAT32) {
            revert StepReader.WrongDType(DType.FLOAT32, operand.value.dtype);
        }
        terms.leading = outer == 1 && inner > 1;
        if (IndexMath.count(node.outputs[0].shape) != outer * inner) revert BadAxes();
        if (inner == 1 || terms.count == 1 || operand.layout.length != 0) {
            (terms.data, terms.offset) =
                step.readLayout(operand, outer, terms.count, inner, index * terms.count, terms.count);
            return terms;
        }
        // Without a layout the terms lie `inner` elements apart: one opening each.
        terms.data = new bytes(4 * terms.count);
        uint256 first = (index / inner) * terms.count * inner + index % inner;
        for (uint256 i = 0; i < terms.count; ++i) {
            uint256 word = step.element(operand.value, first + i * inner);
            for (uint256 j = 0; j < 4; ++j) terms.data[4 * i + j] = bytes1(uint8(word >> (8 * j)));
        }
    }

    /// @dev The reduced axes `from … to − 1`.
    function _axes(Node memory node, uint256 rank) private pure returns (uint256 from, uint256 to) {
        if (node.op == OpCode.ARG_MAX) {
            (from,) = abi.decode(node.attributes, (uint32, bool));
            to = from + 1;
        } else {
            (uint32[] memory axes,) = abi.decode(node.attributes, (uint32[], bool));
            if (axes.length == 0) revert BadAxes();
            from = axes[0];
            to = from + axes.length;
            for (uint256 i = 0; i < axes.length; ++i) if (axes[i] != from + i) revert BadAxes();
        }
        if (to > rank) revert BadAxes();
    }
}
