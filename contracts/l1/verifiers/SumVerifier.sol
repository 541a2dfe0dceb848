// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier, LeafContext, WRONG_PART} from "../../interfaces/ILeafVerifier.sol";
import {Dot, DotReads} from "../../libraries/DotReads.sol";
import {GraphProof} from "../../libraries/GraphProof.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {LongSums} from "../../libraries/LongSums.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {ExactDot} from "../../libraries/numeric/ExactDot.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {Replay} from "../../libraries/numeric/Replay.sol";
import {Tolerance} from "../../libraries/numeric/Tolerance.sol";
import {Wide} from "../../libraries/numeric/Wide.sol";
import {Node, Value} from "../../types/Graph.sol";
import {FLAG_GPU, PROFILE_TOLERANT} from "../../types/Job.sol";
import {PartWitness} from "../../types/Witness.sol";

/// @notice Products of MatMul and Gemm too long for one proof, by what their claimant published of their parts (docs/protocol.md
/// P7.5 kind 11, P7.10). `strict`: the running value behind a part, replayed from the one before it. `tolerant`: the exact sum of a
/// part, or, as the part behind the last, the element against the sum of all.
contract SumVerifier is ILeafVerifier {
    using StepReader for Step;
    using Wide for Wide.Uint512;

    error NotMyKind(uint8 kind);
    /// @notice What is published of a part does not say what its denormal terms come to (docs/numerics.md N7.3).
    error InGpuColumn();
    error NotOpened(bytes32 opened, bytes32 given);
    error AnotherElement(uint256 node, uint256 element);
    /// @notice Of what comes with a failure and behind it no sum is taken: it is zero (P15.2).
    error BehindFailure(uint256 node);
    error NoSuchPart(uint256 part, uint256 parts);
    error Scaled(uint32 alpha, uint32 beta);

    /// @dev A part of an element's sum, and what was published of all parts.
    struct Part {
        Node node;
        Dot dot;
        uint256[] index;
        uint256 element;
        uint256 number;
        uint256 parts;
        bytes published;
    }

    /// @inheritdoc ILeafVerifier
    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong) {
        if (kind != WRONG_PART) revert NotMyKind(kind);
        if (context.task.flags & FLAG_GPU != 0) revert InGpuColumn();
        // Disputes puts before the witness what was opened for the node and element that it names.
        (bytes32 opened, bytes memory rest) = abi.decode(witness, (bytes32, bytes));
        (uint256 node, uint256 element, PartWitness memory w) = abi.decode(rest, (uint256, uint256, PartWitness));
        if (keccak256(w.published) != opened) revert NotOpened(opened, keccak256(w.published));
        if (context.failure.steps != 0 && node >= context.failure.node) revert BehindFailure(node);
        if (w.node.index != node || w.element != element) revert AnotherElement(w.node.index, w.element);
        Step memory step = Step(context.task.graph, w.header.header, context.trace, w.openings, 0);
        GraphProof.checkHeader(step.graph, w.header);
        GraphProof.checkNode(step.graph, step.header, w.node);
        uint256[] memory index = IndexMath.unravel(element, w.node.node.outputs[0].shape);
        Part memory part =
            Part(w.node.node, DotReads.at(w.node.node, index), index, element, w.part, 0, w.published);
        if (part.dot.alpha != Float32.ONE || part.dot.beta != Float32.ONE) revert Scaled(part.dot.alpha, part.dot.beta);
        part.parts = LongSums.parts(LongSums.terms(w.node.node));
        bool tolerant = context.task.profile == PROFILE_TOLERANT;
        if (part.number >= (tolerant ? part.parts + 1 : part.parts)) revert NoSuchPart(part.number, part.parts);
        if (!tolerant) wrong = _isRunningWrong(step, part);
        else if (part.number < part.parts) wrong = _isSumWrong(step, part);
        else wrong = _isTotalWrong(step, part);
        step.done();
    }

    /// @dev Reads the element where the part is the last, the bias where it is the first and there is one, then the terms.
    function _isRunningWrong(Step memory step, Part memory part) private view returns (bool) {
        uint32 claimed = part.number + 1 == part.parts ? _element(step, part) : _running(part, part.number);
        // A running value is added as a bias is, with factor 1.
        bool hasStart = part.number != 0 || part.node.inputs.length == 3;
        uint32 start = part.number != 0 ? _running(part, part.number - 1) : hasStart ? _bias(step, part) : 0;
        (bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count) = _terms(step, part);
        uint256 blockLength = Replay.blockLength(part.dot.n, part.dot.k, part.dot.transA);
        Replay.Order memory order = Replay.Order(blockLength, Float32.ONE, Float32.ONE, hasStart, start);
        uint32 own = Replay.dot(a, aOffset, b, bOffset, count, order);
        // Nothing finite comes behind an overflow, and an element that is not finite is wrong by itself.
        return !Float32.isFinite(own) || !Float32.equal(own, claimed);
    }

    /// @dev Reads the terms.
    function _isSumWrong(Step memory step, Part memory part) private view returns (bool) {
        (bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count) = _terms(step, part);
        ExactDot.Sum memory own = ExactDot.dot(a, aOffset, b, bOffset, count);
        ExactDot.Sum memory claimed = _sum(part, part.number);
        return own.overflows || own.absolute.high != claimed.absolute.high || own.absolute.low != claimed.absolute.low
            || own.negative.high != claimed.negative.high || own.negative.low != claimed.negative.low;
    }

    /// @dev Reads the element, then the bias if there is one. Where a part is false the total may be anything: that part is wrong.
    function _isTotalWrong(Step memory step, Part memory part) private view returns (bool) {
        uint32 claimed = _element(step, part);
        ExactDot.Sum memory total;
        for (uint256 i = 0; i < part.parts; ++i) {
            ExactDot.Sum memory one = _sum(part, i);
            total.absolute = total.absolute.add(one.absolute);
            total.negative = total.negative.add(one.negative);
        }
        if (part.node.inputs.length == 3) ExactDot.plus(total, _bias(step, part));
        return !Tolerance.dot(total, part.dot.k, Tolerance.gemmAdditions(part.dot.k), claimed);
    }

    function _terms(Step memory step, Part memory part)
        private
        view
        returns (bytes memory a, uint256 aOffset, bytes memory b, uint256 bOffset, uint256 count)
    {
        uint256 skipped = part.number * LongSums.PART_TERMS;
        count = part.number + 1 < part.parts ? LongSums.PART_TERMS : part.dot.k - skipped;
        (a, aOffset) = DotReads.row(step, part.node.inputs[0], part.dot, skipped, count);
        (b, bOffset) = DotReads.column(step, part.node.inputs[1], part.dot, skipped, count);
    }

    function _element(Step memory step, Part memory part) private view returns (uint32) {
        return uint32(step.float(part.node.outputs[0], part.element));
    }

    function _bias(Step memory step, Part memory part) private view returns (uint32) {
        Value memory c = part.node.inputs[2].value;
        return uint32(step.float(c, IndexMath.broadcast(part.index, c.shape)));
    }

    function _running(Part memory part, uint256 index) private pure returns (uint32) {
        return uint32(StepReader.word(part.published, 4 * index, 4));
    }

    function _sum(Part memory part, uint256 index) private pure returns (ExactDot.Sum memory sum) {
        bytes memory published = part.published;
        uint256 at = LongSums.EXACT_BYTES * index;
        if (published.length < at + LongSums.EXACT_BYTES) revert NoSuchPart(index, published.length);
        uint256[4] memory words;
        assembly ("memory-safe") {
            mcopy(words, add(add(published, 32), at), 128)
        }
        sum.absolute = Wide.Uint512(words[0], words[1]);
        sum.negative = Wide.Uint512(words[2], words[3]);
    }
}
