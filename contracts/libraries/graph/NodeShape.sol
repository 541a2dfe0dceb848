// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Node, Operand} from "../../types/Graph.sol";
import {DType} from "../DType.sol";
import {IndexMath} from "../IndexMath.sol";
import {OpCode} from "../OpCode.sol";
import {NodeAttributes, Window} from "./NodeAttributes.sol";
import {NodeFalse} from "./NodeFalse.sol";
import {WindowShape} from "./WindowShape.sol";

// It names bytes and makes none: it has no leaf, and is none of OpCode's.
uint8 constant RESHAPE = 60;

/// @notice Type and shape of what an op makes of its operands (docs/protocol.md P5.7): the `infer` of verifier/ops, in Solidity.
/// @dev Reverts, with `NodeFalse` or by arithmetic that overflows, on operands or attributes that the op cannot take. Where the
/// encoding leaves something to the output's shape (Reshape, Slice, Expand, Pad, Resize, Cast), the declared one is checked and
/// returned.
library NodeShape {
    uint256 private constant MAX_OPERANDS = 1024;

    function outputOf(Node memory node) internal pure returns (uint8 dtype, uint32[] memory shape) {
        uint8 op = node.op;
        if (op <= OpCode.NOT) return _elementwise(node);
        if (op == OpCode.WHERE) return _where(node);
        if (op == OpCode.CAST) return _cast(node);
        if (op == OpCode.MATMUL) return (DType.FLOAT32, _matMul(node));
        if (op == OpCode.GEMM) return (DType.FLOAT32, _gemm(node));
        if (op == OpCode.REDUCE_SUM || op == OpCode.REDUCE_MAX) return (DType.FLOAT32, _reduction(node));
        if (op == OpCode.ARG_MAX) return (DType.INT64, _argMax(node));
        if (op == OpCode.SCATTER_ELEMENTS) return (DType.FLOAT32, _scatter(node));
        if (op == OpCode.CONV) return (DType.FLOAT32, _conv(node));
        if (op == OpCode.CONV_TRANSPOSE) return (DType.FLOAT32, _convTranspose(node));
        if (op == OpCode.MAX_POOL) return (DType.FLOAT32, _maxPool(node));
        return _moved(node);
    }

    function _elementwise(Node memory node) private pure returns (uint8, uint32[] memory) {
        uint8 op = node.op;
        NodeAttributes.none(node.attributes);
        if (op == OpCode.ADD || op == OpCode.SUB || op == OpCode.MUL || op == OpCode.DIV || op == OpCode.MAX || op == OpCode.MIN)
        {
            _operands(node, 2, 2);
            _floats(node);
            return (DType.FLOAT32, _broadcastPair(node));
        }
        // Reciprocal (14) has a leaf, and no runtime yet: no graph may hold it.
        if (op >= OpCode.SQRT && op <= OpCode.ERF) {
            _operands(node, 1, 1);
            _floats(node);
            return (DType.FLOAT32, _shape(node, 0));
        }
        if (op >= OpCode.EQUAL && op <= OpCode.GREATER_OR_EQUAL) {
            _operands(node, 2, 2);
            uint8 compared = _dtype(node, 0);
            _require(
                compared == DType.FLOAT32 || compared == DType.INT32 || compared == DType.INT64
                    || (compared == DType.BOOL && op == OpCode.EQUAL),
                "type"
            );
            _require(_dtype(node, 1) == compared, "type");
            return (DType.BOOL, _broadcastPair(node));
        }
        if (op == OpCode.AND || op == OpCode.OR) {
            _operands(node, 2, 2);
            _require(_dtype(node, 0) == DType.BOOL && _dtype(node, 1) == DType.BOOL, "type");
            return (DType.BOOL, _broadcastPair(node));
        }
        _require(op == OpCode.NOT, "op");
        _operands(node, 1, 1);
        _require(_dtype(node, 0) == DType.BOOL, "type");
        return (DType.BOOL, _shape(node, 0));
    }

    function _where(Node memory node) private pure returns (uint8 dtype, uint32[] memory) {
        NodeAttributes.none(node.attributes);
        _operands(node, 3, 3);
        dtype = _dtype(node, 1);
        _require(_dtype(node, 0) == DType.BOOL && dtype != DType.BOOL && _dtype(node, 2) == dtype, "type");
        return (dtype, _broadcast(_shape(node, 0), _broadcast(_shape(node, 1), _shape(node, 2))));
    }

    function _cast(Node memory node) private pure returns (uint8, uint32[] memory) {
        NodeAttributes.none(node.attributes);
        _operands(node, 1, 1);
        return (node.outputs[0].dtype, _shape(node, 0));
    }

    function _matMul(Node memory node) private pure returns (uint32[] memory shape) {
        NodeAttributes.none(node.attributes);
        _operands(node, 2, 2);
        _floats(node);
        (uint32[] memory a, uint32[] memory b) = (_shape(node, 0), _shape(node, 1));
        _require(a.length >= 2 && b.length >= 2, "shape");
        _require(a[a.length - 1] == b[b.length - 2], "shape");
        uint32[] memory batch = _broadcast(_first(a, a.length - 2), _first(b, b.length - 2));
        shape = new uint32[](batch.length + 2);
        for (uint256 i = 0; i < batch.length; ++i) shape[i] = batch[i];
        shape[batch.length] = a[a.length - 2];
        shape[batch.length + 1] = b[b.length - 1];
    }

    function _gemm(Node memory node) private pure returns (uint32[] memory shape) {
        (bool transA, bool transB) = NodeAttributes.gemm(node.attributes);
        _operands(node, 2, 3);
        _floats(node);
        (uint32[] memory a, uint32[] memory b) = (_shape(node, 0), _shape(node, 1));
        _require(a.length == 2 && b.length == 2, "shape");
        _require(a[transA ? 0 : 1] == b[transB ? 1 : 0], "shape");
        shape = new uint32[](2);
        (shape[0], shape[1]) = (a[transA ? 1 : 0], b[transB ? 0 : 1]);
        if (node.inputs.length == 3) _require(_same(_broadcast(_shape(node, 2), shape), shape), "shape");
    }

    function _reduction(Node memory node) private pure returns (uint32[] memory) {
        (uint32[] memory axes, bool keepdims) = NodeAttributes.reduction(node.attributes);
        _operands(node, 1, 1);
        _floats(node);
        uint32[] memory x = _shape(node, 0);
        _require(axes.length > 0 && uint256(axes[0]) + axes.length <= x.length, "attributes");
        for (uint256 i = 1; i < axes.length; ++i) _require(axes[i] == axes[0] + i, "attributes");
        return _reduced(x, axes[0], axes.length, keepdims);
    }

    function _argMax(Node memory node) private pure returns (uint32[] memory) {
        (uint32 axis, bool keepdims) = NodeAttributes.argMax(node.attributes);
        _operands(node, 1, 1);
        _floats(node);
        uint32[] memory x = _shape(node, 0);
        _require(axis < x.length, "attributes");
        return _reduced(x, axis, 1, keepdims);
    }

    function _scatter(Node memory node) private pure returns (uint32[] memory x) {
        _require(NodeAttributes.axisOf(node.attributes) == 0, "attributes");
        _operands(node, 3, 3);
        _require(_dtype(node, 0) == DType.FLOAT32 && _dtype(node, 2) == DType.FLOAT32, "type");
        x = _shape(node, 0);
        _columns(node);
        _require(_same(_shape(node, 1), _shape(node, 2)), "shape");
    }

    function _conv(Node memory node) private pure returns (uint32[] memory shape) {
        (uint32[] memory x, uint32[] memory w) = _convOperands(node);
        Window memory window = NodeAttributes.conv(node.attributes, [w[2], w[3]]);
        WindowShape.check(window);
        _require(window.outputPadding[0] == 0 && window.outputPadding[1] == 0, "attributes");
        uint256 group = window.group;
        _require(group >= 1 && w[1] * group == x[1] && w[0] % group == 0, "shape");
        _bias(node, w[0]);
        shape = new uint32[](4);
        (shape[0], shape[1]) = (x[0], w[0]);
        for (uint256 i = 0; i < 2; ++i) shape[2 + i] = _dim(WindowShape.positions(window, x, i));
    }

    function _convTranspose(Node memory node) private pure returns (uint32[] memory shape) {
        (uint32[] memory x, uint32[] memory w) = _convOperands(node);
        Window memory window = NodeAttributes.conv(node.attributes, [w[2], w[3]]);
        WindowShape.check(window);
        uint256 group = window.group;
        _require(group >= 1 && x[1] == w[0] && x[1] % group == 0, "shape");
        _bias(node, w[1] * group);
        shape = new uint32[](4);
        (shape[0], shape[1]) = (x[0], _dim(w[1] * group));
        for (uint256 i = 0; i < 2; ++i) {
            uint32 extra = window.outputPadding[i];
            _require(extra < window.strides[i] || extra < window.dilations[i], "attributes");
            shape[2 + i] = _dim(WindowShape.spread(window, x, i));
        }
    }

    function _maxPool(Node memory node) private pure returns (uint32[] memory shape) {
        Window memory window = NodeAttributes.pool(node.attributes);
        WindowShape.check(window);
        _operands(node, 1, 1);
        _floats(node);
        uint32[] memory x = _shape(node, 0);
        _require(x.length == 4, "shape");
        shape = new uint32[](4);
        (shape[0], shape[1]) = (x[0], x[1]);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 count = WindowShape.positions(window, x, i);
            _require(WindowShape.isFilled(window, x, i, 0) && WindowShape.isFilled(window, x, i, count - 1), "shape");
            shape[2 + i] = _dim(count);
        }
    }

    function _moved(Node memory node) private pure returns (uint8 dtype, uint32[] memory) {
        uint8 op = node.op;
        if (op == OpCode.CONCAT) return _concat(node);
        if (op == OpCode.GATHER || op == OpCode.GATHER_ELEMENTS) return _gathered(node);
        _operands(node, 1, 1);
        dtype = _dtype(node, 0);
        uint32[] memory x = _shape(node, 0);
        uint32[] memory y = node.outputs[0].shape;
        if (op == RESHAPE) {
            NodeAttributes.none(node.attributes);
            _require(IndexMath.count(x) == IndexMath.count(y), "shape");
        } else if (op == OpCode.EXPAND) {
            NodeAttributes.none(node.attributes);
            _require(_same(_broadcast(x, y), y), "shape");
        } else if (op == OpCode.RESIZE) {
            NodeAttributes.none(node.attributes);
            _require(dtype == DType.FLOAT32, "type");
            _resized(x, y);
        } else if (op == OpCode.TRANSPOSE) {
            return (dtype, _transposed(node.attributes, x));
        } else if (op == OpCode.SLICE) {
            _sliced(node.attributes, x, y);
        } else {
            _require(op == OpCode.PAD, "op");
            _require(dtype == DType.FLOAT32 || dtype == DType.INT32 || dtype == DType.INT64, "type");
            uint32[] memory before = NodeAttributes.list(node.attributes);
            _require(before.length == x.length && y.length == x.length, "shape");
            for (uint256 i = 0; i < x.length; ++i) _require(uint256(before[i]) + x[i] <= y[i], "shape");
        }
        return (dtype, y);
    }

    function _concat(Node memory node) private pure returns (uint8 dtype, uint32[] memory shape) {
        uint32 axis = NodeAttributes.axisOf(node.attributes);
        _operands(node, 1, MAX_OPERANDS);
        dtype = _dtype(node, 0);
        uint32[] memory first = _shape(node, 0);
        _require(axis < first.length, "attributes");
        shape = _first(first, first.length);
        uint256 length = 0;
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            uint32[] memory own = _shape(node, i);
            _require(_dtype(node, i) == dtype, "type");
            _require(own.length == first.length, "shape");
            for (uint256 a = 0; a < own.length; ++a) _require(a == axis || own[a] == first[a], "shape");
            length += own[axis];
        }
        shape[axis] = _dim(length);
    }

    function _gathered(Node memory node) private pure returns (uint8, uint32[] memory shape) {
        _require(NodeAttributes.axisOf(node.attributes) == 0, "attributes");
        _operands(node, 2, 2);
        (uint32[] memory x, uint32[] memory indices) = (_shape(node, 0), _shape(node, 1));
        if (node.op == OpCode.GATHER_ELEMENTS) {
            _columns(node);
            return (_dtype(node, 0), indices);
        }
        _require(_dtype(node, 1) == DType.INT32 || _dtype(node, 1) == DType.INT64, "type");
        _require(x.length > 0, "shape");
        shape = new uint32[](indices.length + x.length - 1);
        for (uint256 i = 0; i < indices.length; ++i) shape[i] = indices[i];
        for (uint256 i = 1; i < x.length; ++i) shape[indices.length + i - 1] = x[i];
        return (_dtype(node, 0), shape);
    }

    function _transposed(bytes memory attributes, uint32[] memory x) private pure returns (uint32[] memory shape) {
        uint32[] memory perm = NodeAttributes.list(attributes);
        _require(perm.length == x.length, "attributes");
        shape = new uint32[](x.length);
        bool[] memory taken = new bool[](x.length);
        for (uint256 i = 0; i < perm.length; ++i) {
            _require(perm[i] < x.length && !taken[perm[i]], "attributes");
            taken[perm[i]] = true;
            shape[i] = x[perm[i]];
        }
    }

    /// @dev An axis of none begins inside, or right behind.
    function _sliced(bytes memory attributes, uint32[] memory x, uint32[] memory y) private pure {
        (uint32[] memory starts, int32[] memory steps) = NodeAttributes.slice(attributes);
        _require(starts.length == x.length && steps.length == x.length, "attributes");
        _require(y.length == x.length, "shape");
        for (uint256 i = 0; i < x.length; ++i) {
            _require(steps[i] >= 1, "attributes");
            uint256 reached = y[i] == 0 ? 0 : (uint256(y[i]) - 1) * uint256(int256(steps[i])) + 1;
            _require(starts[i] + reached <= x[i], "shape");
        }
    }

    function _resized(uint32[] memory x, uint32[] memory y) private pure {
        _require(x.length == 4 && y.length == 4 && x[0] == y[0] && x[1] == y[1], "shape");
        for (uint256 i = 0; i < 4; ++i) _require(x[i] > 0 && y[i] >= x[i] && y[i] % x[i] == 0, "shape");
    }

    /// @dev Operand 1 holds int64 indices, as many columns as operand 0, and one at least.
    function _columns(Node memory node) private pure {
        (uint32[] memory x, uint32[] memory indices) = (_shape(node, 0), _shape(node, 1));
        _require(_dtype(node, 1) == DType.INT64, "type");
        _require(x.length == 2 && indices.length == 2, "shape");
        _require(x[1] == indices[1] && indices[0] > 0 && indices[1] > 0, "shape");
    }

    function _convOperands(Node memory node) private pure returns (uint32[] memory x, uint32[] memory w) {
        _operands(node, 2, 3);
        _floats(node);
        (x, w) = (_shape(node, 0), _shape(node, 1));
        _require(x.length == 4 && w.length == 4, "shape");
    }

    function _bias(Node memory node, uint256 filters) private pure {
        if (node.inputs.length < 3) return;
        uint32[] memory bias = _shape(node, 2);
        _require(bias.length == 1 && bias[0] == filters, "shape");
    }

    function _reduced(uint32[] memory x, uint256 axis, uint256 count, bool keepdims)
        private
        pure
        returns (uint32[] memory shape)
    {
        shape = new uint32[](keepdims ? x.length : x.length - count);
        uint256 used = 0;
        for (uint256 i = 0; i < x.length; ++i) {
            bool isReduced = i >= axis && i < axis + count;
            if (isReduced && !keepdims) continue;
            shape[used++] = isReduced ? 1 : x[i];
        }
    }

    function _broadcastPair(Node memory node) private pure returns (uint32[] memory) {
        return _broadcast(_shape(node, 0), _shape(node, 1));
    }

    /// @dev Trailing axes align; sizes agree or are 1.
    function _broadcast(uint32[] memory a, uint32[] memory b) private pure returns (uint32[] memory shape) {
        if (a.length < b.length) (a, b) = (b, a);
        shape = _first(a, a.length);
        uint256 lead = a.length - b.length;
        for (uint256 i = 0; i < b.length; ++i) {
            if (b[i] == 1) continue;
            _require(a[lead + i] == 1 || a[lead + i] == b[i], "shape");
            shape[lead + i] = b[i];
        }
    }

    function _first(uint32[] memory shape, uint256 count) private pure returns (uint32[] memory copy) {
        copy = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) copy[i] = shape[i];
    }

    function _same(uint32[] memory a, uint32[] memory b) private pure returns (bool) {
        if (a.length != b.length) return false;
        for (uint256 i = 0; i < a.length; ++i) if (a[i] != b[i]) return false;
        return true;
    }

    function _operands(Node memory node, uint256 least, uint256 most) private pure {
        _require(node.inputs.length >= least && node.inputs.length <= most, "operands");
    }

    function _floats(Node memory node) private pure {
        for (uint256 i = 0; i < node.inputs.length; ++i) _require(_dtype(node, i) == DType.FLOAT32, "type");
    }

    function _dtype(Node memory node, uint256 i) private pure returns (uint8) {
        return node.inputs[i].value.dtype;
    }

    function _shape(Node memory node, uint256 i) private pure returns (uint32[] memory) {
        return node.inputs[i].value.shape;
    }

    function _dim(uint256 size) private pure returns (uint32) {
        _require(size <= type(uint32).max, "shape");
        return uint32(size);
    }

    function _require(bool holds, bytes32 what) private pure {
        if (!holds) revert NodeFalse(what);
    }
}
