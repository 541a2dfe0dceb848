// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {DType} from "../../libraries/DType.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {Denormals} from "../../libraries/numeric/Denormals.sol";
import {GpuTolerance} from "../../libraries/numeric/GpuTolerance.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Node, Value} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice Float32 arithmetic of one or two operands that broadcast: the correctly rounded result, to which `tolerant` grants
/// 2^−149 where anything is rounded.
contract ArithmeticVerifier is ElementVerifier {
    using StepReader for Step;

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        uint8 op = node.op;
        uint8 dtype = node.outputs[0].dtype;
        if (dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, dtype);
        uint32 claimed = uint32(element.claimed);
        uint256[] memory index = IndexMath.unravel(element.index, node.outputs[0].shape);
        bool binary = op <= OpCode.DIV || op == OpCode.MAX || op == OpCode.MIN;
        _requireOperands(node, binary ? 2 : 1);
        uint32 x = _float(step, node, 0, index);
        uint32 y = binary ? _float(step, node, 1, index) : 0;
        if (element.gpu) return !_mayBeOnGpu(op, binary, x, y, claimed);
        uint32 result = binary ? _binary(op, x, y) : _unary(op, x);
        if (element.tolerant && _rounds(op)) return !Tolerance.rounded(result, claimed);
        return !Tolerance.equal(result, claimed);
    }

    /// @dev Each denormal operand may be read as itself or as zero, by itself.
    function _mayBeOnGpu(uint8 op, bool binary, uint32 x, uint32 y, uint32 claimed) private pure returns (bool) {
        bool denormalX = Denormals.isDenormal(x);
        bool denormalY = Denormals.isDenormal(y);
        return _agrees(op, binary, x, y, claimed) || (denormalX && _agrees(op, binary, 0, y, claimed))
            || (denormalY && _agrees(op, binary, x, 0, claimed)) || (denormalX && denormalY && _agrees(op, binary, 0, 0, claimed));
    }

    function _agrees(uint8 op, bool binary, uint32 x, uint32 y, uint32 claimed) private pure returns (bool) {
        if (op == OpCode.DIV) return GpuTolerance.quotient(x, y, claimed);
        if (op == OpCode.RECIPROCAL) return GpuTolerance.quotient(Float32.ONE, x, claimed);
        if (op == OpCode.SQRT) return GpuTolerance.root(x, claimed);
        uint32 result = binary ? _binary(op, x, y) : _unary(op, x);
        return _rounds(op) ? GpuTolerance.rounded(result, claimed) : GpuTolerance.equal(result, claimed);
    }

    function _binary(uint8 op, uint32 x, uint32 y) private pure returns (uint32) {
        if (op == OpCode.ADD) return Float32.add(x, y);
        if (op == OpCode.SUB) return Float32.sub(x, y);
        if (op == OpCode.MUL) return Float32.mul(x, y);
        if (op == OpCode.DIV) return Float32.div(x, y);
        if (op == OpCode.MAX) return Float32.max(x, y);
        if (op == OpCode.MIN) return Float32.min(x, y);
        revert NotMyOp(op);
    }

    function _unary(uint8 op, uint32 x) private pure returns (uint32) {
        if (op == OpCode.SQRT) return Float32.sqrt(x);
        if (op == OpCode.NEG) return Float32.neg(x);
        if (op == OpCode.ABS) return Float32.abs(x);
        if (op == OpCode.RELU) return Float32.max(x, 0);
        if (op == OpCode.RECIPROCAL) return Float32.div(Float32.ONE, x);
        revert NotMyOp(op);
    }

    function _rounds(uint8 op) private pure returns (bool) {
        return op <= OpCode.SQRT || op == OpCode.RECIPROCAL;
    }

    function _float(Step memory step, Node memory node, uint256 operand, uint256[] memory index)
        private
        view
        returns (uint32)
    {
        Value memory value = node.inputs[operand].value;
        return uint32(step.float(value, IndexMath.broadcast(index, value.shape)));
    }
}
