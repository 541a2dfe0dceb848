// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SourceWitness} from "../../types/Flaw.sol";
import {StateInput, Value, ZERO_SOURCE} from "../../types/Graph.sol";
import {startsFromRoot, Task} from "../../types/Task.sol";
import {GraphProof} from "../GraphProof.sol";

/// @notice What a graph says of the model that it starts from (docs/protocol.md P14.2).
library Sources {
    /// @notice Trainings and commissions make a model, and start from none.
    error NoModelConsumed(uint8 kind);
    error OtherModel(bytes32 expected, bytes32 actual);

    /// @notice Whether the model has no tensor such as the witness's state starts from. What starts from zeros takes any.
    /// @param task of an inference or evaluation
    /// @param w whose `modelTask` is that of a claim
    function areFalse(Task memory task, SourceWitness memory w) internal pure returns (bool) {
        if (startsFromRoot(task)) revert NoModelConsumed(task.kind);
        if (!startsFromRoot(w.modelTask) || w.modelTask.id != task.modelId) revert OtherModel(task.modelId, w.modelTask.id);
        GraphProof.checkHeader(task.graph, w.header);
        GraphProof.checkState(task.graph, w.header.header, w.state, w.stateProof);
        GraphProof.checkHeader(w.modelTask.graph, w.modelHeader);
        StateInput memory state = w.stateProof.state;
        if (state.source == ZERO_SOURCE) return false;
        if (state.source >= w.modelHeader.header.nextStates) return true;
        GraphProof.checkNextState(w.modelTask.graph, w.modelHeader.header, state.source, w.model);
        Value memory tensor = w.model.value;
        return tensor.dtype != state.dtype || keccak256(abi.encode(tensor.shape)) != keccak256(abi.encode(state.shape));
    }
}
