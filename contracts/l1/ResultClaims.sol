// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDeliveries} from "../interfaces/IDeliveries.sol";
import {IDemands} from "../interfaces/IDemands.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IEndings} from "../interfaces/IEndings.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {
    CLAIM_FINAL,
    CLAIM_NONE,
    CLAIM_OPEN,
    CLAIM_OVERTURNED,
    CLAIM_SUNK,
    CLAIM_VOID,
    ClaimInput,
    ClaimRecord,
    IResultClaims,
    Reservation
} from "../interfaces/IResultClaims.sol";
import {BondBook, Bonds} from "../libraries/Bonds.sol";
import {Clock} from "../libraries/Clock.sol";
import {Merkle} from "../libraries/Merkle.sol";
import {ClaimOrder, OpenClaims} from "../libraries/OpenClaims.sol";
import {Reservations} from "../libraries/Reservations.sol";
import {Tally} from "../libraries/Tally.sol";
import {TaskLib} from "../libraries/TaskLib.sol";
import {TaskShape} from "../libraries/TaskShape.sol";
import {VoidGraphs} from "../libraries/VoidGraphs.sol";
import {Clocks} from "../types/Clocks.sol";
import {FLAG_SOFT} from "../types/Job.sol";
import {MessageKind} from "../types/MessageKind.sol";
import {Prices} from "../types/Prices.sol";
import {hashResultClaim, ResultClaim} from "../types/ResultClaim.sol";
import {hashTask, isSeedless, KIND_COMMISSION, KIND_TRAIN, startsFromRoot, Task} from "../types/Task.sol";
import {hashSegmentLeaf} from "../types/Trace.sol";

