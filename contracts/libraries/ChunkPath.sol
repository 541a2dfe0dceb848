// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../interfaces/IDemands.sol";
import {
    datasetFeeds,
    Feed,
    GraphHeader,
    Operand,
    PLACE_EXACT,
    PLACE_FEED,
    PLACE_LOOSE,
    PLACE_NEXT_STATE,
    PLACE_STATE,
    StateInput,
    Value
} from "../types/Graph.sol";
import {ChunkRange, CHUNKS_OF_DATASET, CHUNKS_OF_START, CHUNKS_OF_VALUE} from "../types/Opening.sol";
import {KIND_INFER, startsFromRoot, Task} from "../types/Task.sol";
import {StepTrace} from "../types/Trace.sol";
import {
    HeaderProof,
    NamedValue,
    SOURCE_FEED,
    SOURCE_LAYOUT,
    SOURCE_NEXT_STATE,
    SOURCE_OPERAND,
    SOURCE_OUTPUT,
    SOURCE_STATE
} from "../types/Witness.sol";
import {DType} from "./DType.sol";
import {GraphProof} from "./GraphProof.sol";
import {IndexMath} from "./IndexMath.sol";
import {TensorRead} from "./TensorRead.sol";

/// @notice Where demanded chunks stand (docs/protocol.md P5.1, P7.6). Sizes and list lengths come from the graph, so that
/// only the tensor of the right shape can answer.
library ChunkPath {
    /// @dev Their answer is one transaction that every L1 node relays (128 KiB).
    uint32 internal constant MAX_CHUNKS = 64;

    /// @notice Chunks of a value of a step.
    function ofValue(Task memory task, HeaderProof memory header, NamedValue memory named)
        internal
        pure
        returns (ChunkRange memory range)
    {
        GraphProof.checkHeader(task.graph, header);
        range.source = CHUNKS_OF_VALUE;
        uint8 dtype;
        uint32[] memory shape;
        (range.place, range.index, dtype, shape) = _locate(task, header.header, named);
        range.leafCount = _listLength(header.header, range.place);
        if (range.index >= range.leafCount) revert IDemands.OutOfRange(range.index, range.leafCount);
        range.tensorBytes = _size(dtype, shape);
    }

    /// @notice Chunks of a tensor of the dataset, of an inference's input, or of the start state that a task names.
    function ofInput(Task memory task, HeaderProof memory header, uint8 source, uint32 index)
        internal
        pure
        returns (ChunkRange memory range)
    {
        GraphProof.checkHeader(task.graph, header);
        range.source = source;
        range.index = index;
        if (source == CHUNKS_OF_DATASET) {
            range.leafCount = uint32(datasetFeeds(header.header));
            if (index >= range.leafCount) revert IDemands.OutOfRange(index, range.leafCount);
            Feed memory feed = header.header.feeds[index];
            // An input is the feed itself; a dataset tensor has N rows where the feed has those of a batch (P4.4).
            range.tensorBytes = task.kind == KIND_INFER
                ? _size(feed.dtype, feed.shape)
                : _toUint64(
                    uint256(task.datasetRows) * IndexMath.span(feed.shape, 1, feed.shape.length) * DType.size(feed.dtype)
                );
        } else if (source == CHUNKS_OF_START && startsFromRoot(task)) {
            range.leafCount = uint32(header.header.states.length);
            if (index >= range.leafCount) revert IDemands.OutOfRange(index, range.leafCount);
            StateInput memory state = header.header.states[index];
            range.tensorBytes = _size(state.dtype, state.shape);
        } else {
            revert IDemands.NotDemandable(source);
        }
    }

    /// @notice Narrows a tensor to a block of its chunks: 2ᵏ of them from a multiple of 2ᵏ on, fewer only at the tensor's end. So a
    /// chunk is in few ranges, and an asker cannot have it published over and over.
    function narrow(ChunkRange memory range, uint32 firstChunk, uint32 chunkCount) internal pure {
        uint256 chunks = TensorRead.chunkCount(range.tensorBytes);
        if (chunkCount == 0 || chunkCount > MAX_CHUNKS) revert IDemands.OutOfRange(chunkCount, MAX_CHUNKS);
        uint256 end = uint256(firstChunk) + chunkCount;
        if (end > chunks) revert IDemands.OutOfRange(end, chunks);
        uint256 size = 1;
        while (size < chunkCount) size *= 2;
        if (firstChunk % size != 0 || (chunkCount != size && end != chunks)) {
            revert IDemands.NotABlock(firstChunk, chunkCount);
        }
        range.firstChunk = firstChunk;
        range.chunkCount = chunkCount;
    }

    /// @notice Root of the list that a range's tensor root is in.
    function listRoot(Task memory task, ChunkRange memory range, StepTrace memory trace) internal pure returns (bytes32) {
        if (range.source == CHUNKS_OF_DATASET) return task.datasetRoot;
        if (range.source == CHUNKS_OF_START) return task.startRoot;
        if (range.place == PLACE_STATE) return trace.stateIn;
        if (range.place == PLACE_FEED) return trace.feedsRoot;
        if (range.place == PLACE_EXACT) return trace.exactRoot;
        if (range.place == PLACE_LOOSE) return trace.looseRoot;
        return trace.stateOut;
    }

    function _locate(Task memory task, GraphHeader memory header, NamedValue memory named)
        private
        pure
        returns (uint8 place, uint32 index, uint8 dtype, uint32[] memory shape)
    {
        uint32 i = named.index;
        if (named.source == SOURCE_STATE) {
            if (i >= header.states.length) revert IDemands.OutOfRange(i, header.states.length);
            return (PLACE_STATE, i, header.states[i].dtype, header.states[i].shape);
        }
        if (named.source == SOURCE_FEED) {
            if (i >= header.feeds.length) revert IDemands.OutOfRange(i, header.feeds.length);
            return (PLACE_FEED, i, header.feeds[i].dtype, header.feeds[i].shape);
        }
        if (named.source == SOURCE_NEXT_STATE) {
            if (i >= header.nextStates.length) revert IDemands.OutOfRange(i, header.nextStates.length);
            return (PLACE_NEXT_STATE, i, header.nextStates[i].dtype, header.nextStates[i].shape);
        }
        if (named.node.length != 1) revert IDemands.NotDemandable(named.source);
        GraphProof.checkNode(task.graph, header, named.node[0]);
        if (named.source == SOURCE_OUTPUT) {
            Value[] memory outputs = named.node[0].node.outputs;
            if (i >= outputs.length) revert IDemands.OutOfRange(i, outputs.length);
            return (outputs[i].place, outputs[i].index, outputs[i].dtype, outputs[i].shape);
        }
        Operand[] memory inputs = named.node[0].node.inputs;
        if (i >= inputs.length) revert IDemands.OutOfRange(i, inputs.length);
        Value memory value = inputs[i].value;
        if (named.source == SOURCE_OPERAND) return (value.place, value.index, value.dtype, value.shape);
        if (named.source != SOURCE_LAYOUT) revert IDemands.NotDemandable(named.source);
        return (inputs[i].layoutPlace, inputs[i].layoutIndex, value.dtype, value.shape);
    }

    function _listLength(GraphHeader memory header, uint8 place) private pure returns (uint32) {
        if (place == PLACE_STATE) return uint32(header.states.length);
        if (place == PLACE_FEED) return uint32(header.feeds.length);
        if (place == PLACE_EXACT) return header.exactCount;
        if (place == PLACE_LOOSE) return header.looseCount;
        if (place == PLACE_NEXT_STATE) return uint32(header.nextStates.length);
        revert IDemands.NotAValue(place);
    }

    function _size(uint8 dtype, uint32[] memory shape) private pure returns (uint64) {
        return _toUint64(IndexMath.count(shape) * DType.size(dtype));
    }

    function _toUint64(uint256 value) private pure returns (uint64) {
        if (value > type(uint64).max) revert IDemands.OutOfRange(value, type(uint64).max);
        return uint64(value);
    }
}
