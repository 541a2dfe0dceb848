// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier, LeafContext, WRONG_FEED, WRONG_LAYOUT, WRONG_METRIC} from "../../interfaces/ILeafVerifier.sol";
import {DType} from "../../libraries/DType.sol";
import {GraphProof} from "../../libraries/GraphProof.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {Merkle} from "../../libraries/Merkle.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {TaskShape} from "../../libraries/TaskShape.sol";
import {TensorRead} from "../../libraries/TensorRead.sol";
import {Philox} from "../../libraries/numeric/Philox.sol";
import {Feed, Operand, PLACE_FEED, PLACE_NONE, Value} from "../../types/Graph.sol";
import {KIND_INFER} from "../../types/Task.sol";
import {FeedWitness, HeaderProof, LayoutWitness, MetricWitness, Opening} from "../../types/Witness.sol";

/// @notice The same bytes in two places: a batch and the dataset, a value and its reading layout, a loss and its metric
/// (docs/protocol.md P7.5 kinds 4, 6, 7). Copies are equal bit for bit.
contract ContentVerifier is ILeafVerifier {
    using StepReader for Step;

    error NotMyKind(uint8 kind);
    error FeedCount(uint256 expected, uint256 actual);
    error BatchRows(uint256 expected, uint256 actual);
    error NoSuchElement(uint256 element, uint256 count);
    error NoLayout(uint32 operand);
    error LossNotScalar(uint256 elements);

    /// @inheritdoc ILeafVerifier
    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong) {
        LeafContext memory c = context;
        if (kind == WRONG_FEED) return _isFeedWrong(c, abi.decode(witness, (FeedWitness)));
        if (kind == WRONG_LAYOUT) return _isLayoutWrong(c, abi.decode(witness, (LayoutWitness)));
        if (kind == WRONG_METRIC) return _isMetricWrong(c, abi.decode(witness, (MetricWitness)));
        revert NotMyKind(kind);
    }

    function _isFeedWrong(LeafContext memory c, FeedWitness memory w) private view returns (bool) {
        Step memory step = _step(c, w.header, w.openings);
        if (c.task.kind == KIND_INFER) {
            // The input is the one feed, and a tree of one root is that root.
            if (step.header.feeds != 1) revert FeedCount(1, step.header.feeds);
            step.done();
            return c.trace.feedsRoot != c.task.datasetRoot;
        }
        GraphProof.checkFeed(c.task.graph, step.header, w.feed, w.feedProof);
        Feed memory feed = w.feedProof.feed;
        if (feed.keep != 0) return _isMaskWrong(c, step, feed, w);
        if (feed.shape.length == 0 || feed.shape[0] != c.task.batchRows) {
            revert BatchRows(c.task.batchRows, feed.shape.length == 0 ? 0 : feed.shape[0]);
        }
        uint256 rowElements = IndexMath.span(feed.shape, 1, feed.shape.length);
        if (w.element >= rowElements) revert NoSuchElement(w.element, rowElements);
        Value memory value = Value(PLACE_FEED, w.feed, feed.dtype, feed.shape);
        uint256 fed = step.element(value, w.row * rowElements + w.element);
        uint256 row = TaskShape.datasetRow(c.task, c.seed, c.globalStep, w.row);
        return fed != _datasetElement(c, step, value, rowElements, row * rowElements + w.element);
    }

    /// @dev P4.6
    function _isMaskWrong(LeafContext memory c, Step memory step, Feed memory feed, FeedWitness memory w)
        private
        view
        returns (bool)
    {
        uint256 element = w.row * IndexMath.span(feed.shape, 1, feed.shape.length) + w.element;
        uint256 fed = step.element(Value(PLACE_FEED, w.feed, feed.dtype, feed.shape), element);
        step.done();
        bytes32 stream = keccak256(abi.encode(c.seed, uint256(c.globalStep), uint256(w.feed)));
        return fed != (Philox.word(stream, element) < feed.keep ? 1 : 0);
    }

    /// @dev Dataset tensor i has feed i's type, with datasetRows rows (P4.4).
    function _datasetElement(
        LeafContext memory c,
        Step memory step,
        Value memory value,
        uint256 rowElements,
        uint256 element
    ) private view returns (uint256) {
        if (step.used == step.openings.length) revert StepReader.OpeningsMissing(step.used);
        Opening memory opening = step.openings[step.used++];
        step.done();
        Merkle.check(c.task.datasetRoot, opening.root, value.index, step.header.datasetFeeds, opening.rootProof);
        uint256 size = DType.size(value.dtype);
        uint256 total = c.task.datasetRows * rowElements * size;
        uint256 offset =
            TensorRead.check(opening.root, total, element * size, size, opening.chunks, opening.chunkProof);
        return StepReader.word(opening.chunks, offset, size);
    }

    function _isLayoutWrong(LeafContext memory c, LayoutWitness memory w) private view returns (bool) {
        Step memory step = _step(c, w.header, w.openings);
        GraphProof.checkNode(c.task.graph, step.header, w.node);
        Operand memory operand = w.node.node.inputs[w.operand];
        if (operand.layout.length != 3) revert NoLayout(w.operand);
        (uint256 batch, uint256 rows, uint256 cols) = (operand.layout[0], operand.layout[1], operand.layout[2]);
        uint256 value = step.element(operand.value, w.element);
        (uint256 matrix, uint256 inMatrix) = (w.element / (rows * cols), w.element % (rows * cols));
        uint256 turned = matrix * rows * cols + (inMatrix % cols) * rows + inMatrix / cols;
        (bytes memory chunks, uint256 offset) = step.readLayout(operand, batch, rows, cols, turned, 1);
        step.done();
        return value != StepReader.word(chunks, offset, DType.size(operand.value.dtype));
    }

    function _isMetricWrong(LeafContext memory c, MetricWitness memory w) private view returns (bool) {
        Step memory step = _step(c, w.header, w.openings);
        Value memory loss = step.header.loss;
        if (loss.place == PLACE_NONE) {
            step.done();
            return c.segment.metricsRoot != bytes32(0);
        }
        uint256 elements = IndexMath.count(loss.shape);
        if (elements != 1) revert LossNotScalar(elements);
        uint256 steps = TaskShape.stepsInSegment(c.task, c.segment.index);
        Merkle.check(c.segment.metricsRoot, w.metric, c.step, steps, w.metricProof);
        uint256 word = step.element(loss, 0);
        step.done();
        return uint256(w.metric) != word;
    }

    function _step(LeafContext memory c, HeaderProof memory header, Opening[] memory openings)
        private
        pure
        returns (Step memory)
    {
        GraphProof.checkHeader(c.task.graph, header);
        return Step(c.task.graph, header.header, c.trace, openings, 0);
    }
}
