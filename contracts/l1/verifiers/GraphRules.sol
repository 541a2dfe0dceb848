// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IGraphRules} from "../../interfaces/IGraphRules.sol";
import {DType} from "../../libraries/DType.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {NodeCost} from "../../libraries/graph/NodeCost.sol";
import {NodeFalse} from "../../libraries/graph/NodeFalse.sol";
import {LeafCost, NodeGate} from "../../libraries/graph/NodeGate.sol";
import {NodeLayouts} from "../../libraries/graph/NodeLayouts.sol";
import {NodeShape, RESHAPE} from "../../libraries/graph/NodeShape.sol";
import {
    CONSTANT_TYPE,
    Feed,
    FEED_TYPE,
    firstFeed,
    firstNextState,
    firstNode,
    firstState,
    graphLeafCount,
    GRAPH_HEADER_TYPE,
    GraphHeader,
    INIT_NONE,
    INIT_NORMAL,
    NEXT_STATE_TYPE,
    Node,
    NODE_TYPE,
    PLACE_CONSTANT,
    PLACE_EXACT,
    PLACE_FEED,
    PLACE_LOOSE,
    PLACE_NEXT_STATE,
    PLACE_NONE,
    PLACE_STATE,
    STATE_INPUT_TYPE,
    StateInput,
    Value
} from "../../types/Graph.sol";
import {KIND_COMMISSION, KIND_EVALUATE, KIND_INFER, Task} from "../../types/Task.sol";

