// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Job} from "../types/Job.sol";
import {Task} from "../types/Task.sol";

/// @title Voids
/// @notice Proofs that a job cannot be computed, or not be judged, whatever anybody claims (docs/protocol.md P14): a graph of it
/// has a flaw. Anybody may prove one, in one transaction, without any claim; nothing is paid for it and nothing is at stake.
interface IVoids {
    error NoSuchFlaw(uint8 flaw);
    error TaskMismatch(bytes32 expected, bytes32 actual);
    /// @notice The witness verifies, and shows no flaw.
    error NothingWrong(uint8 flaw);
    /// @notice Too little gas was left to tell a false leaf from a judge that ran dry.
    error GasTooLow(uint256 left);
    error PathLength(uint256 expected, uint256 actual);
    error LeafMismatch(bytes32 expected, bytes32 actual);

    /// @notice A graph was shown to have a flaw; the sender of the transaction proved it.
    event FlawProven(bytes32 indexed modelId, uint8 indexed kind, address indexed prover, uint8 flaw);

    /// @notice Voids the part of a job that needs a graph with a flaw.
    /// @param kind 1 its training, 2 inferences, 3 evaluations, 4 the commission, whose evaluations end with it
    /// @param flaw one of contracts/types/Flaw.sol
    /// @param witness abi.encode of the flaw's witness
    function voidJob(Job calldata job, uint8 kind, uint8 flaw, bytes calldata witness) external;

    /// @notice The same by a claim, whatever its status: of its task only the hash is known to L1.
    function voidClaimed(bytes32 claimHash, Task calldata task, uint8 flaw, bytes calldata witness) external;
}
