// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../interfaces/IDemands.sol";
import {IOpenings} from "../interfaces/IOpenings.sol";
import {ClaimRecord} from "../interfaces/IResultClaims.sol";
import {ChunkPath} from "../libraries/ChunkPath.sol";
import {ClaimPath} from "../libraries/ClaimPath.sol";
import {GraphProof} from "../libraries/GraphProof.sol";
import {IndexMath} from "../libraries/IndexMath.sol";
import {LongSums} from "../libraries/LongSums.sol";
import {Merkle} from "../libraries/Merkle.sol";
import {StepOpening} from "../libraries/StepOpening.sol";
import {SumNode} from "../libraries/SumTree.sol";
import {TensorRead} from "../libraries/TensorRead.sol";
import {graphLeafCount} from "../types/Graph.sol";
import {FLAG_STEP_ROOTS} from "../types/Job.sol";
import {
    ChunkAnswer,
    ChunkRange,
    CHUNKS_OF_CONSTANT,
    CHUNKS_OF_VALUE,
    GraphLeaf,
    SegmentProof,
    StepPage,
    TraceProof
} from "../types/Opening.sol";
import {hashTask, startsDrawn, startsFromRoot, Task} from "../types/Task.sol";
import {StepTrace} from "../types/Trace.sol";
import {HeaderProof, NamedValue, NodeProof} from "../types/Witness.sol";

