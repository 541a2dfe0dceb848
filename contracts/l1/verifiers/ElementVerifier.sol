// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier, LeafContext, WRONG_ELEMENT, WRONG_FAILURE} from "../../interfaces/ILeafVerifier.sol";
import {DType} from "../../libraries/DType.sol";
import {GraphProof} from "../../libraries/GraphProof.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {Failure} from "../../types/Failure.sol";
import {Node, Value} from "../../types/Graph.sol";
import {FLAG_GPU, PROFILE_TOLERANT} from "../../types/Job.sol";
import {ElementWitness} from "../../types/Witness.sol";

/// @notice One element of a node's output, and what the claim and the graph say about it.
struct Element {
    Node node;
    /// Flat index in the output.
    uint256 index;
    /// The claimed element, as its little-endian word.
    uint256 claimed;
    /// False: the strict profile.
    bool tolerant;
    /// The gpu column of the tolerant profile.
    bool gpu;
}

/// @notice Judges one element of a node (docs/protocol.md P7.5 kinds 1 and 12, P7.8): proves node and output, then leaves reading
/// the operands and judging to the op family.
abstract contract ElementVerifier is ILeafVerifier {
    using StepReader for Step;

    error NotMyKind(uint8 kind);
    error NotMyOp(uint8 op);
    error OpMismatch(uint256 named, uint8 proven);
    error OperandCount(uint256 expected, uint256 actual);
    error OutputCount(uint256 actual);
    /// @notice It is not what the claim says failed in this step.
    error NotFailed(uint256 node, uint256 element);

    /// @inheritdoc ILeafVerifier
    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong) {
        bool denies = kind == WRONG_FAILURE;
        if (kind != WRONG_ELEMENT && !denies) revert NotMyKind(kind);
        (uint256 op, ElementWitness memory w) = abi.decode(witness, (uint256, ElementWitness));
        Step memory step = Step(context.task.graph, w.header.header, context.trace, w.openings, 0);
        GraphProof.checkHeader(step.graph, w.header);
        GraphProof.checkNode(step.graph, step.header, w.node);
        Node memory node = w.node.node;
        if (op != node.op) revert OpMismatch(op, node.op);
        if (node.outputs.length != 1) revert OutputCount(node.outputs.length);
        Value memory output = node.outputs[0];
        bool tolerant = context.task.profile == PROFILE_TOLERANT;
        bool gpu = tolerant && context.task.flags & FLAG_GPU != 0;
        Failure memory failure = context.failure;
        bool hasFailed = failure.steps != 0 && w.node.index >= failure.node;
        if (denies && (!hasFailed || w.node.index != failure.node || w.element != failure.element)) {
            revert NotFailed(w.node.index, w.element);
        }
        // Of what failed the claim has no result: whoever denies the failure brings one.
        uint256 claimed = denies ? step.brought(output.dtype) : step.element(output, w.element);
        Element memory element = Element(node, w.element, claimed, tolerant, gpu);
        bool isFloat = output.dtype == DType.FLOAT32;
        // An infinity or NaN makes a claim invalid whatever the operands are (P7.5 kind 9), so none are asked for.
        if (isFloat && !Float32.isFinite(uint32(claimed))) wrong = true;
        // What comes with a failure and behind it is zero (P15.2).
        else if (hasFailed && !denies) wrong = (isFloat ? claimed & 0x7fffffff : claimed) != 0;
        else wrong = _isWrong(step, element);
        step.done();
        if (denies) wrong = !wrong;
    }

    /// @dev Reads the operands from `step`, in an order that the op and the element fix. Reverts on an op of another family.
    function _isWrong(Step memory step, Element memory element) internal view virtual returns (bool);

    function _requireOperands(Node memory node, uint256 count) internal pure {
        if (node.inputs.length != count) revert OperandCount(count, node.inputs.length);
    }
}
