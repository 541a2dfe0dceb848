// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Node} from "../../types/Graph.sol";
import {IndexMath} from "../IndexMath.sol";
import {OpCode} from "../OpCode.sol";
import {NodeAttributes, Window} from "./NodeAttributes.sol";
import {RESHAPE} from "./NodeShape.sol";

/// @notice What a node costs by its shapes (docs/protocol.md P5.6), as verifier/model/cost.ts reckons it.
library NodeCost {
    /// @param node of true shapes
    function flops(Node memory node) internal pure returns (uint256) {
        uint8 op = node.op;
        uint256 output = IndexMath.count(node.outputs[0].shape);
        uint256 bias = node.inputs.length == 3 ? output : 0;
        if (op >= RESHAPE) return 0; // data movement
        if (op == OpCode.MATMUL) {
            uint32[] memory a = node.inputs[0].value.shape;
            return 2 * output * a[a.length - 1];
        }
        if (op == OpCode.GEMM) {
            (bool transA,) = NodeAttributes.gemm(node.attributes);
            return 2 * output * node.inputs[0].value.shape[transA ? 0 : 1] + bias;
        }
        if (op == OpCode.CONV || op == OpCode.CONV_TRANSPOSE) {
            // A product per tap and channel of each output position, or of each input position.
            uint256 positions = op == OpCode.CONV ? output : IndexMath.count(node.inputs[0].value.shape);
            uint32[] memory w = node.inputs[1].value.shape;
            return 2 * positions * IndexMath.span(w, 1, w.length) + bias;
        }
        if (op == OpCode.MAX_POOL) {
            Window memory window = NodeAttributes.pool(node.attributes);
            return output * window.kernel[0] * window.kernel[1];
        }
        uint256 largest = output;
        for (uint256 i = 0; i < node.inputs.length; ++i) {
            uint256 elements = IndexMath.count(node.inputs[i].value.shape);
            if (elements > largest) largest = elements;
        }
        return largest;
    }
}