/// @notice See `IOpenings`.
contract Openings is IOpenings {
    /// @inheritdoc IOpenings
    function valueRange(
        ClaimRecord memory record,
        Task memory task,
        HeaderProof memory header,
        NamedValue memory value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external pure returns (ChunkRange memory range) {
        _checkTask(record, task);
        range = ChunkPath.ofValue(task, header, value);
        ChunkPath.narrow(range, firstChunk, chunkCount);
    }

    /// @inheritdoc IOpenings
    function inputRange(
        ClaimRecord memory record,
        Task memory task,
        HeaderProof memory header,
        NamedValue memory value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external pure returns (ChunkRange memory range) {
        _checkTask(record, task);
        range = ChunkPath.ofInput(task, header, value);
        ChunkPath.narrow(range, firstChunk, chunkCount);
    }

    /// @inheritdoc IOpenings
    function sumBytes(
        ClaimRecord memory record,
        Task memory task,
        HeaderProof memory header,
        NodeProof memory node,
        uint64 element
    ) external pure returns (uint256) {
        _checkTask(record, task);
        GraphProof.checkHeader(task.graph, header);
        GraphProof.checkNode(task.graph, header.header, node);
        uint256 count = IndexMath.count(node.node.outputs[0].shape);
        if (element >= count) revert IDemands.OutOfRange(element, count);
        return LongSums.publishedBytes(node.node, task.profile);
    }

    /// @inheritdoc IOpenings
    function checkGraphLeaf(ClaimRecord memory record, Task memory task, uint32 leaf, HeaderProof[] memory header)
        external
        pure
    {
        _checkTask(record, task);
        if (leaf == 0) return;
        if (header.length != 1) revert IDemands.CountMismatch(0, 1, header.length);
        GraphProof.checkHeader(task.graph, header[0]);
        uint256 count = graphLeafCount(header[0].header);
        if (leaf >= count) revert IDemands.OutOfRange(leaf, count);
    }

    /// @inheritdoc IOpenings
    function checkGraph(
        ClaimRecord memory record,
        Task memory task,
        uint32 leaf,
        HeaderProof memory header,
        GraphLeaf memory given
    ) external pure returns (bytes32 content) {
        _checkTask(record, task);
        GraphProof.checkHeader(task.graph, header);
        content = keccak256(given.encoded);
        SumNode memory sums = SumNode(content, given.flops, given.bytes_);
        GraphProof.checkLeaf(task.graph, header.header, sums, leaf, given.siblings);
    }

    /// @inheritdoc IOpenings
    function checkModelIndex(ClaimRecord memory record, Task memory task, HeaderProof memory header, uint32 index)
        external
        pure
    {
        uint256 count = _modelTensors(record, task, header);
        if (index >= count) revert IDemands.OutOfRange(index, count);
    }

    /// @inheritdoc IOpenings
    function checkModel(
        ClaimRecord memory record,
        Task memory task,
        HeaderProof memory header,
        uint32 index,
        bytes32 root,
        bytes32[] memory proof
    ) external pure returns (bytes32 content) {
        Merkle.check(record.resultRoot, root, index, _modelTensors(record, task, header), proof);
        return root;
    }

    /// @inheritdoc IOpenings
    function checkSegment(ClaimRecord memory record, SegmentProof memory segment)
        external
        pure
        returns (bytes32 content)
    {
        ClaimPath.checkSegment(record, segment);
        return keccak256(abi.encode(segment.leaf));
    }

    /// @inheritdoc IOpenings
    function checkTraces(
        ClaimRecord memory record,
        Task memory task,
        SegmentProof memory segment,
        SegmentProof memory previous,
        StepTrace[] memory traces
    ) external pure returns (bytes32 content) {
        _checkTask(record, task);
        ClaimPath.checkSegment(record, segment);
        uint32 index = segment.leaf.index;
        uint256 count = ClaimPath.stepsIn(record, index);
        if (traces.length != count) revert IDemands.CountMismatch(0, count, traces.length);
        bytes32 start = traces[0].stateIn;
        if (index != 0) {
            if (previous.leaf.index != index - 1) revert IDemands.OutOfRange(previous.leaf.index, index);
            ClaimPath.checkSegment(record, previous);
            start = previous.leaf.endState;
        } else if (startsFromRoot(task) && !startsDrawn(task)) {
            // What starts from a consumed result, or is drawn, is judged tensor by tensor (P7.5 kind 3).
            start = task.startRoot;
        }
        return StepOpening.chain(traces, start, segment.leaf.endState);
    }

    /// @inheritdoc IOpenings
    function checkStep(
        ClaimRecord memory record,
        bytes32 stepsRoot,
        Task memory task,
        SegmentProof memory segment,
        uint32 step,
        TraceProof memory trace,
        HeaderProof memory header,
        uint32 page,
        StepPage memory given
    ) external pure returns (bytes32 content) {
        _checkTask(record, task);
        _checkTrace(record, stepsRoot, segment, step, trace);
        GraphProof.checkHeader(task.graph, header);
        StepOpening.checkPage(header.header, trace.trace, page, given);
        return keccak256(abi.encode(trace.trace));
    }

    /// @inheritdoc IOpenings
    function checkMetrics(
        ClaimRecord memory record,
        Task memory task,
        SegmentProof memory segment,
        HeaderProof memory header,
        bytes32[] memory metrics
    ) external pure returns (bytes32 content) {
        _checkTask(record, task);
        ClaimPath.checkSegment(record, segment);
        GraphProof.checkHeader(task.graph, header);
        uint256 steps = ClaimPath.stepsIn(record, segment.leaf.index);
        StepOpening.checkMetrics(header.header, steps, metrics, segment.leaf.metricsRoot);
        return segment.leaf.metricsRoot;
    }

    /// @inheritdoc IOpenings
    function checkChunks(
        ClaimRecord memory record,
        bytes32 stepsRoot,
        Task memory task,
        ChunkRange memory range,
        ChunkAnswer memory answer
    ) external view returns (bytes32 content) {
        _checkTask(record, task);
        if (range.source == CHUNKS_OF_VALUE) {
            if (answer.segment.leaf.index != range.segment) {
                revert IDemands.OutOfRange(answer.segment.leaf.index, range.segment);
            }
            _checkTrace(record, stepsRoot, answer.segment, range.step, answer.step);
        }
        if (range.source == CHUNKS_OF_CONSTANT) {
            if (answer.tensorRoot != range.tensorRoot) revert Merkle.RootMismatch(range.tensorRoot, answer.tensorRoot);
        } else {
            bytes32 list = ChunkPath.listRoot(task, range, answer.step.trace);
            Merkle.check(list, answer.tensorRoot, range.index, range.leafCount, answer.rootProof);
        }
        uint256 start = uint256(range.firstChunk) * TensorRead.CHUNK_BYTES;
        uint256 length = uint256(range.chunkCount) * TensorRead.CHUNK_BYTES;
        if (start + length > range.tensorBytes) length = range.tensorBytes - start;
        TensorRead.check(answer.tensorRoot, range.tensorBytes, start, length, answer.data, answer.rangeProof);
        return keccak256(answer.data);
    }

    function _modelTensors(ClaimRecord memory record, Task memory task, HeaderProof memory header)
        private
        pure
        returns (uint256)
    {
        _checkTask(record, task);
        GraphProof.checkHeader(task.graph, header);
        return header.header.nextStates;
    }

    function _checkTask(ClaimRecord memory record, Task memory task) private pure {
        bytes32 actual = hashTask(task);
        if (actual != record.taskHash) revert IDemands.TaskMismatch(record.taskHash, actual);
    }

    function _checkTrace(
        ClaimRecord memory record,
        bytes32 stepsRoot,
        SegmentProof memory segment,
        uint32 step,
        TraceProof memory trace
    ) private pure {
        if (record.flags & FLAG_STEP_ROOTS != 0) {
            ClaimPath.checkSegment(record, segment);
            stepsRoot = segment.leaf.stepsRoot;
        }
        ClaimPath.checkTrace(stepsRoot, step, ClaimPath.stepsIn(record, segment.leaf.index), trace);
    }
}
