// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DType} from "../../libraries/DType.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Denormals} from "../../libraries/numeric/Denormals.sol";
import {GpuTolerance} from "../../libraries/numeric/GpuTolerance.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Transcendental} from "../../libraries/numeric/Transcendental.sol";
import {Node} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice Exp, Log, Tanh, Sigmoid, Erf: `strict` replays the kernel's program, `tolerant` compares with an enclosure of the
/// exact value. Log's kernel depends on an element's position in the vector, so it is judged by the tolerant row in both.
contract TranscendentalVerifier is ElementVerifier {
    using StepReader for Step;

    error ShapesDiffer();

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        uint8 dtype = node.outputs[0].dtype;
        if (dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, dtype);
        _requireOperands(node, 1);
        if (keccak256(abi.encode(node.inputs[0].value.shape)) != keccak256(abi.encode(node.outputs[0].shape))) {
            revert ShapesDiffer();
        }
        uint32 x = uint32(step.float(node.inputs[0].value, element.index));
        uint32 y = uint32(element.claimed);
        if (element.gpu) {
            if (_mayBeOnGpu(node.op, x, y)) return false;
            return !Denormals.isDenormal(x) || !_mayBeOnGpu(node.op, 0, y);
        }
        if (element.tolerant || node.op == OpCode.LOG) return !_accepts(node.op, x, y);
        return !Tolerance.equal(_replay(node.op, x), y);
    }

    function _replay(uint8 op, uint32 x) private pure returns (uint32) {
        if (op == OpCode.EXP) return Transcendental.exp(x);
        if (op == OpCode.TANH) return Transcendental.tanh(x);
        if (op == OpCode.SIGMOID) return Transcendental.sigmoid(x);
        if (op == OpCode.ERF) return Transcendental.erf(x);
        revert NotMyOp(op);
    }

    /// @dev Its operand read as x.
    function _mayBeOnGpu(uint8 op, uint32 x, uint32 y) private pure returns (bool) {
        if (op == OpCode.EXP) return GpuTolerance.exp(x, y);
        if (op == OpCode.LOG) return GpuTolerance.log(x, y);
        if (op == OpCode.TANH) return GpuTolerance.tanh(x, y);
        if (op == OpCode.SIGMOID) return GpuTolerance.sigmoid(x, y);
        if (op == OpCode.ERF) return GpuTolerance.erf(x, y);
        revert NotMyOp(op);
    }

    function _accepts(uint8 op, uint32 x, uint32 y) private pure returns (bool) {
        if (op == OpCode.EXP) return Tolerance.exp(x, y);
        if (op == OpCode.LOG) return Tolerance.log(x, y);
        if (op == OpCode.TANH) return Tolerance.tanh(x, y);
        if (op == OpCode.SIGMOID) return Tolerance.sigmoid(x, y);
        if (op == OpCode.ERF) return Tolerance.erf(x, y);
        revert NotMyOp(op);
    }
}
