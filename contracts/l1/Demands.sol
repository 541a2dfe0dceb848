// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Demand,
    IDemands,
    PATH_CHUNKS,
    PATH_SEGMENT,
    PATH_STEP,
    PATH_TRACES
} from "../interfaces/IDemands.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {CLAIM_OPEN, CLAIM_OVERTURNED, ClaimRecord, IResultClaims} from "../interfaces/IResultClaims.sol";
import {BondBook, Bonds} from "../libraries/Bonds.sol";
import {ChunkPath} from "../libraries/ChunkPath.sol";
import {ClaimPath} from "../libraries/ClaimPath.sol";
import {Clock} from "../libraries/Clock.sol";
import {DemandKeys} from "../libraries/DemandKeys.sol";
import {Docket, DueQueue} from "../libraries/DueQueue.sol";
import {GraphProof} from "../libraries/GraphProof.sol";
import {Merkle} from "../libraries/Merkle.sol";
import {StepOpening} from "../libraries/StepOpening.sol";
import {TensorRead} from "../libraries/TensorRead.sol";
import {Clocks} from "../types/Clocks.sol";
import {FLAG_STEP_ROOTS} from "../types/Job.sol";
import {ChunkAnswer, ChunkRange, CHUNKS_OF_VALUE, SegmentProof, StepValues, TraceProof} from "../types/Opening.sol";
import {Prices} from "../types/Prices.sol";
import {hashTask, KIND_TRAIN, Task} from "../types/Task.sol";
import {StepTrace} from "../types/Trace.sol";
import {HeaderProof, NamedValue} from "../types/Witness.sol";

