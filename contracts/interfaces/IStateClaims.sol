// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StateClaim} from "../types/StateClaim.sol";

/// @title StateClaims
/// @notice Which state the anchored blocks lead to (docs/protocol.md P8). Nothing leaves the L2 but through a settled state claim.
/// @dev State claims cannot be disputed yet: only the immutable poster may post, every node compares, and this is a trust assumption.
interface IStateClaims {
    error OnlyPoster(address expected, address actual);
    /// @notice HeaderAnchor's own: the chain does not reach this block yet.
    error NotAnchored(uint64 number, uint64 lastNumber);
    error NotEndOfBatch(uint64 expectedNumber, uint64 actualNumber);
    error HeaderMismatch(bytes32 expected, bytes32 actual);
    /// @notice A result that these blocks consumed can still be overturned, so their state is not settled truth.
    error ResultsOpen(uint64 firstOpen, uint64 inboxCount);
    error NotAscending(uint64 lastNumber, uint64 number);
    error NotPosted(uint64 number);
    error WindowOpen(uint64 settleableAt, uint64 l1Timestamp);
    error NotSettled(uint64 number);

    event StateClaimed(uint64 indexed number, bytes32 indexed claimHash, StateClaim claim);
    event StateSettled(uint64 indexed number, bytes32 stateRoot, uint64 inboxIndex);

    /// @notice Claims the state at the end of an anchored batch; numbers ascend.
    function post(StateClaim calldata claim) external returns (bytes32 claimHash);

    /// @notice Settles a claim whose window is over and tells L2; by anybody; numbers ascend.
    function settle(uint64 number) external;

    /// @notice First L1 timestamp at which `settle(number)` succeeds (or did); 0 if no claim of that number stands.
    function settleableAt(uint64 number) external view returns (uint64);

    /// @notice Outbox root of a settled block; reverts with `NotSettled`.
    function settledOutboxRoot(uint64 number) external view returns (bytes32);

    function lastPosted() external view returns (uint64 number);

    function lastSettled() external view returns (uint64 number);

    function poster() external view returns (address);
}
