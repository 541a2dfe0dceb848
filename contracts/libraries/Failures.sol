// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {Failure} from "../types/Failure.sol";
import {Node, PLACE_LOOSE} from "../types/Graph.sol";
import {PROFILE_STRICT} from "../types/Job.sol";
import {KIND_COMMISSION, Task} from "../types/Task.sol";
import {HeaderProof, NodeProof} from "../types/Witness.sol";
import {GraphProof} from "./GraphProof.sol";
import {IndexMath} from "./IndexMath.sol";
import {LongSums} from "./LongSums.sol";
import {OpCode} from "./OpCode.sol";

/// @notice Which failures can be claimed: those that one proof can deny, and that no claimant can bring about (docs/protocol.md P15.1).
library Failures {
    /// @param proof abi(HeaderProof, NodeProof) of the node that failed
    function check(Task memory task, Failure memory failure, bytes memory proof) internal pure {
        if (task.kind == KIND_COMMISSION) revert IResultClaims.CannotFail("kind");
        if (task.profile != PROFILE_STRICT) revert IResultClaims.CannotFail("profile");
        if (failure.steps > task.steps) revert IResultClaims.CannotFail("step");
        (HeaderProof memory header, NodeProof memory w) = abi.decode(proof, (HeaderProof, NodeProof));
        if (w.index != failure.node) revert IResultClaims.CannotFail("node");
        GraphProof.checkHeader(task.graph, header);
        GraphProof.checkNode(task.graph, header.header, w);
        Node memory node = w.node;
        // Nothing is computed by it, or by parts of which only the claimant could say anything (P7.10).
        if (node.op == OpCode.RESHAPE || LongSums.isInParts(node)) revert IResultClaims.CannotFail("op");
        // What is not computed in one order only could be led to where a root, a logarithm or a quotient fails; sums and products fail
        // by their size alone.
        bool bySize = node.op <= OpCode.MUL || node.op == OpCode.MATMUL || node.op == OpCode.GEMM || node.op == OpCode.REDUCE_SUM;
        for (uint256 i = 0; i < node.inputs.length && !bySize; ++i) {
            if (node.inputs[i].value.place == PLACE_LOOSE) revert IResultClaims.CannotFail("operand");
        }
        if (node.outputs.length != 1 || failure.element >= IndexMath.count(node.outputs[0].shape)) {
            revert IResultClaims.CannotFail("element");
        }
    }
}
