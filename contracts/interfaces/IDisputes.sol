// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SegmentProof, TraceProof} from "../types/Opening.sol";
import {Task} from "../types/Task.sol";

// The step of a challenge that has not been pointed at one.
uint32 constant NO_STEP = type(uint32).max;

uint8 constant CHALLENGE_NONE = 0;
uint8 constant CHALLENGE_LIVE = 1;
uint8 constant CHALLENGE_LAPSED = 2;
uint8 constant CHALLENGE_LOST = 3;
uint8 constant CHALLENGE_WON = 4;
uint8 constant CHALLENGE_REFUNDED = 5;

struct Challenge {
    bytes32 claimHash;
    bytes32 waitsFor; // key of the opening it waits for; 0: none
    address challenger;
    uint32 segment;
    uint32 step; // within the segment; NO_STEP until pointed
    uint64 l1Block; // of the challenge
    uint64 startedAt; // L1 second of the challenge
    uint64 movedAt; // L1 second of the challenger's last move
    uint8 status;
}

/// The part of a witness that all kinds share: `witness = abi.encode(Link link, bytes rest)`.
struct Link {
    SegmentProof segment;
    TraceProof step;
}

/// @title Disputes
/// @notice Challenges against result claims: open, point, prove (docs/protocol.md P7). What must be published lies in Demands.
/// @dev One honest challenger suffices. A bond is lost only by a failed proof; it comes back on a lapse, on a win, and when the
/// claim falls to somebody else. Finality waits for live challenges, which start only within the claim's window (or as long
/// after the answer to a question of the challenger's own as a challenger has to move, for eight such rounds) and end
/// `challengerSeconds` after the answer they wait for. They may wait for any number of answers, but start to only in the first
/// eight rounds' time (P7.3).
interface IDisputes {
    error BondMismatch(uint256 expectedWei, uint256 actualWei);
    error ClaimNotOpen(bytes32 claimHash, uint8 status);
    error WindowOver(uint64 challengeableUntil, uint64 l1Timestamp);
    error OutOfRange(uint256 index, uint256 count);
    error StepUnknown(uint32 step);
    error PointedAlready(uint32 step);
    error NotLive(bytes32 challengeId, uint8 status);
    error OnlyChallenger(address expected, address actual);
    error SameBlock(uint64 l1Block);
    error MoveOver(uint64 moveBy, uint64 l1Timestamp);
    error MoveRunning(uint64 moveBy, uint64 l1Timestamp);
    error WaitingOver(uint64 until, uint64 l1Timestamp);
    error ForeignDemand(bytes32 expected, bytes32 actual);
    error TaskMismatch(bytes32 expected, bytes32 actual);
    error SegmentMismatch(uint32 expected, uint32 actual);
    error NotOpened(bytes32 claimHash, uint32 segment);
    error NotSettled(bytes32 claimHash);

    event Challenged(
        bytes32 indexed claimHash, bytes32 indexed challengeId, address indexed challenger, uint32 segment, uint32 step, bytes32 waitsFor
    );
    event Pointed(bytes32 indexed claimHash, bytes32 indexed challengeId, uint32 step, bytes32 waitsFor);
    event Waiting(bytes32 indexed claimHash, bytes32 indexed challengeId, bytes32 waitsFor);
    event Lapsed(bytes32 indexed claimHash, bytes32 indexed challengeId);
    event Judged(bytes32 indexed claimHash, bytes32 indexed challengeId, uint8 kind, bool wrong);

    /// @notice Challenges a segment of a claim. Value: the challenge bond; plus the open fee where the step traces must be
    /// opened first (no `stepRoots` and the segment not opened yet). An unneeded fee goes to the caller's balance.
    /// @param step within the segment, where its traces are known; else NO_STEP
    function challenge(bytes32 claimHash, uint32 segment, uint32 step) external payable returns (bytes32 challengeId);

    /// @notice Names the step; once. With the open fee and the page fee as value the claimant must publish the step's value roots.
    function point(bytes32 challengeId, uint32 step) external payable;

    /// @notice The challenger's clock waits for the answer to another opening of the same claim: as often as needed, but not
    /// later after the challenge than eight rounds of question and move may take.
    function waitFor(bytes32 challengeId, bytes32 key) external;

    /// @notice Proves the claim wrong at the challenged step; only the challenger, in a later L1 block than the challenge.
    /// @dev A witness that does not verify reverts, and so does a leaf that runs out of gas. One that verifies and shows no
    /// wrong loses the challenge bond. One that shows a wrong overturns the claim.
    /// @param witness abi.encode(Link, bytes rest); rest is the leaf verifier's (types/Witness.sol)
    function prove(bytes32 challengeId, uint8 kind, Task calldata task, bytes calldata witness) external;

    /// @notice Ends a challenge whose challenger did not move in time; the bond goes back; by anybody.
    function lapse(bytes32 challengeId) external;

    /// @notice After the claim is closed by others: gives the bond of a challenge back; by anybody.
    function refund(bytes32 challengeId) external;

    /// @notice Once the claim is closed: moves the halves of bonds lost against it to the claimant, or burns them if it was
    /// overturned; by anybody.
    function collect(bytes32 claimHash) external;

    function withdraw() external returns (uint256 amountWei);

    function challengeOf(bytes32 challengeId) external view returns (Challenge memory);

    /// @notice Last L1 second at which the challenger may move; 2⁶⁴ − 1 while it waits for an answer.
    function moveBy(bytes32 challengeId) external view returns (uint64);

    /// @notice No live challenge, and the airgap behind the last failed proof is over.
    function isQuiet(bytes32 claimHash) external view returns (bool);

    /// @notice Whether `account` has a live challenge on the claim.
    function challenges(bytes32 claimHash, address account) external view returns (bool);

    function balanceOf(address account) external view returns (uint256 amountWei);
}
