// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Node,
    Operand,
    PLACE_EXACT,
    PLACE_LOOSE
} from "../../types/Graph.sol";
import {IndexMath} from "../IndexMath.sol";
import {OpCode} from "../OpCode.sol";
import {NodeAttributes, Window} from "./NodeAttributes.sol";
import {NodeFalse} from "./NodeFalse.sol";

/// @notice Through which layout each operand is read (docs/protocol.md P5.4): a leaf of another layout could not be judged.
library NodeLayouts {
    /// @param node of true shapes
    function check(Node memory node) internal pure {
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            Operand memory operand = node.inputs[i];
            (uint256 batch, uint256 rows, uint256 cols) = _layoutOf(node, i);
            if (rows <= 1 || cols <= 1) {
                _require(operand.layout.length == 0 && operand.layoutPlace == 0 && operand.layoutIndex == 0);
                continue;
            }
            _require(operand.layoutPlace == PLACE_EXACT || operand.layoutPlace == PLACE_LOOSE);
            uint32[] memory layout = operand.layout;
            _require(layout.length == 3 && layout[0] == batch && layout[1] == rows && layout[2] == cols);
        }
    }

    /// @dev No rows: in its own order.
    function _layoutOf(Node memory node, uint256 i) private pure returns (uint256 batch, uint256 rows, uint256 cols) {
        uint8 op = node.op;
        uint32[] memory x = node.inputs[i].value.shape;
        if (op == OpCode.MATMUL && i == 1) return _matrix(x);
        if (op == OpCode.GEMM) {
            (bool transA, bool transB) = NodeAttributes.gemm(node.attributes);
            if ((i == 0 && transA) || (i == 1 && !transB)) return _matrix(x);
        }
        if (op == OpCode.REDUCE_SUM || op == OpCode.REDUCE_MAX) {
            (uint32[] memory axes,) = NodeAttributes.reduction(node.attributes);
            if (axes[0] == 0) return (1, IndexMath.span(x, 0, axes.length), IndexMath.span(x, axes.length, x.length));
        }
        if (op == OpCode.SCATTER_ELEMENTS && i > 0) return _matrix(x);
        if (op == OpCode.CONV || op == OpCode.CONV_TRANSPOSE) {
            if (i == 0) return (x[0], x[1], IndexMath.span(x, 2, 4));
            if (i == 1 && op == OpCode.CONV_TRANSPOSE) {
                Window memory window = NodeAttributes.conv(node.attributes, [x[2], x[3]]);
                return (window.group, x[0] / window.group, IndexMath.span(x, 1, 4));
            }
        }
    }

    function _matrix(uint32[] memory x) private pure returns (uint256, uint256, uint256) {
        return (IndexMath.span(x, 0, x.length - 2), x[x.length - 2], x[x.length - 1]);
    }

    function _require(bool holds) private pure {
        if (!holds) revert NodeFalse("layout");
    }
}