/// @notice See `IDemands`.
contract Demands is IDemands {
    using Bonds for BondBook;
    using DueQueue for Docket;

    IResultClaims private immutable CLAIMS;
    IDisputes private immutable DISPUTES;
    uint64 private immutable ANSWER_SECONDS;
    uint64 private immutable AIRGAP_SECONDS;
    uint256 private immutable OPEN_FEE_WEI;
    uint256 private immutable CHUNK_FEE_WEI;

    BondBook private _book;
    mapping(bytes32 key => Demand) private _demands;
    mapping(bytes32 claimHash => Docket) private _dockets;

    constructor(IResultClaims claims, IDisputes disputes, Clocks memory clocks, Prices memory prices) {
        CLAIMS = claims;
        DISPUTES = disputes;
        ANSWER_SECONDS = clocks.answerSeconds;
        AIRGAP_SECONDS = clocks.airgapSeconds;
        OPEN_FEE_WEI = prices.openFeeWei;
        CHUNK_FEE_WEI = prices.chunkFeeWei;
    }

    /// @inheritdoc IDemands
    function demandSegment(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key) {
        ClaimRecord memory record = _askable(claimHash);
        _checkIndex(segment, ClaimPath.segmentCount(record));
        key = DemandKeys.segment(claimHash, segment);
        _ask(claimHash, key, PATH_SEGMENT, segment, 0, msg.sender, OPEN_FEE_WEI);
    }

    /// @inheritdoc IDemands
    function demandTraces(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key) {
        ClaimRecord memory record = _askable(claimHash);
        if (record.flags & FLAG_STEP_ROOTS != 0) revert TracesInLeaf(claimHash);
        _checkIndex(segment, ClaimPath.segmentCount(record));
        key = DemandKeys.traces(claimHash, segment);
        _ask(claimHash, key, PATH_TRACES, segment, 0, msg.sender, OPEN_FEE_WEI);
    }

    /// @inheritdoc IDemands
    function demandStep(bytes32 claimHash, uint32 segment, uint32 step) external payable returns (bytes32 key) {
        ClaimRecord memory record = _askable(claimHash);
        _checkStep(record, claimHash, segment, step);
        key = DemandKeys.step(claimHash, segment, step);
        _ask(claimHash, key, PATH_STEP, segment, step, msg.sender, OPEN_FEE_WEI);
    }

    /// @inheritdoc IDemands
    function demandValue(
        bytes32 claimHash,
        Task calldata task,
        uint32 segment,
        uint32 step,
        HeaderProof calldata header,
        NamedValue calldata value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external payable returns (bytes32 key) {
        ClaimRecord memory record = _askable(claimHash);
        _checkTask(record, task);
        _checkStep(record, claimHash, segment, step);
        ChunkRange memory range = ChunkPath.ofValue(task, header, value);
        range.segment = segment;
        range.step = step;
        return _askChunks(claimHash, range, firstChunk, chunkCount);
    }

    /// @inheritdoc IDemands
    function demandInput(
        bytes32 claimHash,
        Task calldata task,
        HeaderProof calldata header,
        uint8 source,
        uint32 index,
        uint32 firstChunk,
        uint32 chunkCount
    ) external payable returns (bytes32 key) {
        ClaimRecord memory record = _askable(claimHash);
        _checkTask(record, task);
        return _askChunks(claimHash, ChunkPath.ofInput(task, header, source, index), firstChunk, chunkCount);
    }

    /// @inheritdoc IDemands
    function askFor(bytes32 claimHash, uint8 path, uint32 segment, uint32 step, address asker)
        external
        payable
        returns (bytes32 key, bool asked)
    {
        if (msg.sender != address(DISPUTES)) revert OnlyDisputes(msg.sender);
        key = path == PATH_TRACES ? DemandKeys.traces(claimHash, segment) : DemandKeys.step(claimHash, segment, step);
        if (_demands[key].due == 0) {
            _ask(claimHash, key, path, segment, step, asker, OPEN_FEE_WEI);
            return (key, true);
        }
        _book.lock(msg.value);
        _book.release(asker, msg.value);
    }

    /// @inheritdoc IDemands
    function answerSegment(bytes32 claimHash, SegmentProof calldata segment) external {
        bytes32 key = DemandKeys.segment(claimHash, segment.leaf.index);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        ClaimPath.checkSegment(record, segment);
        _answer(demand, keccak256(abi.encode(segment.leaf)));
        emit SegmentPublished(claimHash, key, segment.leaf);
    }

    /// @inheritdoc IDemands
    function openSegment(
        bytes32 claimHash,
        Task calldata task,
        SegmentProof calldata segment,
        SegmentProof calldata previous,
        StepTrace[] calldata traces
    ) external {
        uint32 index = segment.leaf.index;
        bytes32 key = DemandKeys.traces(claimHash, index);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        _checkTask(record, task);
        ClaimPath.checkSegment(record, segment);
        uint256 count = ClaimPath.stepsIn(record, index);
        if (traces.length != count) revert CountMismatch(0, count, traces.length);
        bytes32 start = traces[0].stateIn;
        if (index != 0) {
            if (previous.leaf.index != index - 1) revert OutOfRange(previous.leaf.index, index);
            ClaimPath.checkSegment(record, previous);
            start = previous.leaf.endState;
        } else if (task.kind == KIND_TRAIN) {
            // Inference and evaluation start from a consumed result, which is judged tensor by tensor (P7.5 kind 3).
            start = task.startRoot;
        }
        bytes32 stepsRoot = StepOpening.chain(traces, start, segment.leaf.endState);
        _answer(demand, stepsRoot);
        emit TracesPublished(claimHash, key, index, stepsRoot, traces);
    }

    /// @inheritdoc IDemands
    function openStep(
        bytes32 claimHash,
        Task calldata task,
        SegmentProof calldata segment,
        uint32 step,
        TraceProof calldata trace,
        HeaderProof calldata header,
        StepValues calldata values
    ) external {
        bytes32 key = DemandKeys.step(claimHash, segment.leaf.index, step);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        _checkTask(record, task);
        _checkTrace(record, claimHash, segment, step, trace);
        GraphProof.checkHeader(task.graph, header);
        StepOpening.checkValues(header.header, trace.trace, values);
        _answer(demand, keccak256(abi.encode(trace.trace)));
        emit StepPublished(claimHash, key, trace.trace, values);
    }

    /// @inheritdoc IDemands
    function answerChunks(bytes32 claimHash, Task calldata task, ChunkRange calldata range, ChunkAnswer calldata answer)
        external
    {
        bytes32 key = DemandKeys.chunks(claimHash, range);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        _checkTask(record, task);
        if (range.source == CHUNKS_OF_VALUE) {
            if (answer.segment.leaf.index != range.segment) revert OutOfRange(answer.segment.leaf.index, range.segment);
            _checkTrace(record, claimHash, answer.segment, range.step, answer.step);
        }
        Merkle.check(
            ChunkPath.listRoot(task, range, answer.step.trace),
            answer.tensorRoot,
            range.index,
            range.leafCount,
            answer.rootProof
        );
        uint256 start = uint256(range.firstChunk) * TensorRead.CHUNK_BYTES;
        uint256 length = uint256(range.chunkCount) * TensorRead.CHUNK_BYTES;
        if (start + length > range.tensorBytes) length = range.tensorBytes - start;
        TensorRead.check(answer.tensorRoot, range.tensorBytes, start, length, answer.data, answer.rangeProof);
        _answer(demand, keccak256(answer.data));
        emit ChunksPublished(claimHash, key, answer.data);
    }

    /// @inheritdoc IDemands
    function timeout(bytes32 key) external {
        Demand storage demand = _demands[key];
        if (demand.due == 0) revert NotAsked(key);
        if (demand.answeredAt != 0) revert AnsweredAlready(key);
        if (!Clock.passed(demand.due)) revert NotDue(demand.due, Clock.nowSeconds());
        emit TimedOut(demand.claimHash, key, demand.asker);
        CLAIMS.overturn(demand.claimHash, demand.asker);
    }

    /// @inheritdoc IDemands
    function collect(bytes32 key) external {
        Demand storage demand = _demands[key];
        if (demand.due == 0) revert NotAsked(key);
        if (demand.collected) revert AlreadyCollected(key);
        ClaimRecord memory record = CLAIMS.claimOf(demand.claimHash);
        if (record.status == CLAIM_OPEN) revert ClaimNotClosed(demand.claimHash);
        bool lost = record.status == CLAIM_OVERTURNED;
        if (lost && !Clock.passed(record.closedAt + AIRGAP_SECONDS)) revert ClaimNotClosed(demand.claimHash);
        demand.collected = true;
        address payee = lost || demand.answeredAt == 0 ? demand.asker : record.claimant;
        _book.release(payee, demand.feeWei);
    }

    /// @inheritdoc IDemands
    function withdraw() external returns (uint256 amountWei) {
        return _book.withdraw();
    }

    /// @inheritdoc IDemands
    function demandOf(bytes32 key) external view returns (Demand memory) {
        return _demands[key];
    }

    /// @inheritdoc IDemands
    function stepsRootOf(bytes32 claimHash, uint32 segment) external view returns (bytes32) {
        return _demands[DemandKeys.traces(claimHash, segment)].content;
    }

    /// @inheritdoc IDemands
    function pendingOf(bytes32 claimHash) external view returns (uint256) {
        return _dockets[claimHash].pending;
    }

    /// @inheritdoc IDemands
    function balanceOf(address account) external view returns (uint256 amountWei) {
        return _book.creditOf[account];
    }

    function _askChunks(bytes32 claimHash, ChunkRange memory range, uint32 firstChunk, uint32 chunkCount)
        private
        returns (bytes32 key)
    {
        ChunkPath.narrow(range, firstChunk, chunkCount);
        key = DemandKeys.chunks(claimHash, range);
        uint256 feeWei = OPEN_FEE_WEI + chunkCount * CHUNK_FEE_WEI;
        _ask(claimHash, key, PATH_CHUNKS, range.segment, range.step, msg.sender, feeWei);
        emit ChunksAsked(claimHash, key, range);
    }

    function _ask(
        bytes32 claimHash,
        bytes32 key,
        uint8 path,
        uint32 segment,
        uint32 step,
        address asker,
        uint256 feeWei
    ) private {
        if (_demands[key].due != 0) revert AskedAlready(key);
        if (msg.value != feeWei) revert FeeMismatch(feeWei, msg.value);
        uint64 due = _dockets[claimHash].push(ANSWER_SECONDS);
        // Who asks its own claim, to delay its finality, would get a fee back whole (P7.2).
        uint256 burnedWei = OPEN_FEE_WEI / 2;
        _demands[key] = Demand(claimHash, asker, due, 0, path, false, feeWei - burnedWei, 0);
        _book.lock(feeWei);
        emit Asked(claimHash, key, asker, path, segment, step, due);
        _book.burn(burnedWei);
    }

    function _answer(Demand storage demand, bytes32 content) private {
        demand.answeredAt = Clock.nowSeconds();
        demand.content = content;
        _dockets[demand.claimHash].pop();
    }

    /// @dev Asking ends with the window, but not for who has a live challenge (P7.3).
    function _askable(bytes32 claimHash) private view returns (ClaimRecord memory record) {
        record = CLAIMS.claimOf(claimHash);
        if (record.status != CLAIM_OPEN) revert ClaimNotOpen(claimHash, record.status);
        if (Clock.passed(record.windowEnd) && !DISPUTES.challenges(claimHash, msg.sender)) {
            revert AskingOver(record.windowEnd, Clock.nowSeconds());
        }
    }

    /// @dev Only the claimant answers: an opened segment is a statement of its own, which nobody else may make for it.
    function _answerable(bytes32 claimHash, bytes32 key)
        private
        view
        returns (Demand storage demand, ClaimRecord memory record)
    {
        demand = _demands[key];
        if (demand.due == 0) revert NotAsked(key);
        if (demand.answeredAt != 0) revert AnsweredAlready(key);
        if (Clock.passed(demand.due)) revert AnswerLate(demand.due, Clock.nowSeconds());
        record = CLAIMS.claimOf(claimHash);
        if (record.status != CLAIM_OPEN) revert ClaimNotOpen(claimHash, record.status);
        if (msg.sender != record.claimant) revert OnlyClaimant(record.claimant, msg.sender);
    }

    function _checkTask(ClaimRecord memory record, Task memory task) private pure {
        bytes32 actual = hashTask(task);
        if (actual != record.taskHash) revert TaskMismatch(record.taskHash, actual);
    }

    function _checkStep(ClaimRecord memory record, bytes32 claimHash, uint32 segment, uint32 step) private view {
        _checkIndex(segment, ClaimPath.segmentCount(record));
        _checkIndex(step, ClaimPath.stepsIn(record, segment));
        if (record.flags & FLAG_STEP_ROOTS == 0) _openedTraces(claimHash, segment);
    }

    function _checkTrace(
        ClaimRecord memory record,
        bytes32 claimHash,
        SegmentProof memory segment,
        uint32 step,
        TraceProof memory trace
    ) private view {
        uint32 index = segment.leaf.index;
        bytes32 stepsRoot = segment.leaf.stepsRoot;
        if (record.flags & FLAG_STEP_ROOTS == 0) stepsRoot = _openedTraces(claimHash, index);
        else ClaimPath.checkSegment(record, segment);
        ClaimPath.checkTrace(stepsRoot, step, ClaimPath.stepsIn(record, index), trace);
    }

    function _openedTraces(bytes32 claimHash, uint32 segment) private view returns (bytes32 stepsRoot) {
        stepsRoot = _demands[DemandKeys.traces(claimHash, segment)].content;
        if (stepsRoot == 0) revert TracesNotOpened(claimHash, segment);
    }

    function _checkIndex(uint256 index, uint256 count) private pure {
        if (index >= count) revert OutOfRange(index, count);
    }
}
