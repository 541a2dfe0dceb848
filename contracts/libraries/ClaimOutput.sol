// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {KIND_COMMISSION, KIND_INFER, KIND_TRAIN, Task} from "../types/Task.sol";
import {HeaderProof} from "../types/Witness.sol";
import {GraphProof} from "./GraphProof.sol";
import {Merkle} from "./Merkle.sol";

/// @notice That the bytes given inline are the result's (docs/protocol.md P5.11). A tensor of one chunk has that chunk's
/// sha256 as its root (P0.5).
library ClaimOutput {
    uint256 internal constant MAX_OUTPUT_BYTES = 1024;
    uint256 internal constant COUNTER_BYTES = 4;

    /// @param outputProof evaluate, commission: abi(HeaderProof, bytes32[]), the header to count the state tensors by; else empty
    function check(Task memory task, bytes32 resultRoot, bytes memory output, bytes memory outputProof) internal pure {
        if (task.kind == KIND_TRAIN) {
            if (output.length != 0) revert IResultClaims.OutputLength(0, output.length);
        } else if (task.kind == KIND_INFER) {
            if (output.length == 0 || output.length > MAX_OUTPUT_BYTES) {
                revert IResultClaims.OutputLength(MAX_OUTPUT_BYTES, output.length);
            }
            bytes32 tensorRoot = sha256(output);
            if (tensorRoot != resultRoot) revert IResultClaims.OutputMismatch(resultRoot, tensorRoot);
        } else {
            if (output.length != COUNTER_BYTES) revert IResultClaims.OutputLength(COUNTER_BYTES, output.length);
            (HeaderProof memory header, bytes32[] memory proof) = abi.decode(outputProof, (HeaderProof, bytes32[]));
            GraphProof.checkHeader(task.graph, header);
            uint256 count = header.header.nextStates;
            if (count == 0) revert Merkle.LeafOutOfRange(0, 0);
            bytes32 actual = Merkle.rootOf(sha256(output), count - 1, count, proof);
            if (actual != resultRoot) revert IResultClaims.OutputMismatch(resultRoot, actual);
            if (task.kind == KIND_COMMISSION) _requireMeasured(task, count, proof);
        }
    }

    /// @dev P13.5: the same siblings lead from a counter at zero to what was delivered, so no weight is another one.
    function _requireMeasured(Task memory task, uint256 count, bytes32[] memory proof) private pure {
        bytes32 start = Merkle.rootOf(sha256(new bytes(COUNTER_BYTES)), count - 1, count, proof);
        if (start != task.startRoot) revert IResultClaims.NotDelivered(task.startRoot, start);
    }
}
