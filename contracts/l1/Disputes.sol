// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Demand, IDemands, PATH_STEP, PATH_TRACES} from "../interfaces/IDemands.sol";
import {
    Challenge,
    CHALLENGE_LAPSED,
    CHALLENGE_LIVE,
    CHALLENGE_LOST,
    CHALLENGE_REFUNDED,
    CHALLENGE_WON,
    IDisputes,
    Link,
    NO_STEP
} from "../interfaces/IDisputes.sol";
import {ILeafRouter} from "../interfaces/ILeafRouter.sol";
import {LeafContext, WRONG_ELEMENT, WRONG_FAILURE, WRONG_PART} from "../interfaces/ILeafVerifier.sol";
import {CLAIM_OPEN, CLAIM_OVERTURNED, ClaimRecord, IResultClaims} from "../interfaces/IResultClaims.sol";
import {BondBook, Bonds} from "../libraries/Bonds.sol";
import {ClaimPath} from "../libraries/ClaimPath.sol";
import {Clock} from "../libraries/Clock.sol";
import {Clocks, pursuitSeconds} from "../types/Clocks.sol";
import {FLAG_STEP_ROOTS} from "../types/Job.sol";
import {Prices} from "../types/Prices.sol";
import {hashTask, Task} from "../types/Task.sol";

