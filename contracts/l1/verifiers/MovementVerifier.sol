// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Scalar} from "../../libraries/Scalar.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Node, Value} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice Ops that copy elements: the output element must equal the one it is copied from, in both profiles.
contract MovementVerifier is ElementVerifier {
    using StepReader for Step;

    error AttributeLength(uint256 expected, uint256 actual);
    error NotInAnyOperand(uint256 index);

    /// @dev Flat index of an element that the operand does not have.
    uint256 private constant NOWHERE = type(uint256).max;

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        uint256[] memory index = IndexMath.unravel(element.index, node.outputs[0].shape);
        if (node.op == OpCode.PAD && !_unpadded(node, index)) {
            return !Scalar.same(0, element.claimed, node.outputs[0].dtype);
        }
        (Value memory source, uint256 from) = _source(step, node, index);
        if (source.dtype != node.outputs[0].dtype) revert StepReader.WrongDType(node.outputs[0].dtype, source.dtype);
        // Nothing can be right of what is read where nothing is: whoever claims it made it up (P7.8).
        if (from == NOWHERE) return true;
        uint256 word = step.element(source, from);
        if (element.gpu && Scalar.isDenormal(word, source.dtype) && Scalar.same(0, element.claimed, source.dtype)) return false;
        return !Scalar.same(word, element.claimed, source.dtype);
    }

    function _source(Step memory step, Node memory node, uint256[] memory index)
        private
        view
        returns (Value memory source, uint256 from)
    {
        if (node.op == OpCode.CONCAT) return _concatenated(node, index);
        if (node.op == OpCode.GATHER) {
            _requireOperands(node, 2);
            return _gathered(step, node, index);
        }
        if (node.op == OpCode.GATHER_ELEMENTS) {
            _requireOperands(node, 2);
            return _pickedInColumn(step, node, index);
        }
        _requireOperands(node, 1);
        source = node.inputs[0].value;
        if (node.op == OpCode.EXPAND) return (source, IndexMath.broadcast(index, source.shape));
        if (node.op == OpCode.TRANSPOSE) return (source, _transposed(node, index));
        if (node.op == OpCode.SLICE) return (source, _sliced(node, index));
        if (node.op == OpCode.PAD) return (source, IndexMath.ravel(index, source.shape));
        if (node.op == OpCode.RESIZE) return (source, _repeated(node, index));
        revert NotMyOp(node.op);
    }

    /// @dev Moves `index` to where the operand has it; false where zeros were added.
    function _unpadded(Node memory node, uint256[] memory index) private pure returns (bool) {
        _requireOperands(node, 1);
        uint32[] memory before = abi.decode(node.attributes, (uint32[]));
        uint32[] memory shape = node.inputs[0].value.shape;
        if (before.length != index.length) revert AttributeLength(index.length, before.length);
        if (shape.length != index.length) revert IndexMath.RankMismatch(index.length, shape.length);
        for (uint256 axis = 0; axis < index.length; ++axis) {
            if (index[axis] < before[axis] || index[axis] - before[axis] >= shape[axis]) return false;
            index[axis] -= before[axis];
        }
        return true;
    }

    /// @dev Every element stands for a block.
    function _repeated(Node memory node, uint256[] memory index) private pure returns (uint256) {
        uint32[] memory shape = node.inputs[0].value.shape;
        uint32[] memory wide = node.outputs[0].shape;
        if (shape.length != index.length) revert IndexMath.RankMismatch(index.length, shape.length);
        for (uint256 axis = 0; axis < index.length; ++axis) index[axis] = index[axis] * shape[axis] / wide[axis];
        return IndexMath.ravel(index, shape);
    }

    function _transposed(Node memory node, uint256[] memory index) private pure returns (uint256) {
        uint32[] memory perm = abi.decode(node.attributes, (uint32[]));
        if (perm.length != index.length) revert AttributeLength(index.length, perm.length);
        uint256[] memory from = new uint256[](index.length);
        for (uint256 axis = 0; axis < perm.length; ++axis) from[perm[axis]] = index[axis];
        return IndexMath.ravel(from, node.inputs[0].value.shape);
    }

    function _sliced(Node memory node, uint256[] memory index) private pure returns (uint256) {
        (uint32[] memory starts, int32[] memory steps) = abi.decode(node.attributes, (uint32[], int32[]));
        if (starts.length != index.length) revert AttributeLength(index.length, starts.length);
        if (steps.length != index.length) revert AttributeLength(index.length, steps.length);
        uint256[] memory from = new uint256[](index.length);
        for (uint256 axis = 0; axis < from.length; ++axis) {
            // A negative position wraps to a number that no shape holds.
            from[axis] = uint256(int256(uint256(starts[axis])) + int256(index[axis]) * steps[axis]);
        }
        return IndexMath.ravel(from, node.inputs[0].value.shape);
    }

    function _concatenated(Node memory node, uint256[] memory index)
        private
        pure
        returns (Value memory source, uint256 from)
    {
        uint256 axis = abi.decode(node.attributes, (uint32));
        if (axis >= index.length) revert AttributeLength(index.length, axis);
        uint256 asked = index[axis];
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            source = node.inputs[i].value;
            if (source.shape.length != index.length) revert IndexMath.RankMismatch(index.length, source.shape.length);
            if (index[axis] < source.shape[axis]) return (source, IndexMath.ravel(index, source.shape));
            index[axis] -= source.shape[axis];
        }
        revert NotInAnyOperand(asked);
    }

    /// @dev Matrices of equally many columns: the index names the row, the column stays.
    function _pickedInColumn(Step memory step, Node memory node, uint256[] memory index)
        private
        view
        returns (Value memory source, uint256 from)
    {
        source = node.inputs[0].value;
        Value memory indices = node.inputs[1].value;
        uint256 row = _indexAt(step, indices, index);
        if (row >= source.shape[0]) return (source, NOWHERE);
        uint256[] memory sourceIndex = new uint256[](2);
        (sourceIndex[0], sourceIndex[1]) = (row, index[1]);
        return (source, IndexMath.ravel(sourceIndex, source.shape));
    }

    /// @dev Output shape: data[0 … axis), then the indices' shape, then data(axis …].
    function _gathered(Step memory step, Node memory node, uint256[] memory index)
        private
        view
        returns (Value memory source, uint256 from)
    {
        uint256 axis = abi.decode(node.attributes, (uint32));
        source = node.inputs[0].value;
        Value memory indices = node.inputs[1].value;
        uint256 rank = source.shape.length;
        if (axis >= rank) revert AttributeLength(rank, axis);
        if (index.length != rank - 1 + indices.shape.length) {
            revert IndexMath.RankMismatch(rank - 1 + indices.shape.length, index.length);
        }
        uint256 inner = indices.shape.length;
        uint256[] memory row = new uint256[](inner);
        for (uint256 i = 0; i < inner; ++i) row[i] = index[axis + i];
        uint256 asked = _indexAt(step, indices, row);
        if (asked >= source.shape[axis]) return (source, NOWHERE);
        uint256[] memory sourceIndex = new uint256[](rank);
        for (uint256 i = 0; i < axis; ++i) sourceIndex[i] = index[i];
        for (uint256 i = axis + 1; i < rank; ++i) sourceIndex[i] = index[i + inner - 1];
        sourceIndex[axis] = asked;
        return (source, IndexMath.ravel(sourceIndex, source.shape));
    }

    /// @dev A negative index becomes a number that no shape holds.
    function _indexAt(Step memory step, Value memory indices, uint256[] memory index) private view returns (uint256) {
        return uint256(Scalar.order(step.element(indices, IndexMath.ravel(index, indices.shape)), indices.dtype));
    }
}
