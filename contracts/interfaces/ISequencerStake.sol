// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignedHeader} from "../types/SignedHeader.sol";

/// @title SequencerStake
/// @notice What the sequencer loses when it signs two blocks for one place (docs/protocol.md P3.9). It protects those who rely on
/// signed headers before they are anchored.
/// @dev An L1 reorg slashes nobody: both headers' origins must be canonical when the proof comes. A fallback block slashes nobody:
/// it is not signed, and what is sealed anew over it has another parent. Proofs reach as far back as EIP-2935, 8191 L1 blocks.
interface ISequencerStake {
    error OnlySequencer(address sequencer, address sender);
    error NoStake();
    error NoHeaders();
    error SameHeader(bytes32 hash);
    error NumberMismatch(uint64 first, uint64 second);
    error ParentMismatch(bytes32 first, bytes32 second);
    error NotLinked(uint64 number);
    error NotSigned(address sequencer, address signer);
    error OriginNotCanonical(uint64 origin, bytes32 expected, bytes32 actual);
    error AlreadySlashed(uint64 number, bytes32 parentHash);
    error ExitNotAnnounced();
    error ExitTooEarly(uint64 from, uint64 l1Timestamp);
    /// @notice An announcement is no option for ever: whoever waited longer announces again.
    error ExitLapsed(uint64 until, uint64 l1Timestamp);

    event Staked(address indexed from, uint256 amountWei);
    event ExitAnnounced(uint64 from);
    event Slashed(uint64 indexed number, bytes32 firstHash, bytes32 secondHash, address indexed reporter, uint256 rewardWei);

    /// @notice Adds to the stake, for good or until the sequencer leaves; anybody may.
    function stake() external payable;

    /// @notice Takes the whole stake: half is burned, half is the caller's to withdraw.
    /// @param first a header the sequencer signed @param second another one, of the same number and parent
    function slash(SignedHeader calldata first, SignedHeader calldata second) external;

    /// @notice Begins the sequencer's leaving; until it is over, the stake answers as before.
    function announceExit() external;

    /// @notice Gives what was staked at the announcement to the sequencer, to withdraw; later stakes need another one. It may leave
    /// from `exitFrom` on, for as long as it had to wait.
    function exit() external;

    /// @notice Sends the caller what it has here.
    function withdraw() external returns (uint256 amountWei);

    function stakeWei() external view returns (uint256);

    /// @notice First L1 second at which the sequencer may leave; 0 while it has not announced it.
    function exitFrom() external view returns (uint64);
}
