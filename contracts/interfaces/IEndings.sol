// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Failure} from "../types/Failure.sol";
import {Task} from "../types/Task.sol";

/// @title Endings
/// @notice Checks what a claim says of the end of its run when it is made: bytes of the result (docs/protocol.md P5.11), or what
/// failed (P15.1). It holds nothing and can be asked by anybody; ResultClaims has no room for it.
interface IEndings {
    /// @notice Reverts unless the bytes given inline are the result's, or, where something failed, none are given and such a
    /// failure can be claimed.
    /// @param proof evaluate, commission: abi(HeaderProof, bytes32[]), the header to count the state tensors by; failed:
    /// abi(HeaderProof, NodeProof); else empty
    function check(
        Task calldata task,
        bytes32 resultRoot,
        bytes calldata output,
        bytes calldata proof,
        Failure calldata failure
    ) external pure;
}
