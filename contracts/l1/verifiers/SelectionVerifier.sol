// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DType} from "../../libraries/DType.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Scalar} from "../../libraries/Scalar.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Node, Value} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice Comparisons, logic, Where and Cast: one right value in both profiles. Operands broadcast.
contract SelectionVerifier is ElementVerifier {
    using StepReader for Step;

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        uint8 dtype = node.outputs[0].dtype;
        uint256[] memory index = IndexMath.unravel(element.index, node.outputs[0].shape);
        uint256 expected;
        if (node.op == OpCode.WHERE) {
            _requireOperands(node, 3);
            Value memory chosen = node.inputs[_boolean(step, node, 0, index) ? 1 : 2].value;
            if (chosen.dtype != dtype) revert StepReader.WrongDType(dtype, chosen.dtype);
            expected = _word(step, chosen, index);
        } else if (node.op == OpCode.CAST) {
            _requireOperands(node, 1);
            Value memory operand = node.inputs[0].value;
            expected = Scalar.cast(_word(step, operand, index), operand.dtype, dtype);
        } else {
            if (dtype != DType.BOOL) revert StepReader.WrongDType(DType.BOOL, dtype);
            expected = _holds(step, node, index) ? 1 : 0;
        }
        return !Scalar.same(expected, element.claimed, dtype);
    }

    function _holds(Step memory step, Node memory node, uint256[] memory index) private view returns (bool) {
        uint8 op = node.op;
        _requireOperands(node, op == OpCode.NOT ? 1 : 2);
        if (op == OpCode.NOT) return !_boolean(step, node, 0, index);
        if (op == OpCode.AND || op == OpCode.OR) {
            bool a = _boolean(step, node, 0, index);
            bool b = _boolean(step, node, 1, index);
            return op == OpCode.AND ? a && b : a || b;
        }
        uint8 dtype = node.inputs[0].value.dtype;
        if (node.inputs[1].value.dtype != dtype) revert StepReader.WrongDType(dtype, node.inputs[1].value.dtype);
        int256 x = Scalar.order(_word(step, node.inputs[0].value, index), dtype);
        int256 y = Scalar.order(_word(step, node.inputs[1].value, index), dtype);
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