/// @notice See `IGraphRules`. Reverting is how it says that something is false; arithmetic that overflows and bytes that do not
/// decode say the same.
contract GraphRules is IGraphRules {
    /// @dev A node writes one value, and is read through two layouts at most (P5.4).
    uint256 private constant PLACES_PER_NODE = 3;

    /// @inheritdoc IGraphRules
    function checkLeaf(
        Task calldata task,
        GraphHeader calldata header,
        uint256 index,
        bytes calldata encoded,
        uint64 flops,
        uint64 bytes_
    ) external pure {
        GraphHeader memory h = header;
        if (index >= graphLeafCount(h)) {
            _require(encoded.length == 0 && flops == 0 && bytes_ == 0, "padding");
        } else if (index >= firstNode(h)) {
            (bytes32 tag, Node memory node) = abi.decode(encoded, (bytes32, Node));
            _canonical(tag == NODE_TYPE, encoded, abi.encode(tag, node));
            _require(flops == node.flops && bytes_ == node.bytes_, "sums");
            _checkNode(node, h);
            for (uint256 i = 0; i < node.inputs.length; ++i) {
                Value memory value = node.inputs[i].value;
                if (value.place >= PLACE_EXACT) _checkSize(task, value.dtype, value.shape);
            }
        } else if (index != 0 && index < firstState(h)) {
            _require(flops == 0, "sums");
            _checkConstant(encoded, bytes_);
        } else {
            _require(flops == 0 && bytes_ == 0, "sums");
            if (index == 0) _checkHeader(task, h, encoded);
            else if (index < firstFeed(h)) _checkState(encoded);
            else if (index < firstNextState(h)) _checkFeed(task, h, index - firstFeed(h), encoded);
            else _checkNextState(h, encoded);
        }
    }

    /// @inheritdoc IGraphRules
    function leafCost(Node calldata node, GraphHeader calldata header, uint8 profile, uint8 flags)
        external
        pure
        returns (LeafCost memory)
    {
        return NodeGate.costOf(node, header, profile, flags);
    }

    /// @inheritdoc IGraphRules
    function isProvable(Node calldata node, GraphHeader calldata header, uint8 profile, uint8 flags)
        external
        pure
        returns (bool)
    {
        return NodeGate.isProvable(node, header, profile, flags);
    }

    function _checkNode(Node memory node, GraphHeader memory header) private pure {
        if (node.outputs.length != 1) revert NodeFalse("operands");
        Value memory output = node.outputs[0];
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            _checkPlace(header, node.inputs[i].value);
            if (node.inputs[i].layoutPlace == PLACE_EXACT) _below(node.inputs[i].layoutIndex, header.exactCount);
            if (node.inputs[i].layoutPlace == PLACE_LOOSE) _below(node.inputs[i].layoutIndex, header.looseCount);
        }
        (uint8 dtype, uint32[] memory shape) = NodeShape.outputOf(node);
        if (output.dtype != dtype) revert NodeFalse("type");
        if (keccak256(abi.encode(output.shape)) != keccak256(abi.encode(shape))) revert NodeFalse("shape");
        _checkPlace(header, output);
        if (node.op == RESHAPE) {
            // The same bytes: nothing is written.
            Value memory x = node.inputs[0].value;
            if (output.place != x.place || output.index != x.index) revert NodeFalse("place");
        } else if (output.place < PLACE_EXACT) {
            revert NodeFalse("place");
        }
        NodeLayouts.check(node);
        if (node.flops != NodeCost.flops(node)) revert NodeFalse("cost");
        if (node.bytes_ != IndexMath.count(output.shape) * DType.size(output.dtype)) revert NodeFalse("cost");
    }

    /// @dev What stands in a step, written by a node or by nobody, is no larger than all that the job pays for: whoever checks
    /// holds it.
    function _checkSize(Task calldata task, uint8 dtype, uint32[] memory shape) private pure {
        _require(IndexMath.count(shape) * DType.size(dtype) <= task.graph.bytes_, "size");
    }

    /// @dev A value of a known type, at a place that the header counts.
    function _checkPlace(GraphHeader memory header, Value memory value) private pure {
        DType.size(value.dtype);
        uint8 place = value.place;
        if (place == PLACE_STATE) _below(value.index, header.states);
        else if (place == PLACE_FEED) _below(value.index, header.feeds);
        else if (place == PLACE_CONSTANT) _below(value.index, header.constants);
        else if (place == PLACE_EXACT) _below(value.index, header.exactCount);
        else if (place == PLACE_LOOSE) _below(value.index, header.looseCount);
        else if (place == PLACE_NEXT_STATE) _below(value.index, header.nextStates);
        else revert NodeFalse("place");
    }

    function _below(uint32 index, uint32 count) private pure {
        if (index >= count) revert NodeFalse("place");
    }

    /// @dev Of a training, one to train; of a commission, what counts right answers.
    function _checkHeader(Task calldata task, GraphHeader memory header, bytes calldata encoded) private pure {
        _canonical(true, encoded, abi.encode(GRAPH_HEADER_TYPE, header));
        _require(header.kind == (task.kind == KIND_COMMISSION ? KIND_EVALUATE : task.kind), "kind");
        _require(header.datasetFeeds <= header.feeds && header.datasetFeeds > 0, "counts");
        // An inference reads its input and gives its output; the others give each state they were given.
        if (task.kind == KIND_INFER) _require(header.feeds == 1 && header.nextStates == 1, "counts");
        else _require(header.nextStates == header.states, "counts");
        // Nobody could page through lists of more (P7.1).
        uint256 places = uint256(header.exactCount) + header.looseCount;
        _require(places <= PLACES_PER_NODE * header.nodes, "counts");
        if (header.loss.place != PLACE_NONE) {
            _checkPlace(header, header.loss);
            _require(header.loss.dtype == DType.FLOAT32 && IndexMath.count(header.loss.shape) == 1, "type");
        }
    }

    function _checkConstant(bytes calldata encoded, uint64 bytes_) private pure {
        (bytes32 tag, uint8 dtype, uint32[] memory shape, bytes32 root) =
            abi.decode(encoded, (bytes32, uint8, uint32[], bytes32));
        _canonical(tag == CONSTANT_TYPE, encoded, abi.encode(tag, dtype, shape, root));
        _require(bytes_ == IndexMath.count(shape) * DType.size(dtype), "sums");
    }

    function _checkState(bytes calldata encoded) private pure {
        (bytes32 tag, StateInput memory state) = abi.decode(encoded, (bytes32, StateInput));
        _canonical(tag == STATE_INPUT_TYPE, encoded, abi.encode(tag, state));
        DType.size(state.dtype);
        IndexMath.count(state.shape);
        _require(state.init <= INIT_NORMAL && (state.init != INIT_NONE || state.scaleBits == 0), "rule");
    }

    /// @dev Rows of the dataset come first, one for each of the batch; masks are bools.
    function _checkFeed(Task calldata task, GraphHeader memory header, uint256 index, bytes calldata encoded) private pure {
        (bytes32 tag, Feed memory feed) = abi.decode(encoded, (bytes32, Feed));
        _canonical(tag == FEED_TYPE, encoded, abi.encode(tag, feed));
        DType.size(feed.dtype);
        IndexMath.count(feed.shape);
        bool isMask = index >= header.datasetFeeds;
        _require((feed.keep != 0) == isMask, "counts");
        if (isMask) {
            _require(feed.dtype == DType.BOOL, "type");
            _checkSize(task, feed.dtype, feed.shape);
        } else if (task.kind != KIND_INFER) {
            _require(feed.dtype != DType.BOOL, "type");
            _require(feed.shape.length > 0 && feed.shape[0] == task.batchRows, "rows");
        }
    }

    function _checkNextState(GraphHeader memory header, bytes calldata encoded) private pure {
        (bytes32 tag, Value memory value) = abi.decode(encoded, (bytes32, Value));
        _canonical(tag == NEXT_STATE_TYPE, encoded, abi.encode(tag, value));
        _checkPlace(header, value);
        IndexMath.count(value.shape);
    }

    function _canonical(bool isTagged, bytes calldata encoded, bytes memory again) private pure {
        _require(isTagged && keccak256(encoded) == keccak256(again), "encoding");
    }

    function _require(bool holds, bytes32 what) private pure {
        if (!holds) revert LeafFalse(what);
    }
}
