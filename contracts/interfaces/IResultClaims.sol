// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Failure} from "../types/Failure.sol";
import {Job} from "../types/Job.sol";
import {ResultClaim} from "../types/ResultClaim.sol";
import {Task} from "../types/Task.sol";
import {SegmentLeaf} from "../types/Trace.sol";

/// What a claimant sends. Of a task only the job and these parameters are given; L1 derives the rest.
struct ClaimInput {
    Job job;
    uint8 kind; // 1 train, 2 infer, 3 evaluate, 4 commission
    bytes32 inputRoot; // infer: tensor root of the input; evaluate: dataset root; commission: the start root delivered; train: 0
    uint32 rows; // evaluate: rows of the dataset; else 0
    bytes32 resultRoot;
    bytes32 trajectoryRoot;
    bytes32[] consumed; // infer, evaluate: the model's claim hash
    bytes output; // infer: y; evaluate, commission: the counter
    SegmentLeaf lastSegment;
    bytes32[] lastSegmentProof;
    bytes outputProof; // evaluate, commission: abi(HeaderProof, bytes32[] proof of the last next-state tensor under resultRoot); failed: abi(HeaderProof, NodeProof of the node that failed); else empty
    bytes32 salt; // part of the claim's hash and of the commitment; commission: of the delivery's
    string dataUrl; // where the claimant serves off-chain data; never trusted
    Failure failure; // the run has no result: its trajectory ends in the step that fails (P15); zeros: it has one
}

// Status of a claim. Open is the only one that changes.
uint8 constant CLAIM_NONE = 0;
uint8 constant CLAIM_OPEN = 1;
uint8 constant CLAIM_FINAL = 2;
uint8 constant CLAIM_OVERTURNED = 3;
uint8 constant CLAIM_SUNK = 4;
uint8 constant CLAIM_VOID = 5; // its job was void

struct ClaimRecord {
    bytes32 id;
    bytes32 taskHash;
    bytes32 seed;
    bytes32 resultRoot;
    bytes32 trajectoryRoot;
    bytes32 consumed; // claim hash of the model, 0 where the task makes one
    address claimant;
    uint64 windowEnd; // last L1 second at which the claim can be challenged
    uint8 status;
    uint8 kind;
    uint8 flags;
    uint32 steps; // that the trajectory covers: all of the task, or up to the one that failed
    uint32 segmentSteps;
    uint64 inboxIndex; // of the Claimed message
    uint64 closedAt; // L1 second; 0 while open
    uint32 regenerationSeconds; // what computing a segment again takes, for due times (docs/protocol.md P7.2)
    uint32 windowSeconds; // it was claimed so long before `windowEnd`
    Failure failure; // zeros: it has a result
}

struct Reservation {
    address reserver; // 0: none
    uint64 firstBlock; // r of docs/protocol.md P4.5; 0: never reserved
    uint64 reservedAt; // L1 second
    uint64 seedFixedAt; // L1 second; 0: not fixed
    bytes32 seed;
    uint256 bondWei; // of the reserver
    uint256 carriedWei; // halves of lapsed bonds, for the next who claims
    uint8 lapses; // reservations that lapsed since the last that led to a claim, as far as they were replaced
}

