// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITolerantSums, TolerantSum} from "../../interfaces/ITolerantSums.sol";
import {Dot, DotReads} from "../../libraries/DotReads.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {OpCode} from "../../libraries/OpCode.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {Replay} from "../../libraries/numeric/Replay.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Node, Value} from "../../types/Graph.sol";
import {Element, ElementVerifier} from "./ElementVerifier.sol";

/// @notice MatMul and Gemm: one row of A times one column of B, both contiguous in their reading layouts (P5.4). `strict`
/// replays the kernel's blocked chain of fused multiply-adds; `tolerant` compares with the exact sum.
contract DotVerifier is ElementVerifier {
    using StepReader for Step;

    /// @notice Only `strict` knows what the kernel does with other factors; canonical graphs have none.
    error ScaledInTolerant(uint32 alpha, uint32 beta);

    ITolerantSums private immutable SUMS;

    constructor(ITolerantSums sums) {
        SUMS = sums;
    }

    /// @inheritdoc ElementVerifier
    function _isWrong(Step memory step, Element memory element) internal view override returns (bool) {
        Node memory node = element.node;
        if (node.op != OpCode.MATMUL && node.op != OpCode.GEMM) revert NotMyOp(node.op);
        uint256[] memory index = IndexMath.unravel(element.index, node.outputs[0].shape);
        return _judge(step, element, DotReads.at(node, index), index);
    }

    function _judge(Step memory step, Element memory element, Dot memory dot, uint256[] memory index)
        private
        view
        returns (bool)
    {
        (bytes memory a, uint256 aOffset) = DotReads.row(step, element.node.inputs[0], dot, 0, dot.k);
        (bytes memory b, uint256 bOffset) = DotReads.column(step, element.node.inputs[1], dot, 0, dot.k);
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
        uint256 additions = Tolerance.gemmAdditions(dot.k);
        return !SUMS.mayBe(
            TolerantSum(a, aOffset, b, bOffset, dot.k, bias, additions, element.gpu, uint32(element.claimed))
        );
    }
}
