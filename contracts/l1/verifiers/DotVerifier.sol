// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DType} from "../../libraries/DType.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {ExactDot} from "../../libraries/numeric/ExactDot.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {Replay} from "../../libraries/numeric/Replay.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Node, Operand, Value} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice MatMul and Gemm: one row of A times one column of B, both contiguous in their reading layouts (P5.4). `strict`
/// replays the kernel's blocked chain of fused multiply-adds; `tolerant` compares with the exact sum.
contract DotVerifier is ElementVerifier {
    using StepReader for Step;

    error BadShape();
    /// @notice Only `strict` knows what the kernel does with other factors; canonical graphs have none.
    error ScaledInTolerant(uint32 alpha, uint32 beta);

    /// @dev One element as a dot product: where its row and column start, and in what order it is summed.
    struct Dot {
        uint256 m;
        uint256 n;
        uint256 k;
        uint256 row;
        uint256 column;
        uint256 batchA;
        uint256 batchB;
        uint256 batchesB;
        bool transA;
        bool transB;
        uint32 alpha;
        uint32 beta;
    }

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            uint8 dtype = node.inputs[i].value.dtype;
            if (dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, dtype);
        }
        uint256[] memory index = IndexMath.unravel(element.index, node.outputs[0].shape);
        Dot memory dot;
        if (node.op == OpCode.MATMUL) _matMul(node, index, dot);
        else if (node.op == OpCode.GEMM) _gemm(node, index, dot);
        else revert NotMyOp(node.op);
        return _judge(step, element, dot, index);
    }

    function _judge(Step memory step, Element memory element, Dot memory dot, uint256[] memory index)
        private
        view
        returns (bool)
    {
        (bytes memory a, uint256 aOffset) = _row(step, element.node.inputs[0], dot);
        (bytes memory b, uint256 bOffset) = _column(step, element.node.inputs[1], dot);
        bool hasBias = element.node.inputs.length == 3;
        uint32 bias;
        if (hasBias) {
            Value memory c = element.node.inputs[2].value;
            bias = uint32(step.float(c, IndexMath.broadcast(index, c.shape)));
        }
        if (!element.tolerant) {
            Replay.Order memory order =
                Replay.Order(
                Replay.blockLength(dot.n, dot.k, dot.transA), dot.alpha, dot.beta, hasBias, bias
            );
            return !Float32.equal(Replay.dot(a, aOffset, b, bOffset, dot.k, order), uint32(element.claimed));
        }
        if (dot.alpha != Float32.ONE || dot.beta != Float32.ONE) revert ScaledInTolerant(dot.alpha, dot.beta);
        ExactDot.Sum memory sum = ExactDot.dot(a, aOffset, b, bOffset, dot.k);
        if (hasBias) ExactDot.plus(sum, bias);
        return !Tolerance.dot(sum, dot.k, Tolerance.gemmAdditions(dot.k), uint32(element.claimed));
    }

    /// @dev A is [M, K], or [K, M] if transposed and then read through its layout [1, M, K].
    function _row(Step memory step, Operand memory operand, Dot memory dot)
        private
        view
        returns (bytes memory, uint256)
    {
        uint256 first = (dot.batchA * dot.m + dot.row) * dot.k;
        if (dot.transA) return step.readLayout(operand, 1, dot.k, dot.m, first, dot.k);
        return step.read(operand.value, first, dot.k);
    }

    /// @dev B is [batch, K, N], read through its layout [batch, N, K], or [N, K] if transposed.
    function _column(Step memory step, Operand memory operand, Dot memory dot)
        private
        view
        returns (bytes memory, uint256)
    {
        uint256 first = (dot.batchB * dot.n + dot.column) * dot.k;
        if (dot.transB) return step.read(operand.value, first, dot.k);
        return step.readLayout(operand, dot.batchesB, dot.k, dot.n, first, dot.k);
    }

    function _gemm(Node memory node, uint256[] memory index, Dot memory dot) private pure {
        if (node.inputs.length != 3) _requireOperands(node, 2);
        (dot.alpha, dot.beta, dot.transA, dot.transB) = abi.decode(node.attributes, (uint32, uint32, bool, bool));
        uint32[] memory a = node.inputs[0].value.shape;
        uint32[] memory b = node.inputs[1].value.shape;
        if (a.length != 2 || b.length != 2 || index.length != 2) revert BadShape();
        (dot.m, dot.k) = dot.transA ? (a[1], a[0]) : (a[0], a[1]);
        dot.n = b[dot.transB ? 0 : 1];
        if (b[dot.transB ? 1 : 0] != dot.k) revert BadShape();
        (dot.row, dot.column) = (index[0], index[1]);
        dot.batchesB = 1;
        _requireOutput(node, dot);
    }

    function _matMul(Node memory node, uint256[] memory index, Dot memory dot) private pure {
        _requireOperands(node, 2);
        uint32[] memory a = node.inputs[0].value.shape;
        uint32[] memory b = node.inputs[1].value.shape;
        uint256 rank = index.length;
        if (a.length < 2 || b.length < 2 || rank < 2) revert BadShape();
        (dot.m, dot.k, dot.n) = (a[a.length - 2], a[a.length - 1], b[b.length - 1]);
        if (b[b.length - 2] != dot.k) revert BadShape();
        (dot.row, dot.column) = (index[rank - 2], index[rank - 1]);
        uint256[] memory batch = new uint256[](rank - 2);
        for (uint256 i = 0; i < batch.length; ++i) batch[i] = index[i];
        dot.batchA = IndexMath.broadcast(batch, _batchShape(a));
        dot.batchB = IndexMath.broadcast(batch, _batchShape(b));
        dot.batchesB = IndexMath.span(b, 0, b.length - 2);
        (dot.alpha, dot.beta) = (Float32.ONE, Float32.ONE);
        _requireOutput(node, dot);
    }

    function _batchShape(uint32[] memory shape) private pure returns (uint32[] memory batch) {
        batch = new uint32[](shape.length - 2);
        for (uint256 i = 0; i < batch.length; ++i) batch[i] = shape[i];
    }

    function _requireOutput(Node memory node, Dot memory dot) private pure {
        uint32[] memory shape = node.outputs[0].shape;
        if (shape[shape.length - 2] != dot.m || shape[shape.length - 1] != dot.n) revert BadShape();
    }
}
