// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../interfaces/IDemands.sol";
import {
    GraphHeader,
    INIT_NONE,
    PLACE_EXACT,
    PLACE_FEED,
    PLACE_LOOSE,
    PLACE_NEXT_STATE,
    PLACE_STATE,
    Value
} from "../types/Graph.sol";
import {
    ChunkRange,
    CHUNKS_OF_CONSTANT,
    CHUNKS_OF_DATASET,
    CHUNKS_OF_START,
    CHUNKS_OF_VALUE
} from "../types/Opening.sol";
import {KIND_INFER, startsDrawn, startsFromRoot, Task} from "../types/Task.sol";
import {StepTrace} from "../types/Trace.sol";
import {HeaderProof, NamedValue, SOURCE_CONSTANT, SOURCE_FEED, SOURCE_STATE, StateProof} from "../types/Witness.sol";
import {DType} from "./DType.sol";
import {GraphProof} from "./GraphProof.sol";
import {IndexMath} from "./IndexMath.sol";
import {NamedValues} from "./NamedValues.sol";
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
        (Value memory value,) = NamedValues.locate(task.graph, header.header, named);
        range.source = CHUNKS_OF_VALUE;
        (range.place, range.index) = (value.place, value.index);
        range.leafCount = _listLength(header.header, range.place);
        if (range.index >= range.leafCount) revert IDemands.OutOfRange(range.index, range.leafCount);
        range.tensorBytes = _size(value.dtype, value.shape);
    }

    /// @notice Chunks of what a task names by root: a tensor of the dataset or an inference's input, named by the feed that reads
    /// it; a tensor of the start state that a task names, named by its state input; a constant of the graph.
    function ofInput(Task memory task, HeaderProof memory header, NamedValue memory named)
        internal
        pure
        returns (ChunkRange memory range)
    {
        GraphProof.checkHeader(task.graph, header);
        (Value memory value, bytes32 constantRoot) = NamedValues.locate(task.graph, header.header, named);
        range.index = named.index;
        range.tensorBytes = _size(value.dtype, value.shape);
        if (named.source == SOURCE_FEED) {
            range.source = CHUNKS_OF_DATASET;
            range.leafCount = header.header.datasetFeeds;
            if (range.index >= range.leafCount) revert IDemands.OutOfRange(range.index, range.leafCount);
            // An input is the feed itself; a dataset tensor has N rows where the feed has those of a batch (P4.4).
            if (task.kind != KIND_INFER) {
                uint256 rowBytes = IndexMath.span(value.shape, 1, value.shape.length) * DType.size(value.dtype);
                range.tensorBytes = _toUint64(uint256(task.datasetRows) * rowBytes);
            }
        } else if (named.source == SOURCE_STATE && startsFromRoot(task) && !_isDrawn(task, named)) {
            range.source = CHUNKS_OF_START;
            range.leafCount = header.header.states;
        } else if (named.source == SOURCE_CONSTANT) {
            range.source = CHUNKS_OF_CONSTANT;
            range.tensorRoot = constantRoot;
        } else {
            revert IDemands.NotDemandable(named.source);
        }
    }

    /// @dev What a rule draws from the seed, nobody needs to publish.
    function _isDrawn(Task memory task, NamedValue memory named) private pure returns (bool) {
        return startsDrawn(task) && abi.decode(named.leaf, (StateProof)).state.init != INIT_NONE;
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

    /// @notice Root of the list that a range's tensor root is in; a constant is in none.
    function listRoot(Task memory task, ChunkRange memory range, StepTrace memory trace) internal pure returns (bytes32) {
        if (range.source == CHUNKS_OF_DATASET) return task.datasetRoot;
        if (range.source == CHUNKS_OF_START) return task.startRoot;
        if (range.place == PLACE_STATE) return trace.stateIn;
        if (range.place == PLACE_FEED) return trace.feedsRoot;
        if (range.place == PLACE_EXACT) return trace.exactRoot;
        if (range.place == PLACE_LOOSE) return trace.looseRoot;
        return trace.stateOut;
    }

    function _listLength(GraphHeader memory header, uint8 place) private pure returns (uint32) {
        if (place == PLACE_STATE) return header.states;
        if (place == PLACE_FEED) return header.feeds;
        if (place == PLACE_EXACT) return header.exactCount;
        if (place == PLACE_LOOSE) return header.looseCount;
        if (place == PLACE_NEXT_STATE) return header.nextStates;
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
