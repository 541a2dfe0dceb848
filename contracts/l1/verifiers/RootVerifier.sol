// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier, LeafContext, WRONG_LINK, WRONG_NEXT_STATE, WRONG_START} from "../../interfaces/ILeafVerifier.sol";
import {DType} from "../../libraries/DType.sol";
import {GraphProof} from "../../libraries/GraphProof.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {Merkle} from "../../libraries/Merkle.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {TaskShape} from "../../libraries/TaskShape.sol";
import {TensorRead} from "../../libraries/TensorRead.sol";
import {StartDraw} from "../../libraries/numeric/StartDraw.sol";
import {INIT_NONE, PLACE_NEXT_STATE, PLACE_STATE, StateInput, Value, ZERO_SOURCE} from "../../types/Graph.sol";
import {hashTask, startsDrawn, startsFromRoot} from "../../types/Task.sol";
import {hashSegmentLeaf, hashStepTrace} from "../../types/Trace.sol";
import {LinkWitness, NextStateWitness, Opening, StartWitness} from "../../types/Witness.sol";

/// @notice Roots that must be equal: from step to step, from model to inference, from a value to the state output it becomes
/// (docs/protocol.md P7.5 kinds 2, 3, 5).
contract RootVerifier is ILeafVerifier {
    using StepReader for Step;

    error NotMyKind(uint8 kind);
    error NotFirstStep(uint32 step);
    error NotLastStep(uint32 step, uint256 last);
    error TrainingHasNoModel();
    error ConsumedTaskMismatch(bytes32 expected, bytes32 actual);
    /// @notice The state output is what it is: it comes from no other place.
    error ComesFromItself(uint32 state);

    /// @inheritdoc ILeafVerifier
    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong) {
        LeafContext memory c = context;
        if (kind == WRONG_LINK) return _isLinkWrong(c, abi.decode(witness, (LinkWitness)));
        if (kind == WRONG_START) return _isStartWrong(c, abi.decode(witness, (StartWitness)));
        if (kind == WRONG_NEXT_STATE) return _isNextStateWrong(c, abi.decode(witness, (NextStateWitness)));
        revert NotMyKind(kind);
    }

    function _isLinkWrong(LeafContext memory c, LinkWitness memory w) private pure returns (bool) {
        uint256 steps = TaskShape.stepsInSegment(c.task, c.segment.index);
        if (w.end) {
            if (uint256(c.step) + 1 != steps) revert NotLastStep(c.step, steps - 1);
            return c.trace.stateOut != c.segment.endState;
        }
        if (c.step > 0) {
            Merkle.check(c.segment.stepsRoot, hashStepTrace(w.previousStep), c.step - 1, steps, w.proof);
            return c.trace.stateIn != w.previousStep.stateOut;
        }
        if (c.segment.index > 0) {
            bytes32 leaf = hashSegmentLeaf(w.previousSegment);
            Merkle.check(c.trajectoryRoot, leaf, c.segment.index - 1, TaskShape.segmentCount(c.task), w.proof);
            return c.trace.stateIn != w.previousSegment.endState;
        }
        // What starts from a model, or is drawn, does so tensor by tensor: kind 3.
        if (!startsFromRoot(c.task) || startsDrawn(c.task)) revert NotFirstStep(c.step);
        return c.trace.stateIn != c.task.startRoot;
    }

    function _isStartWrong(LeafContext memory c, StartWitness memory w) private view returns (bool) {
        bool drawn = startsDrawn(c.task);
        if (startsFromRoot(c.task) && !drawn) revert TrainingHasNoModel();
        if (c.globalStep != 0) revert NotFirstStep(c.globalStep);
        GraphProof.checkHeader(c.task.graph, w.header);
        GraphProof.checkState(c.task.graph, w.header.header, w.state, w.stateProof);
        StateInput memory state = w.stateProof.state;
        Step memory step = Step(c.task.graph, w.header.header, c.trace, w.openings, 0);
        if (drawn && state.init != INIT_NONE) {
            uint256 bits = step.element(Value(PLACE_STATE, w.state, state.dtype, state.shape), w.element);
            step.done();
            return bits != StartDraw.element(c.seed, w.state, state, w.element);
        }
        step.done();
        Merkle.check(c.trace.stateIn, w.root, w.state, w.header.header.states, w.rootProof);
        if (drawn) {
            Merkle.check(c.task.startRoot, w.consumedRoot, w.state, w.header.header.states, w.consumedProof);
            return w.root != w.consumedRoot;
        }
        if (state.source == ZERO_SOURCE) {
            return w.root != TensorRead.zeroRoot(IndexMath.count(state.shape) * DType.size(state.dtype));
        }
        // The consumed result is a tree over as many tensors as its training graph has state outputs.
        bytes32 hash = hashTask(w.consumedTask);
        if (hash != c.consumedTaskHash) revert ConsumedTaskMismatch(c.consumedTaskHash, hash);
        GraphProof.checkHeader(w.consumedTask.graph, w.consumedHeader);
        uint256 tensors = w.consumedHeader.header.nextStates;
        Merkle.check(c.consumedResultRoot, w.consumedRoot, state.source, tensors, w.consumedProof);
        return w.root != w.consumedRoot;
    }

    function _isNextStateWrong(LeafContext memory c, NextStateWitness memory w) private pure returns (bool) {
        GraphProof.checkHeader(c.task.graph, w.header);
        Step memory step = Step(c.task.graph, w.header.header, c.trace, new Opening[](0), 0);
        GraphProof.checkNextState(c.task.graph, w.header.header, w.state, w.nextState);
        Value memory source = w.nextState.value;
        if (source.place == PLACE_NEXT_STATE && source.index == w.state) revert ComesFromItself(w.state);
        step.checkRoot(PLACE_NEXT_STATE, w.state, source.dtype, source.shape, w.root, w.rootProof);
        step.checkRoot(source.place, source.index, source.dtype, source.shape, w.sourceRoot, w.sourceProof);
        return w.root != w.sourceRoot;
    }
}
