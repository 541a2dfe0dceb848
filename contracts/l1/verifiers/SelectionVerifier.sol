// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DType} from "../../libraries/DType.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Scalar} from "../../libraries/Scalar.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Node, Value} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice Comparisons, logic, Where and Cast: one right value, but for denormal operands in the gpu column. Operands broadcast.
contract SelectionVerifier is ElementVerifier {
    using StepReader for Step;

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        uint8 dtype = node.outputs[0].dtype;
        uint256[] memory index = IndexMath.unravel(element.index, node.outputs[0].shape);
        uint256 expected;
        // What a denormal operand gives that is read as zero, in the gpu column.
        uint256 flushed;
        if (node.op == OpCode.WHERE) {
            _requireOperands(node, 3);
            Value memory chosen = node.inputs[_boolean(step, node, 0, index) ? 1 : 2].value;
            if (chosen.dtype != dtype) revert StepReader.WrongDType(dtype, chosen.dtype);
            expected = _word(step, chosen, index);
            flushed = element.gpu && Scalar.isDenormal(expected, dtype) ? 0 : expected;
        } else if (node.op == OpCode.CAST) {
            _requireOperands(node, 1);
            Value memory operand = node.inputs[0].value;
            uint256 word = _word(step, operand, index);
            bool isFlushable = element.gpu && Scalar.isDenormal(word, operand.dtype);
            expected = Scalar.cast(word, operand.dtype, dtype);
            flushed = isFlushable ? Scalar.cast(0, operand.dtype, dtype) : expected;
        } else {
            if (dtype != DType.BOOL) revert StepReader.WrongDType(DType.BOOL, dtype);
            return !_mayHold(step, element, index);
        }
        return !Scalar.same(expected, element.claimed, dtype) && !Scalar.same(flushed, element.claimed, dtype);
    }

    /// @dev Whether the claimed bool is what the operands give.
    function _mayHold(Step memory step, Element memory element, uint256[] memory index) private view returns (bool) {
        Node memory node = element.node;
        uint8 op = node.op;
        _requireOperands(node, op == OpCode.NOT ? 1 : 2);
        if (op == OpCode.NOT) return _is(element, !_boolean(step, node, 0, index));
        if (op == OpCode.AND || op == OpCode.OR) {
            bool a = _boolean(step, node, 0, index);
            bool b = _boolean(step, node, 1, index);
            return _is(element, op == OpCode.AND ? a && b : a || b);
        }
        uint8 dtype = node.inputs[0].value.dtype;
        if (node.inputs[1].value.dtype != dtype) revert StepReader.WrongDType(dtype, node.inputs[1].value.dtype);
        uint256 wordX = _word(step, node.inputs[0].value, index);
        uint256 wordY = _word(step, node.inputs[1].value, index);
        int256 x = Scalar.order(wordX, dtype);
        int256 y = Scalar.order(wordY, dtype);
        if (_is(element, _holds(op, x, y))) return true;
        if (!element.gpu) return false;
        // Each denormal operand may be read as zero, by itself.
        bool denormalX = Scalar.isDenormal(wordX, dtype);
        bool denormalY = Scalar.isDenormal(wordY, dtype);
        return (denormalX && _is(element, _holds(op, 0, y))) || (denormalY && _is(element, _holds(op, x, 0)))
            || (denormalX && denormalY && _is(element, _holds(op, 0, 0)));
    }

    function _is(Element memory element, bool expected) private pure returns (bool) {
        return element.claimed == (expected ? 1 : 0);
    }

    function _holds(uint8 op, int256 x, int256 y) private pure returns (bool) {
        if (op == OpCode.EQUAL) return x == y;
        if (op == OpCode.LESS) return x < y;
        if (op == OpCode.LESS_OR_EQUAL) return x <= y;
        if (op == OpCode.GREATER) return x > y;
        if (op == OpCode.GREATER_OR_EQUAL) return x >= y;
        revert NotMyOp(op);
    }

    function _boolean(Step memory step, Node memory node, uint256 operand, uint256[] memory index)
        private
        view
        returns (bool)
    {
        Value memory value = node.inputs[operand].value;
        return step.boolean(value, IndexMath.broadcast(index, value.shape));
    }

    /// @dev A float32 must be finite: the order of an infinity or NaN means nothing.
    function _word(Step memory step, Value memory value, uint256[] memory index) private view returns (uint256) {
        uint256 position = IndexMath.broadcast(index, value.shape);
        return value.dtype == DType.FLOAT32 ? step.float(value, position) : step.element(value, position);
    }
}
