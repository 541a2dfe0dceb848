// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Node, Operand} from "../types/Graph.sol";
import {DType} from "./DType.sol";
import {IndexMath} from "./IndexMath.sol";
import {OpCode} from "./OpCode.sol";
import {Step, StepReader} from "./StepReader.sol";
import {Float32} from "./numeric/Float32.sol";

/// One element as a dot product: where its row and column start, and in what order it is summed.
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

/// @notice What a MatMul or Gemm reads for one element: a row of A and a column of B, contiguous in their reading layouts (P5.4).
library DotReads {
    using StepReader for Step;

    error BadShape();

    /// @notice The element at `index` of the output of a MatMul, or else of a Gemm.
    function at(Node memory node, uint256[] memory index) internal pure returns (Dot memory dot) {
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            uint8 dtype = node.inputs[i].value.dtype;
            if (dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, dtype);
        }
        if (node.op == OpCode.MATMUL) _matMul(node, index, dot);
        else _gemm(node, index, dot);
    }

    /// @notice Products `skipped …` of the row. A is [M, K], or [K, M] if transposed and then read through its layout [1, M, K].
    function row(Step memory step, Operand memory operand, Dot memory dot, uint256 skipped, uint256 count)
        internal
        view
        returns (bytes memory, uint256)
    {
        uint256 first = (dot.batchA * dot.m + dot.row) * dot.k + skipped;
        if (dot.transA) return step.readLayout(operand, 1, dot.k, dot.m, first, count);
        return step.read(operand.value, first, count);
    }

    /// @notice The same of the column. B is [batch, K, N], read through its layout [batch, N, K], or [N, K] if transposed.
    function column(Step memory step, Operand memory operand, Dot memory dot, uint256 skipped, uint256 count)
        internal
        view
        returns (bytes memory, uint256)
    {
        uint256 first = (dot.batchB * dot.n + dot.column) * dot.k + skipped;
        if (dot.transB) return step.read(operand.value, first, count);
        return step.readLayout(operand, dot.batchesB, dot.k, dot.n, first, count);
    }

    function _gemm(Node memory node, uint256[] memory index, Dot memory dot) private pure {
        if (node.inputs.length != 2 && node.inputs.length != 3) revert BadShape();
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
        if (node.inputs.length != 2) revert BadShape();
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
