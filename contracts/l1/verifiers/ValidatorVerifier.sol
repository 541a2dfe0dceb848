// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier, LeafContext, WRONG_BY_VALIDATOR} from "../../interfaces/ILeafVerifier.sol";
import {IValidator} from "../../interfaces/IValidator.sol";
import {Job, trainId} from "../../types/Job.sol";
import {KIND_COMMISSION} from "../../types/Task.sol";

/// @notice Asks the contract that a commission names (docs/protocol.md P7.5 kind 10, P13.7). Nothing that contract does, burn
/// gas, revert, return much or be replaced, is a verdict.
contract ValidatorVerifier is ILeafVerifier {
    uint256 public constant VALIDATOR_GAS = 2_000_000;

    error NotMyKind(uint8 kind);
    error NotCommissioned(uint8 kind);
    error JobMismatch(bytes32 expected, bytes32 actual);
    error NoValidator(bytes32 id);
    error CodeChanged(bytes32 expected, bytes32 actual);
    error TooLittleGas(uint256 expected, uint256 actual);
    error NoVerdict(address validator);

    /// @inheritdoc ILeafVerifier
    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong) {
        if (kind != WRONG_BY_VALIDATOR) revert NotMyKind(kind);
        if (context.task.kind != KIND_COMMISSION) revert NotCommissioned(context.task.kind);
        (Job memory job, bytes memory own) = abi.decode(witness, (Job, bytes));
        bytes32 id = trainId(job);
        if (id != context.task.id) revert JobMismatch(context.task.id, id);
        address validator = job.property.validator;
        if (validator == address(0)) revert NoValidator(id);
        if (validator.codehash != job.property.validatorCodeHash) {
            revert CodeChanged(job.property.validatorCodeHash, validator.codehash);
        }
        return _ask(validator, abi.encodeCall(IValidator.isWrong, (id, context.task.startRoot, own)));
    }

    function _ask(address validator, bytes memory question) private view returns (bool) {
        // A call gets at most 63/64 of what is left: with less the validator's answer would be the caller's choice.
        uint256 needed = VALIDATOR_GAS + VALIDATOR_GAS / 63 + 5000;
        if (gasleft() < needed) revert TooLittleGas(needed, gasleft());
        bool answered;
        uint256 answer;
        uint256 size;
        // One word of the answer is read, however long it is: a plain call would copy all of it at the caller's cost.
        assembly ("memory-safe") {
            answered := staticcall(VALIDATOR_GAS, validator, add(question, 32), mload(question), 0, 32)
            answer := mload(0)
            size := returndatasize()
        }
        if (!answered || size != 32 || answer > 1) revert NoVerdict(validator);
        return answer == 1;
    }
}