/// @notice See `IResultClaims`.
contract ResultClaims is IResultClaims {
    using Bonds for BondBook;
    using OpenClaims for ClaimOrder;
    using Reservations for Reservation;
    using VoidGraphs for mapping(bytes32 => uint64);

    /// @dev L1 blocks within which a commitment must be revealed (P6.3).
    uint64 private constant REVEAL_BLOCKS = 256;

    IInbox private immutable INBOX;
    IDisputes private immutable DISPUTES;
    IDemands private immutable DEMANDS;
    IDeliveries private immutable DELIVERIES;
    address private immutable VOIDS;
    IEndings private immutable ENDINGS;
    uint256 private immutable L2_CHAIN_ID;
    uint64 private immutable SEED_DELAY_BLOCKS;
    uint64 private immutable MIN_WINDOW_SECONDS;
    uint64 private immutable AIRGAP_SECONDS;
    uint64 private immutable RESERVE_SECONDS;
    uint256 private immutable RESERVE_BOND_WEI;
    uint256 private immutable CLAIM_BOND_WEI;
    uint256 private immutable SOFT_BOND_WEI;

    BondBook private _book;
    ClaimOrder private _order;
    mapping(bytes32 claimHash => ClaimRecord) private _records;
    mapping(bytes32 claimHash => address) private _winners;
    mapping(bytes32 id => Reservation) private _reservations;
    /// @inheritdoc IResultClaims
    mapping(bytes32 id => uint64) public airgapUntil;
    mapping(bytes32 key => uint64) private _voidedAt;
    mapping(address sender => mapping(bytes32 commitment => uint64 l1Block)) private _commitments;
    /// @inheritdoc IResultClaims
    mapping(bytes32 id => bytes32) public liveClaim;
    /// @inheritdoc IResultClaims
    mapping(bytes32 id => uint64) public lostSeconds;

    constructor(
        IInbox inbox,
        IDisputes disputes,
        IDemands demands,
        IDeliveries deliveries,
        address voids,
        IEndings endings,
        uint256 l2ChainId,
        Clocks memory clocks,
        Prices memory prices
    ) {
        INBOX = inbox;
        DISPUTES = disputes;
        DEMANDS = demands;
        DELIVERIES = deliveries;
        VOIDS = voids;
        ENDINGS = endings;
        L2_CHAIN_ID = l2ChainId;
        SEED_DELAY_BLOCKS = clocks.seedDelayBlocks;
        MIN_WINDOW_SECONDS = clocks.minWindowSeconds;
        AIRGAP_SECONDS = clocks.airgapSeconds;
        RESERVE_SECONDS = clocks.reserveSeconds;
        RESERVE_BOND_WEI = prices.reserveBondWei;
        CLAIM_BOND_WEI = prices.claimBondWei;
        SOFT_BOND_WEI = prices.softBondWei;
    }

    /// @inheritdoc IResultClaims
    function reserve(bytes32 id, string calldata dataUrl) external payable {
        Reservation storage reservation = _reservations[id];
        Clocks memory clocks = _clocks();
        uint256 bond = reservation.nextBondWei(clocks, RESERVE_BOND_WEI);
        if (msg.value != bond) revert BondMismatch(bond, msg.value);
        _voidedAt.requireNone(id, KIND_TRAIN);
        _requireFree(id);
        uint256 burnedWei = reservation.take(id, clocks);
        _book.lock(msg.value);
        emit Reserved(id, msg.sender, reservation.seedBlock(SEED_DELAY_BLOCKS), dataUrl);
        _book.burn(burnedWei);
    }

    /// @inheritdoc IResultClaims
    function fixSeed(bytes32 id, bytes calldata headerRlp) external {
        bytes32 seed = _reservations[id].fixSeed(id, _clocks(), headerRlp);
        emit SeedFixed(id, seed);
    }

    /// @inheritdoc IResultClaims
    function commit(bytes32 commitment) external {
        _commitments[msg.sender][commitment] = uint64(block.number);
        emit Committed(commitment, msg.sender);
    }

    /// @inheritdoc IResultClaims
    function claim(ClaimInput calldata input) external payable returns (bytes32 claimHash) {
        TaskLib.check(input.job, L2_CHAIN_ID);
        Task memory task = TaskLib.derive(input.job, input.kind, input.inputRoot, input.rows);
        _checkTask(task, input.consumed);
        ResultClaim memory result = ResultClaim({
            id: task.id,
            claimant: msg.sender,
            taskHash: hashTask(task),
            seed: bytes32(0),
            resultRoot: input.resultRoot,
            trajectoryRoot: input.trajectoryRoot,
            consumed: input.consumed,
            output: input.output,
            salt: input.salt,
            failure: input.failure
        });
        uint32 steps = result.failure.steps == 0 ? task.steps : result.failure.steps;
        Clocks memory clocks = _clocks();
        bool committed;
        (result.seed, committed) = _seedFor(task, input.salt, clocks);
        claimHash = hashResultClaim(result);
        if (_records[claimHash].status != CLAIM_NONE) revert ClaimKnown(claimHash);
        if (committed) _checkCommitment(claimHash, input.salt);
        _checkResult(task, input, steps);

        (uint256 owedWei, uint256 burnedWei) = task.kind == KIND_COMMISSION
            ? (0, 0)
            : _reservations[task.id].redeem(clocks);
        uint64 inboxIndex = INBOX.count();
        _records[claimHash] = ClaimRecord({
            id: task.id,
            taskHash: result.taskHash,
            seed: result.seed,
            resultRoot: result.resultRoot,
            trajectoryRoot: result.trajectoryRoot,
            consumed: result.consumed.length == 0 ? bytes32(0) : result.consumed[0],
            claimant: msg.sender,
            windowEnd: Clock.nowSeconds() + task.windowSeconds,
            status: CLAIM_OPEN,
            kind: task.kind,
            flags: task.flags,
            steps: steps,
            segmentSteps: task.segmentSteps,
            inboxIndex: inboxIndex,
            closedAt: 0,
            regenerationSeconds: TaskShape.regenerationSeconds(task),
            windowSeconds: task.windowSeconds,
            failure: result.failure
        });
        liveClaim[task.id] = claimHash;
        _order.push(claimHash);
        _book.lock(msg.value);
        _book.release(msg.sender, owedWei);

        emit ResultClaimed(task.id, claimHash, msg.sender, task, result, input.dataUrl);
        bool soft = task.flags & FLAG_SOFT != 0 && result.failure.steps == 0;
        INBOX.queue(
            MessageKind.CLAIMED,
            abi.encode(
                task.id,
                claimHash,
                msg.sender,
                result.resultRoot,
                soft,
                result.consumed,
                result.output,
                result.failure.steps
            )
        );
        _book.burn(burnedWei);
    }

    /// @inheritdoc IResultClaims
    function finalize(bytes32 claimHash) external {
        ClaimRecord storage record = _requireOpen(claimHash);
        if (!Clock.passed(record.windowEnd)) revert WindowOpen(record.windowEnd, Clock.nowSeconds());
        if (!_isUndisputed(claimHash)) revert DisputesOpen(claimHash);
        if (record.consumed != 0 && _records[record.consumed].status != CLAIM_FINAL) {
            revert ConsumedNotFinal(record.consumed, _records[record.consumed].status);
        }
        _voidedAt.requireNone(_modelOf(record), record.kind);
        _close(record, CLAIM_FINAL);
        _book.release(record.claimant, bondWei(record.flags));
        emit ResultFinal(record.id, claimHash);
        INBOX.queue(MessageKind.FINAL, abi.encode(record.id, claimHash));
    }

    /// @inheritdoc IResultClaims
    function sink(bytes32 claimHash) external {
        ClaimRecord storage record = _requireOpen(claimHash);
        uint8 status = _records[record.consumed].status;
        if (status == CLAIM_OVERTURNED || status == CLAIM_SUNK || status == CLAIM_VOID) {
            _sink(record, claimHash, CLAIM_SUNK, 0);
        } else if (_isVoid(record)) {
            _sinkVoid(record, claimHash);
        } else {
            revert ConsumedNotLost(record.consumed, status);
        }
    }

    /// @inheritdoc IResultClaims
    function voidGraph(bytes32 modelId, uint8 kind) external {
        if (msg.sender != VOIDS) revert OnlyVoids(msg.sender);
        uint8 graph = _voidedAt.add(modelId, kind);
        bytes32 claimHash = liveClaim[modelId];
        ClaimRecord storage record = _records[claimHash];
        emit GraphVoided(modelId, graph);
        // L2 hears that the claim is gone before it hears why nothing will come in its place.
        if (record.status == CLAIM_OPEN && VoidGraphs.graphOf(record.kind) == graph) _sinkVoid(record, claimHash);
        INBOX.queue(MessageKind.VOIDED, abi.encode(modelId, graph));
    }

    /// @inheritdoc IResultClaims
    function releaseReservation(bytes32 id) external {
        uint64 instant = _voidedAt.timeOf(id, KIND_TRAIN);
        if (instant == 0) revert NotVoid(id);
        Reservation storage reservation = _reservations[id];
        address reserver = reservation.reserver;
        (uint256 owedWei, uint256 burnedWei) = reservation.dissolve(id, _clocks(), instant);
        _book.release(reserver, owedWei);
        emit ReservationReleased(id, reserver, owedWei);
        _book.burn(burnedWei);
    }

    /// @inheritdoc IResultClaims
    function overturn(bytes32 claimHash, address winner) external {
        if (msg.sender != address(DISPUTES) && msg.sender != address(DEMANDS)) revert OnlyDisputes(msg.sender);
        ClaimRecord storage record = _requireOpen(claimHash);
        delete liveClaim[record.id];
        airgapUntil[record.id] = Clock.nowSeconds() + AIRGAP_SECONDS;
        _winners[claimHash] = winner;
        _close(record, CLAIM_OVERTURNED);
        uint64 lost = _lose(record, AIRGAP_SECONDS + 1); // the airgap's last second counts
        emit ResultOverturned(record.id, claimHash, winner);
        INBOX.queue(MessageKind.OVERTURNED, abi.encode(record.id, claimHash, lost));
    }

    /// @inheritdoc IResultClaims
    function collect(bytes32 claimHash) external {
        ClaimRecord storage record = _records[claimHash];
        if (record.status != CLAIM_OVERTURNED) revert NotOverturned(claimHash, record.status);
        uint64 until = record.closedAt + AIRGAP_SECONDS;
        if (!Clock.passed(until)) revert AirgapRunning(until, Clock.nowSeconds());
        address winner = _winners[claimHash];
        if (winner == address(0)) revert AlreadyCollected(claimHash);
        uint256 rewardWei = CLAIM_BOND_WEI / 2;
        uint256 burnedWei = bondWei(record.flags) - rewardWei;
        delete _winners[claimHash];
        _book.release(winner, rewardWei);
        emit BondCollected(claimHash, winner, rewardWei, burnedWei);
        _book.burn(burnedWei);
    }

    /// @inheritdoc IResultClaims
    function withdraw() external returns (uint256 amountWei) {
        return _book.withdraw();
    }

    /// @inheritdoc IResultClaims
    function advance(uint256 limit) external {
        _order.advance(_records, limit);
    }

    /// @inheritdoc IResultClaims
    function firstOpen() external view returns (uint64) {
        (bool found, uint64 inboxIndex) = _order.first(_records);
        return found ? inboxIndex : INBOX.count();
    }

    /// @inheritdoc IResultClaims
    function finalizable(bytes32 claimHash) external view returns (bool) {
        ClaimRecord storage record = _records[claimHash];
        return record.status == CLAIM_OPEN && Clock.passed(record.windowEnd)
            && (record.consumed == 0 || _records[record.consumed].status == CLAIM_FINAL) && _isUndisputed(claimHash)
            && !_isVoid(record);
    }

    /// @inheritdoc IResultClaims
    function claimOf(bytes32 claimHash) external view returns (ClaimRecord memory) {
        return _records[claimHash];
    }

    /// @inheritdoc IResultClaims
    function reservationOf(bytes32 id) external view returns (Reservation memory) {
        return _reservations[id];
    }

    /// @inheritdoc IResultClaims
    function voidedAt(bytes32 modelId, uint8 kind) external view returns (uint64) {
        return _voidedAt.timeOf(modelId, kind);
    }

    /// @inheritdoc IResultClaims
    function isVoid(bytes32 claimHash) external view returns (bool) {
        return _isVoid(_records[claimHash]);
    }

    /// @inheritdoc IResultClaims
    function isOpenToAll(bytes32 id) external view returns (bool) {
        return _reservations[id].isOpenToAll(_clocks());
    }

    /// @inheritdoc IResultClaims
    function reserveBondWei(bytes32 id) external view returns (uint256) {
        return _reservations[id].nextBondWei(_clocks(), RESERVE_BOND_WEI);
    }

    /// @inheritdoc IResultClaims
    function balanceOf(address account) external view returns (uint256 amountWei) {
        return _book.creditOf[account];
    }

    /// @inheritdoc IResultClaims
    function bondWei(uint8 flags) public view returns (uint256) {
        return CLAIM_BOND_WEI + (flags & FLAG_SOFT == 0 ? 0 : SOFT_BOND_WEI);
    }

    /// @inheritdoc IResultClaims
    function checkClaimable(Task memory task) public view {
        if (task.windowSeconds < MIN_WINDOW_SECONDS) revert JobInvalid("windowSeconds");
        uint64 deadline = task.deadline + lostSeconds[task.id] + lostSeconds[task.modelId];
        if (Clock.passed(deadline)) revert DeadlinePassed(deadline, Clock.nowSeconds());
        _voidedAt.requireNone(VoidGraphs.modelOf(task), task.kind);
        _requireFree(task.id);
    }

    function _checkTask(Task memory task, bytes32[] calldata consumed) private view {
        uint256 bond = bondWei(task.flags);
        checkClaimable(task);
        if (msg.value != bond) revert BondMismatch(bond, msg.value);
        if (startsFromRoot(task)) {
            if (consumed.length != 0) revert ConsumedMismatch(bytes32(0), consumed[0]);
            return;
        }
        // A model has one live claim, so naming it by hash is naming the only one whose result can be consumed (P6.4).
        bytes32 model = liveClaim[task.modelId];
        bytes32 named = consumed.length == 1 ? consumed[0] : bytes32(0);
        if (named == 0 || named != model) revert ConsumedMismatch(model, named);
        if (_records[model].failure.steps != 0) revert ModelFailed(model);
    }

    /// @return seed under which the caller may claim the task now
    /// @return committed whether the claim must be committed to before: there is nobody who alone may make it
    function _seedFor(Task memory task, bytes32 salt, Clocks memory clocks)
        private
        returns (bytes32 seed, bool committed)
    {
        if (isSeedless(task)) return (0, true);
        if (task.kind == KIND_COMMISSION) {
            return (DELIVERIES.reveal(task.id, msg.sender, task.startRoot, salt), false);
        }
        Reservation storage reservation = _reservations[task.id];
        return (reservation.seedFor(task.id, clocks), reservation.isOpenToAll(clocks));
    }

    function _checkCommitment(bytes32 claimHash, bytes32 salt) private view {
        bytes32 commitment = keccak256(abi.encode(claimHash, msg.sender, salt));
        uint64 l1Block = _commitments[msg.sender][commitment];
        if (l1Block == 0) revert NotCommitted(commitment);
        if (block.number == l1Block || block.number > uint256(l1Block) + REVEAL_BLOCKS) {
            revert RevealOutsideWindow(l1Block, uint64(block.number));
        }
    }

    /// @dev The last segment ends in the result (P5.10), and what is given inline is what the result holds (P5.11).
    function _checkResult(Task memory task, ClaimInput calldata input, uint32 steps) private view {
        uint256 segments = (uint256(steps) + task.segmentSteps - 1) / task.segmentSteps;
        if (input.lastSegment.index != segments - 1) revert Merkle.LeafOutOfRange(input.lastSegment.index, segments);
        if (input.lastSegment.endState != input.resultRoot) {
            revert ResultMismatch(input.resultRoot, input.lastSegment.endState);
        }
        Merkle.check(
            input.trajectoryRoot, hashSegmentLeaf(input.lastSegment), segments - 1, segments, input.lastSegmentProof
        );
        ENDINGS.check(task, input.resultRoot, input.output, input.outputProof, input.failure);
        if (task.kind == KIND_COMMISSION) Tally.check(input.job.property, input.output);
    }

    function _isUndisputed(bytes32 claimHash) private view returns (bool) {
        return DISPUTES.isQuiet(claimHash) && DEMANDS.isQuiet(claimHash);
    }

    function _requireFree(bytes32 id) private view {
        if (liveClaim[id] != 0) revert IdClosed(id, liveClaim[id]);
        uint64 until = airgapUntil[id];
        if (until != 0 && !Clock.passed(until)) revert IdInAirgap(id, until, Clock.nowSeconds());
    }

    function _requireOpen(bytes32 claimHash) private view returns (ClaimRecord storage record) {
        record = _records[claimHash];
        if (record.status != CLAIM_OPEN) revert ClaimNotOpen(claimHash, record.status);
    }

    /// @dev The model that a claim is of, or that it consumes.
    function _modelOf(ClaimRecord storage record) private view returns (bytes32) {
        return record.consumed == 0 ? record.id : _records[record.consumed].id;
    }

    function _isVoid(ClaimRecord storage record) private view returns (bool) {
        return _voidedAt.timeOf(_modelOf(record), record.kind) != 0;
    }

    /// @dev A soft bond is burned as by an overturn: who voids its own job after a soft claim undoes what others built on it.
    function _sinkVoid(ClaimRecord storage record, bytes32 claimHash) private {
        _sink(record, claimHash, CLAIM_VOID, record.flags & FLAG_SOFT == 0 ? 0 : SOFT_BOND_WEI);
    }

    function _sink(ClaimRecord storage record, bytes32 claimHash, uint8 status, uint256 burnedWei) private {
        delete liveClaim[record.id];
        _close(record, status);
        _book.release(record.claimant, bondWei(record.flags) - burnedWei);
        uint64 lost = _lose(record, 0);
        emit ResultSunk(record.id, claimHash, record.consumed);
        INBOX.queue(MessageKind.OVERTURNED, abi.encode(record.id, claimHash, lost));
        _book.burn(burnedWei);
    }

    function _close(ClaimRecord storage record, uint8 status) private {
        record.status = status;
        record.closedAt = Clock.nowSeconds();
        _order.advance(_records, OpenClaims.STEPS);
    }

    /// @dev Nobody else could claim the id since this claim, nor can in the next `furtherSeconds` (P6.9).
    function _lose(ClaimRecord storage record, uint64 furtherSeconds) private returns (uint64 lost) {
        uint64 claimedAt = record.windowEnd - record.windowSeconds;
        lost = lostSeconds[record.id] + Clock.nowSeconds() - claimedAt + furtherSeconds;
        lostSeconds[record.id] = lost;
    }

    function _clocks() private view returns (Clocks memory clocks) {
        clocks.seedDelayBlocks = SEED_DELAY_BLOCKS;
        clocks.reserveSeconds = RESERVE_SECONDS;
    }
}
