// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEndings} from "../interfaces/IEndings.sol";
import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {ClaimOutput} from "../libraries/ClaimOutput.sol";
import {Failures} from "../libraries/Failures.sol";
import {Failure} from "../types/Failure.sol";
import {Task} from "../types/Task.sol";

/// @notice See `IEndings`.
contract Endings is IEndings {
    /// @inheritdoc IEndings
    function check(
        Task calldata task,
        bytes32 resultRoot,
        bytes calldata output,
        bytes calldata proof,
        Failure calldata failure
    ) external pure {
        if (failure.steps == 0) return ClaimOutput.check(task, resultRoot, output, proof);
        if (output.length != 0) revert IResultClaims.OutputLength(0, output.length);
        Failures.check(task, failure, proof);
    }
}
