// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    graphLeafCount,
    GraphHeader,
    Node,
    NODE_TYPE,
    Operand,
    PLACE_CONSTANT,
    PLACE_EXACT,
    PLACE_FEED,
    PLACE_LOOSE,
    PLACE_STATE,
    Value
} from "../../types/Graph.sol";
import {FLAG_GPU, PROFILE_TOLERANT} from "../../types/Job.sol";
import {DType} from "../DType.sol";
import {IndexMath} from "../IndexMath.sol";
import {LongSums} from "../LongSums.sol";
import {Merkle} from "../Merkle.sol";
import {OpCode} from "../OpCode.sol";
import {NodeAttributes, Window} from "./NodeAttributes.sol";
import {RESHAPE} from "./NodeShape.sol";
import {WindowShape} from "./WindowShape.sol";

/// @notice What proving the worst element of a node wrong takes on L1.
struct LeafCost {
    uint256 gas;
    /// Added up for one element; 0 for ops that do not sum.
    uint256 terms;
    uint256 bytes_;
}

/// @notice The provability gate (docs/protocol.md P5.12): verifier/model/check.ts and proof-size.ts have the same numbers. A node
/// beyond it could be lied about safely.
/// @dev Every `node` keeps the rules of its op; what those give bounds all products here far below 2²⁵⁶.
library NodeGate {
    uint256 internal constant MAX_GAS = 12_000_000;
    uint256 internal constant MAX_TERMS = LongSums.PART_TERMS;
    uint256 internal constant MAX_PRODUCT_TERMS = LongSums.PART_TERMS * LongSums.MAX_PARTS;
    uint256 internal constant MAX_BYTES = 131_072;

    uint256 private constant BASE_GAS = 490_000;
    uint256 private constant STRICT_TERM_GAS = 700;
    uint256 private constant TOLERANT_TERM_GAS = 400;
    uint256 private constant GPU_TERM_GAS = 1000;
    uint256 private constant COMPARED_GAS = 210;
    uint256 private constant WINDOW_ROW_GAS = 30_000;

    uint256 private constant WORD = 32;
    uint256 private constant CHUNK = 1024;
    uint256 private constant AROUND_BYTES = 2_816;
    uint256 private constant FRAME_WORDS = 32;
    uint256 private constant OPENING_WORDS = 8;

    /// @param flags of the job: they name the column of the tolerant profile, in which the gpu's products are not judged in parts
    function isProvable(Node memory node, GraphHeader memory header, uint8 profile, uint8 flags)
        internal
        pure
        returns (bool)
    {
        LeafCost memory cost = costOf(node, header, profile, flags);
        uint256 most = _isProduct(node.op) && flags & FLAG_GPU == 0 ? MAX_PRODUCT_TERMS : MAX_TERMS;
        return cost.gas <= MAX_GAS && cost.terms <= most && cost.bytes_ <= MAX_BYTES;
    }

    function costOf(Node memory node, GraphHeader memory header, uint8 profile, uint8 flags)
        internal
        pure
        returns (LeafCost memory cost)
    {
        uint8 op = node.op;
        if (op == RESHAPE) return cost; // no leaf
        uint256 terms = _terms(node);
        bool isConv = op == OpCode.CONV || op == OpCode.CONV_TRANSPOSE;
        cost.terms = isConv || _isProduct(op) || op == OpCode.REDUCE_SUM || op == OpCode.SCATTER_ELEMENTS ? terms : 0;
        uint256 published;
        if (_isProduct(op) && terms > LongSums.PART_TERMS) {
            // One part is judged, beside what was published of all (P7.10): at most the exact sums.
            published = 2 * WORD + LongSums.EXACT_BYTES * LongSums.parts(terms);
            terms = LongSums.PART_TERMS;
        }
        cost.gas = BASE_GAS + terms * _termGas(op, profile, flags);
        if (isConv) cost.gas += node.inputs[1].value.shape[2] * WINDOW_ROW_GAS;
        uint256 sumWords = 3 * Merkle.depth(graphLeafCount(header));
        cost.bytes_ = AROUND_BYTES + WORD * (FRAME_WORDS + 2 * sumWords) + abi.encode(NODE_TYPE, node).length
            + published + _opening(header, node.outputs[0], 1) + _reads(node, header, terms);
    }

    function _isProduct(uint8 op) private pure returns (bool) {
        return op == OpCode.MATMUL || op == OpCode.GEMM;
    }

    function _termGas(uint8 op, uint8 profile, uint8 flags) private pure returns (uint256) {
        if (op == OpCode.REDUCE_MAX || op == OpCode.ARG_MAX || op == OpCode.MAX_POOL) return COMPARED_GAS;
        uint256 termGas = profile != PROFILE_TOLERANT
            ? STRICT_TERM_GAS
            : flags & FLAG_GPU == 0 ? TOLERANT_TERM_GAS : GPU_TERM_GAS;
        return op == OpCode.SCATTER_ELEMENTS ? termGas + COMPARED_GAS : termGas;
    }

    /// @dev Operations on the way to one element.
    function _terms(Node memory node) private pure returns (uint256) {
        uint8 op = node.op;
        uint32[] memory x = node.inputs[0].value.shape;
        if (op == OpCode.GEMM) {
            (bool transA,) = NodeAttributes.gemm(node.attributes);
            return x[transA ? 0 : 1];
        }
        if (op == OpCode.MATMUL) return x[x.length - 1];
        if (op == OpCode.REDUCE_SUM || op == OpCode.REDUCE_MAX) {
            (uint32[] memory axes,) = NodeAttributes.reduction(node.attributes);
            return IndexMath.span(x, axes[0], axes[0] + axes.length);
        }
        if (op == OpCode.ARG_MAX) {
            (uint32 axis,) = NodeAttributes.argMax(node.attributes);
            return x[axis];
        }
        if (op == OpCode.SCATTER_ELEMENTS) return node.inputs[1].value.shape[0];
        if (op == OpCode.MAX_POOL) {
            Window memory window = NodeAttributes.pool(node.attributes);
            return uint256(window.kernel[0]) * window.kernel[1];
        }
        if (op == OpCode.CONV) return IndexMath.span(node.inputs[1].value.shape, 1, 4);
        if (op == OpCode.CONV_TRANSPOSE) {
            uint32[] memory w = node.inputs[1].value.shape;
            return x[1] / _convWindow(node).group * IndexMath.span(w, 2, 4);
        }
        return 1;
    }

    /// @dev Bytes of the openings of what judging the worst element reads (P7.8).
    function _reads(Node memory node, GraphHeader memory header, uint256 terms) private pure returns (uint256 total) {
        uint8 op = node.op;
        if (_isProduct(op)) {
            total = _operand(node, header, 0, terms) + _operand(node, header, 1, terms);
            return node.inputs.length == 3 ? total + _operand(node, header, 2, 1) : total;
        }
        if (op >= OpCode.REDUCE_SUM && op <= OpCode.ARG_MAX) {
            if (_isOneRead(node, terms)) return _operand(node, header, 0, terms);
            return terms * _operand(node, header, 0, 1);
        }
        if (op == OpCode.SCATTER_ELEMENTS) {
            return _operand(node, header, 0, 1) + _operand(node, header, 1, terms) + _operand(node, header, 2, terms);
        }
        if (op == OpCode.CONV || op == OpCode.CONV_TRANSPOSE) return _convReads(node, header, terms);
        if (op == OpCode.MAX_POOL) {
            Window memory window = NodeAttributes.pool(node.attributes);
            uint32[] memory x = node.inputs[0].value.shape;
            (uint256 rows,) = WindowShape.reach(window, x, 0);
            (, uint256 span) = WindowShape.reach(window, x, 1);
            return rows * _operand(node, header, 0, span);
        }
        // One element of each operand, or of the one that the place or a condition chooses.
        uint256 largest = 0;
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            uint256 size = _operand(node, header, i, 1);
            total += size;
            if ((i > 0 || op != OpCode.WHERE) && size > largest) largest = size;
        }
        if (op == OpCode.CONCAT) return largest;
        return op == OpCode.WHERE ? _operand(node, header, 0, 1) + largest : total;
    }

    /// @dev Terms that lie side by side: the last axes, one term, or a layout.
    function _isOneRead(Node memory node, uint256 terms) private pure returns (bool) {
        if (terms == 1 || node.inputs[0].layout.length != 0) return true;
        uint32[] memory x = node.inputs[0].value.shape;
        uint256 behind;
        if (node.op == OpCode.ARG_MAX) {
            (uint32 axis,) = NodeAttributes.argMax(node.attributes);
            behind = uint256(axis) + 1;
        } else {
            (uint32[] memory axes,) = NodeAttributes.reduction(node.attributes);
            if (axes[0] == 0) return true;
            behind = axes[0] + axes.length;
        }
        return IndexMath.span(x, behind, x.length) == 1;
    }

    function _convReads(Node memory node, GraphHeader memory header, uint256 terms)
        private
        pure
        returns (uint256 total)
    {
        Window memory window = _convWindow(node);
        uint32[] memory x = node.inputs[0].value.shape;
        bool back = node.op == OpCode.CONV_TRANSPOSE;
        (uint256 rows,) = back ? WindowShape.reachBack(window, x, 0) : WindowShape.reach(window, x, 0);
        (, uint256 span) = back ? WindowShape.reachBack(window, x, 1) : WindowShape.reach(window, x, 1);
        if (span > 0) total = rows * _operand(node, header, 0, (span - 1) * x[1] + x[1] / window.group);
        total += _operand(node, header, 1, terms);
        if (node.inputs.length == 3) total += _operand(node, header, 2, 1);
    }

    function _convWindow(Node memory node) private pure returns (Window memory) {
        uint32[] memory w = node.inputs[1].value.shape;
        return NodeAttributes.conv(node.attributes, [w[2], w[3]]);
    }

    /// @dev An opening of `count` elements of an operand, in its layout where it has one.
    function _operand(Node memory node, GraphHeader memory header, uint256 i, uint256 count)
        private
        pure
        returns (uint256)
    {
        Operand memory operand = node.inputs[i];
        Value memory value = operand.value;
        if (operand.layout.length != 0) value = Value(operand.layoutPlace, operand.layoutIndex, value.dtype, value.shape);
        return _opening(header, value, count);
    }

    /// @dev Wherever the elements begin: whole chunks, of which both ends may be others'.
    function _opening(GraphHeader memory header, Value memory value, uint256 count) private pure returns (uint256) {
        uint256 size = DType.size(value.dtype);
        uint256 whole = IndexMath.count(value.shape) * size;
        uint256 read = (count * size + CHUNK - size + CHUNK - 1) / CHUNK * CHUNK;
        uint256 words = OPENING_WORDS + _rootWords(header, value) + 2 * Merkle.depth((whole + CHUNK - 1) / CHUNK);
        return WORD * words + (read < whole ? read : whole);
    }

    function _rootWords(GraphHeader memory header, Value memory value) private pure returns (uint256) {
        if (value.place == PLACE_CONSTANT) return 1 + value.shape.length + 3 * Merkle.depth(graphLeafCount(header));
        if (value.place == PLACE_STATE) return Merkle.depth(header.states);
        if (value.place == PLACE_FEED) return Merkle.depth(header.feeds);
        if (value.place == PLACE_EXACT) return Merkle.depth(header.exactCount);
        if (value.place == PLACE_LOOSE) return Merkle.depth(header.looseCount);
        return Merkle.depth(header.nextStates);
    }
}