/// @title ResultClaims
/// @notice Bonded statements of what a job's result is (docs/protocol.md P6): reserve, seed, commit, claim, finalize.
/// @dev Liveness: somebody must call `fixSeed` within 8,191 blocks of the seed block, and `finalize` or `sink` for each claim;
/// an open claim holds back every later state claim (`firstOpen`). Payees pull with `withdraw`.
interface IResultClaims {
    error BondMismatch(uint256 expectedWei, uint256 actualWei);
    error IdClosed(bytes32 id, bytes32 claimHash);
    error IdInAirgap(bytes32 id, uint64 reopensAfter, uint64 l1Timestamp);
    error AlreadyReserved(bytes32 id, address reserver);
    error NotReserver(address expected, address actual);
    error ReservationLapsed(uint64 claimableUntil, uint64 l1Timestamp);
    error NotReserved(bytes32 id);
    error OpenToAll(bytes32 id);
    error SeedNotFixed(bytes32 id);
    error SeedFixedAlready(bytes32 id, bytes32 seed);
    error SeedBlockNotReached(uint64 seedBlock, uint64 l1Block);
    error SeedBlockTooOld(uint64 seedBlock, uint64 l1Block);
    error HeaderMismatch(bytes32 expected, bytes32 actual);
    error NotCommitted(bytes32 commitment);
    error RevealOutsideWindow(uint64 commitBlock, uint64 l1Block);
    error JobInvalid(bytes32 reason);
    error DeadlinePassed(uint64 deadline, uint64 l1Timestamp);
    error ConsumedMismatch(bytes32 expected, bytes32 actual);
    error ResultMismatch(bytes32 expected, bytes32 actual);
    error OutputMismatch(bytes32 expected, bytes32 actual);
    error OutputLength(uint256 limit, uint256 actual);
    error ClaimKnown(bytes32 claimHash);
    error ClaimNotOpen(bytes32 claimHash, uint8 status);
    error WindowOpen(uint64 windowEnd, uint64 l1Timestamp);
    error DisputesOpen(bytes32 claimHash);
    error ConsumedNotFinal(bytes32 consumed, uint8 status);
    error ConsumedNotLost(bytes32 consumed, uint8 status);
    error NotOverturned(bytes32 claimHash, uint8 status);
    error AirgapRunning(uint64 until, uint64 l1Timestamp);
    error AlreadyCollected(bytes32 claimHash);
    error OnlyDisputes(address actual);
    error NotDelivered(bytes32 expected, bytes32 actual);
    error NotACount(uint32 floatBits);
    error PropertyMissed(uint256 minCorrect, uint256 correct);
    error OnlyVoids(address actual);
    error JobVoid(bytes32 modelId, uint8 graph);
    error NotVoid(bytes32 id);
    /// @notice No failure can be claimed there (P15.1): `what` is kind, profile, step, node, op, operand or element.
    error CannotFail(bytes32 what);
    error ModelFailed(bytes32 claimHash);

    event Reserved(bytes32 indexed id, address indexed reserver, uint64 seedBlock, string dataUrl);
    event SeedFixed(bytes32 indexed id, bytes32 seed);
    event Committed(bytes32 indexed commitment, address indexed sender);
    /// @notice Everything a challenger needs to rebuild the claim from L1 alone.
    event ResultClaimed(
        bytes32 indexed id,
        bytes32 indexed claimHash,
        address indexed claimant,
        Task task,
        ResultClaim claim,
        string dataUrl
    );
    event ResultFinal(bytes32 indexed id, bytes32 indexed claimHash);
    event ResultOverturned(bytes32 indexed id, bytes32 indexed claimHash, address indexed winner);
    /// @notice What it consumed fell, or its job is void.
    event ResultSunk(bytes32 indexed id, bytes32 indexed claimHash, bytes32 consumed);
    /// @notice Nothing that a graph of a job (1 train, 2 infer, 3 evaluate) is needed for can be claimed any more.
    event GraphVoided(bytes32 indexed modelId, uint8 indexed graph);
    event ReservationReleased(bytes32 indexed id, address indexed reserver, uint256 releasedWei);
    event BondCollected(bytes32 indexed claimHash, address indexed winner, uint256 rewardWei, uint256 burnedWei);

    /// @notice Takes the exclusive right to claim `id`. The first reservation ever fixes the seed block. Value: the reservation
    /// bond, doubled for each reservation that lapsed.
    /// @dev After three lapses, once the seed is fixed, nobody can reserve any more: the id is open to all who commit.
    function reserve(bytes32 id, string calldata dataUrl) external payable;