/// @notice See `IDisputes`.
contract Disputes is IDisputes {
    using Bonds for BondBook;

    /// @notice Challenges against one claim.
    struct Bench {
        uint64 count;
        uint64 live;
        uint64 lastFailedAt; // L1 second of the last failed proof
        uint128 lostWei; // bonds lost to the claim
        mapping(address => uint256) liveOf;
    }

    bytes32 private constant CHALLENGE_TYPE = keccak256("ANH.Challenge.v1");

    IResultClaims private immutable CLAIMS;
    IDemands private immutable DEMANDS;
    ILeafRouter private immutable LEAVES;
    uint64 private immutable CHALLENGER_SECONDS;
    uint64 private immutable PURSUIT_SECONDS;
    uint64 private immutable AIRGAP_SECONDS;
    uint256 private immutable CHALLENGE_BOND_WEI;

    BondBook private _book;
    mapping(bytes32 challengeId => Challenge) private _challenges;
    mapping(bytes32 claimHash => Bench) private _benches;

    constructor(
        IResultClaims claims,
        IDemands demands,
        ILeafRouter leaves,
        Clocks memory clocks,
        Prices memory prices
    ) {
        CLAIMS = claims;
        DEMANDS = demands;
        LEAVES = leaves;
        CHALLENGER_SECONDS = clocks.challengerSeconds;
        PURSUIT_SECONDS = pursuitSeconds(clocks);
        AIRGAP_SECONDS = clocks.airgapSeconds;
        CHALLENGE_BOND_WEI = prices.challengeBondWei;
    }

    /// @inheritdoc IDisputes
    function challenge(bytes32 claimHash, uint32 segment, uint32 step) external payable returns (bytes32 challengeId) {
        ClaimRecord memory record = _openClaim(claimHash);
        if (Clock.passed(record.windowEnd)) {
            uint64 until = DEMANDS.challengeableUntil(claimHash);
            if (Clock.passed(until)) revert WindowOver(until, Clock.nowSeconds());
        }
        if (segment >= ClaimPath.segmentCount(record)) revert OutOfRange(segment, ClaimPath.segmentCount(record));
        bool opened = _isOpened(record, claimHash, segment);
        if (step != NO_STEP) {
            if (!opened) revert StepUnknown(step);
            _checkStep(record, segment, step);
        }
        if (msg.value < CHALLENGE_BOND_WEI) revert BondMismatch(CHALLENGE_BOND_WEI, msg.value);
        uint256 feeWei = msg.value - CHALLENGE_BOND_WEI;

        Bench storage bench = _benches[claimHash];
        challengeId = keccak256(abi.encode(CHALLENGE_TYPE, claimHash, msg.sender, bench.count));
        ++bench.count;
        ++bench.live;
        ++bench.liveOf[msg.sender];
        _book.lock(CHALLENGE_BOND_WEI);
        Challenge storage made = _challenges[challengeId];
        made.claimHash = claimHash;
        made.challenger = msg.sender;
        made.segment = segment;
        made.step = step;
        made.l1Block = uint64(block.number);
        made.startedAt = Clock.nowSeconds();
        made.movedAt = Clock.nowSeconds();
        made.status = CHALLENGE_LIVE;
        if (opened) _creditBack(feeWei);
        else (made.waitsFor,) = DEMANDS.askFor{value: feeWei}(claimHash, PATH_TRACES, segment, 0, msg.sender);
        emit Challenged(claimHash, challengeId, msg.sender, segment, step, made.waitsFor);
    }

    /// @inheritdoc IDisputes
    function point(bytes32 challengeId, uint32 step) external payable {
        (Challenge storage made, ClaimRecord memory record) = _movable(challengeId);
        if (made.step != NO_STEP) revert PointedAlready(made.step);
        if (!_isOpened(record, made.claimHash, made.segment)) revert NotOpened(made.claimHash, made.segment);
        _checkStep(record, made.segment, step);
        made.step = step;
        made.movedAt = Clock.nowSeconds();
        made.waitsFor = bytes32(0);
        if (msg.value != 0) {
            (made.waitsFor,) =
                DEMANDS.askFor{value: msg.value}(made.claimHash, PATH_STEP, made.segment, step, msg.sender);
        }
        emit Pointed(made.claimHash, challengeId, step, made.waitsFor);
    }

    /// @inheritdoc IDisputes
    function waitFor(bytes32 challengeId, bytes32 key) external {
        (Challenge storage made,) = _movable(challengeId);
        uint64 until = made.startedAt + PURSUIT_SECONDS;
        if (Clock.passed(until)) revert WaitingOver(until, Clock.nowSeconds());
        bytes32 demanded = DEMANDS.demandOf(key).claimHash;
        if (demanded != made.claimHash) revert ForeignDemand(made.claimHash, demanded);
        made.waitsFor = key;
        emit Waiting(made.claimHash, challengeId, key);
    }

    /// @inheritdoc IDisputes
    function prove(bytes32 challengeId, uint8 kind, Task calldata task, bytes calldata witness) external {
        (Challenge storage made, ClaimRecord memory record) = _movable(challengeId);
        if (block.number == made.l1Block) revert SameBlock(made.l1Block);
        bytes32 taskHash = hashTask(task);
        if (taskHash != record.taskHash) revert TaskMismatch(record.taskHash, taskHash);
        if (made.step == NO_STEP) revert StepUnknown(NO_STEP);

        (Link memory link, bytes memory rest) = abi.decode(witness, (Link, bytes));
        LeafContext memory context = _context(made, record, task, link);
        if (kind == WRONG_PART) rest = _withOpenedSum(made, rest);
        // A leaf that reverts, for want of gas too, reverts the whole call: no verdict, nothing written.
        bool named = kind == WRONG_ELEMENT || kind == WRONG_FAILURE;
        bool wrong = LEAVES.verifierOf(kind, named ? _firstWord(rest) : 0).judge(context, kind, rest);

        _end(made, wrong ? CHALLENGE_WON : CHALLENGE_LOST);
        emit Judged(made.claimHash, challengeId, kind, wrong);
        if (wrong) {
            CLAIMS.overturn(made.claimHash, msg.sender);
        } else {
            _benches[made.claimHash].lastFailedAt = Clock.nowSeconds();
            _benches[made.claimHash].lostWei += uint128(CHALLENGE_BOND_WEI);
        }
    }

    /// @inheritdoc IDisputes
    function lapse(bytes32 challengeId) external {
        Challenge storage made = _live(challengeId);
        _openClaim(made.claimHash);
        uint64 until = moveBy(challengeId);
        if (!Clock.passed(until)) revert MoveRunning(until, Clock.nowSeconds());
        _end(made, CHALLENGE_LAPSED);
        _book.release(made.challenger, CHALLENGE_BOND_WEI);
        emit Lapsed(made.claimHash, challengeId);
    }

    /// @inheritdoc IDisputes
    function refund(bytes32 challengeId) external {
        Challenge storage made = _challenges[challengeId];
        if (made.status != CHALLENGE_LIVE && made.status != CHALLENGE_WON) revert NotLive(challengeId, made.status);
        _requireSettled(made.claimHash);
        made.status = CHALLENGE_REFUNDED;
        _book.release(made.challenger, CHALLENGE_BOND_WEI);
    }

    /// @inheritdoc IDisputes
    function collect(bytes32 claimHash) external {
        ClaimRecord memory record = _requireSettled(claimHash);
        uint256 lostWei = _benches[claimHash].lostWei;
        _benches[claimHash].lostWei = 0;
        uint256 keptWei = record.status == CLAIM_OVERTURNED ? 0 : lostWei / 2;
        _book.release(record.claimant, keptWei);
        _book.burn(lostWei - keptWei);
    }

    /// @inheritdoc IDisputes
    function withdraw() external returns (uint256 amountWei) {
        return _book.withdraw();
    }

    /// @inheritdoc IDisputes
    function challengeOf(bytes32 challengeId) external view returns (Challenge memory) {
        return _challenges[challengeId];
    }

    /// @inheritdoc IDisputes
    function isQuiet(bytes32 claimHash) external view returns (bool) {
        Bench storage bench = _benches[claimHash];
        return bench.live == 0 && (bench.lastFailedAt == 0 || Clock.passed(bench.lastFailedAt + AIRGAP_SECONDS));
    }

    /// @inheritdoc IDisputes
    function challenges(bytes32 claimHash, address account) external view returns (bool) {
        return _benches[claimHash].liveOf[account] != 0;
    }

    /// @inheritdoc IDisputes
    function balanceOf(address account) external view returns (uint256 amountWei) {
        return _book.creditOf[account];
    }

    /// @inheritdoc IDisputes
    function moveBy(bytes32 challengeId) public view returns (uint64) {
        Challenge storage made = _challenges[challengeId];
        if (made.waitsFor == 0) return made.movedAt + CHALLENGER_SECONDS;
        uint64 answeredAt = DEMANDS.demandOf(made.waitsFor).answeredAt;
        return answeredAt == 0 ? Clock.NEVER : Clock.later(answeredAt, made.movedAt) + CHALLENGER_SECONDS;
    }

    function _context(Challenge storage made, ClaimRecord memory record, Task memory task, Link memory link)
        private
        view
        returns (LeafContext memory context)
    {
        uint32 segment = made.segment;
        if (link.segment.leaf.index != segment) revert SegmentMismatch(segment, link.segment.leaf.index);
        ClaimPath.checkSegment(record, link.segment);
        if (record.flags & FLAG_STEP_ROOTS == 0) {
            bytes32 stepsRoot = DEMANDS.stepsRootOf(made.claimHash, segment);
            if (stepsRoot == 0) revert NotOpened(made.claimHash, segment);
            link.segment.leaf.stepsRoot = stepsRoot;
        }
        ClaimPath.checkTrace(
            link.segment.leaf.stepsRoot, made.step, ClaimPath.stepsIn(record, segment), link.step
        );
        context.task = task;
        context.task.steps = record.steps;
        context.seed = record.seed;
        if (record.consumed != 0) {
            ClaimRecord memory consumed = CLAIMS.claimOf(record.consumed);
            context.consumedResultRoot = consumed.resultRoot;
            context.consumedTaskHash = consumed.taskHash;
        }
        context.trajectoryRoot = record.trajectoryRoot;
        context.segment = link.segment.leaf;
        context.step = made.step;
        context.globalStep = segment * record.segmentSteps + made.step;
        context.trace = link.step.trace;
        if (context.globalStep + 1 == record.failure.steps) context.failure = record.failure;
    }

    function _end(Challenge storage made, uint8 status) private {
        made.status = status;
        Bench storage bench = _benches[made.claimHash];
        --bench.live;
        --bench.liveOf[made.challenger];
    }

    /// @dev An open fee that no opening needed: somebody else may have asked first.
    function _creditBack(uint256 feeWei) private {
        _book.lock(feeWei);
        _book.release(msg.sender, feeWei);
    }

    /// @dev The steps of a segment have a root: in its leaf, or opened.
    function _isOpened(ClaimRecord memory record, bytes32 claimHash, uint32 segment) private view returns (bool) {
        return record.flags & FLAG_STEP_ROOTS != 0 || DEMANDS.stepsRootOf(claimHash, segment) != 0;
    }

    function _checkStep(ClaimRecord memory record, uint32 segment, uint32 step) private pure {
        uint256 count = ClaimPath.stepsIn(record, segment);
        if (step >= count) revert OutOfRange(step, count);
    }

    function _openClaim(bytes32 claimHash) private view returns (ClaimRecord memory record) {
        record = CLAIMS.claimOf(claimHash);
        if (record.status != CLAIM_OPEN) revert ClaimNotOpen(claimHash, record.status);
    }

    function _live(bytes32 challengeId) private view returns (Challenge storage made) {
        made = _challenges[challengeId];
        if (made.status != CHALLENGE_LIVE) revert NotLive(challengeId, made.status);
    }

    /// @dev A live challenge against an open claim, whose challenger calls in time.
    function _movable(bytes32 challengeId) private view returns (Challenge storage made, ClaimRecord memory record) {
        made = _live(challengeId);
        if (msg.sender != made.challenger) revert OnlyChallenger(made.challenger, msg.sender);
        record = _openClaim(made.claimHash);
        uint64 until = moveBy(challengeId);
        if (Clock.passed(until)) revert MoveOver(until, Clock.nowSeconds());
    }

    /// @dev Closed, and if it was overturned the airgap is over.
    function _requireSettled(bytes32 claimHash) private view returns (ClaimRecord memory record) {
        record = CLAIMS.claimOf(claimHash);
        bool lost = record.status == CLAIM_OVERTURNED;
        if (record.closedAt == 0 || (lost && !Clock.passed(record.closedAt + AIRGAP_SECONDS))) revert NotSettled(claimHash);
    }

    /// @dev A sum in parts is judged by what the claimant published of it for this step (P7.10).
    function _withOpenedSum(Challenge storage made, bytes memory rest) private view returns (bytes memory) {
        (uint256 node, uint256 element) = abi.decode(rest, (uint256, uint256));
        bytes32 opened = DEMANDS.sumOf(made.claimHash, made.segment, made.step, node, element);
        if (opened == 0) revert NotOpened(made.claimHash, made.segment);
        return abi.encode(opened, rest);
    }

    function _firstWord(bytes memory rest) private pure returns (uint256) {
        return abi.decode(rest, (uint256));
    }
}