    /// @notice Fixes the seed of `id` from the header of its seed block; by anybody, within 8,191 blocks.
    function fixSeed(bytes32 id, bytes calldata headerRlp) external;

    /// @notice For tasks without a seed, and ids open to all: binds a claim that will be revealed in a later L1 block, within 256.
    /// @param commitment keccak(abi(bytes32 claimHash, address sender, bytes32 salt))
    function commit(bytes32 commitment) external;

    /// @notice Claims a result, or that the run has none (P15). Value: the claim bond, and the soft bond if the job is soft.
    function claim(ClaimInput calldata input) external payable returns (bytes32 claimHash);

    /// @notice Makes a claim final when its window is over, no dispute is open and what it consumes is final; by anybody.
    function finalize(bytes32 claimHash) external;

    /// @notice L1 seconds during which claims that were lost held an id. Its deadline, and those of tasks that consume it, are so
    /// much later (P6.9).
    function lostSeconds(bytes32 id) external view returns (uint64);

    /// @notice Closes a claim whose consumed claim was overturned, or whose job is void; its bond goes back to the claimant, but
    /// for the soft bond of a void job; by anybody.
    function sink(bytes32 claimHash) external;

    /// @notice Overturns a claim; only Disputes and Demands. The Inbox hears of it at once, payouts wait for the airgap.
    function overturn(bytes32 claimHash, address winner) external;

    /// @notice A graph of a job has a flaw; only Voids. Ends the open claim of what makes the model; those of inferences and
    /// evaluations are for `sink`. What is final stays so.
    function voidGraph(bytes32 modelId, uint8 kind) external;

    /// @notice Gives the bond of a reservation of a void training back, if it had not lapsed before; by anybody.
    function releaseReservation(bytes32 id) external;

    /// @notice After the airgap: burns and pays out the bond of an overturned claim; by anybody.
    function collect(bytes32 claimHash) external;

    /// @notice Moves the caller's balance to the caller.
    function withdraw() external returns (uint256 amountWei);

    /// @notice Moves the cursor behind `firstOpen` over at most `limit` closed claims, so that the view stays cheap.
    function advance(uint256 limit) external;

    /// @notice Inbox index of the first Claimed message whose claim is open; the Inbox's count if there is none (P6.8).
    function firstOpen() external view returns (uint64);

    /// @notice Whether `finalize` would succeed now.
    function finalizable(bytes32 claimHash) external view returns (bool);

    /// @notice L1 second at which the graph of a task of such a kind was shown to have a flaw; 0: it was not.
    function voidedAt(bytes32 modelId, uint8 kind) external view returns (uint64);

    /// @notice End of the airgap after the last claim of `id` that was overturned, in L1 seconds; 0: none was.
    function airgapUntil(bytes32 id) external view returns (uint64);

    /// @notice Whether the job of a claim is void, as far as the claim needs it.
    function isVoid(bytes32 claimHash) external view returns (bool);

    function claimOf(bytes32 claimHash) external view returns (ClaimRecord memory);

    function reservationOf(bytes32 id) external view returns (Reservation memory);

    /// @notice Whether three reservations of `id` have lapsed and its seed is fixed: anybody may commit and claim.
    function isOpenToAll(bytes32 id) external view returns (bool);

    /// @notice Exact value that the next reservation of `id` must carry.
    function reserveBondWei(bytes32 id) external view returns (uint256);

    /// @notice Claim hash of the open or final claim of `id`; 0 if there is none.
    function liveClaim(bytes32 id) external view returns (bytes32);

    /// @notice Reverts unless a claim of the task would be taken now, as far as its clocks and other claims of its id go.
    function checkClaimable(Task calldata task) external view;

    /// @notice Exact value that a claim of a task with these flags must carry.
    function bondWei(uint8 flags) external view returns (uint256);

    function balanceOf(address account) external view returns (uint256 amountWei);
}
