// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Demand,
    IDemands,
    PATH_CHUNKS,
    PATH_GRAPH,
    PATH_METRICS,
    PATH_MODEL,
    PATH_MODEL_GRAPH,
    PATH_SEGMENT,
    PATH_STEP,
    PATH_SUM,
    PATH_TRACES
} from "../interfaces/IDemands.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IOpenings} from "../interfaces/IOpenings.sol";
import {CLAIM_FINAL, CLAIM_OPEN, CLAIM_OVERTURNED, CLAIM_SUNK, ClaimRecord, IResultClaims} from "../interfaces/IResultClaims.sol";
import {BondBook, Bonds} from "../libraries/Bonds.sol";
import {ClaimPath} from "../libraries/ClaimPath.sol";
import {Clock} from "../libraries/Clock.sol";
import {DemandKeys} from "../libraries/DemandKeys.sol";
import {Docket, DueQueue} from "../libraries/DueQueue.sol";
import {TensorRead} from "../libraries/TensorRead.sol";
import {Clocks, pursuitSeconds} from "../types/Clocks.sol";
import {FLAG_STEP_ROOTS} from "../types/Job.sol";
import {
    ChunkAnswer,
    ChunkRange,
    CHUNKS_OF_VALUE,
    GraphLeaf,
    PAGE_CHUNKS,
    SegmentProof,
    StepPage,
    TraceProof
} from "../types/Opening.sol";
import {Prices} from "../types/Prices.sol";
import {startsFromRoot, Task} from "../types/Task.sol";
import {StepTrace} from "../types/Trace.sol";
import {HeaderProof, NamedValue, NodeProof} from "../types/Witness.sol";

/// @notice See `IDemands`.
contract Demands is IDemands {
    using Bonds for BondBook;
    using DueQueue for Docket;

    /// @dev What a demand is for, as its event tells it: other paths have a leaf or an index where these have a segment.
    struct Asking {
        uint8 path;
        uint32 segment;
        uint32 step;
        uint32 page;
    }

    /// @dev Beside computing a segment again, each demand of a queue gives the claimant this part of an answer's time.
    uint64 private constant SPACING_DIVISOR = 128;

    IResultClaims private immutable CLAIMS;
    IDisputes private immutable DISPUTES;
    IOpenings private immutable OPENINGS;
    uint64 private immutable ANSWER_SECONDS;
    uint64 private immutable CHALLENGER_SECONDS;
    uint64 private immutable PURSUIT_SECONDS;
    uint64 private immutable AIRGAP_SECONDS;
    uint256 private immutable OPEN_FEE_WEI;
    uint256 private immutable CHUNK_FEE_WEI;
    uint256 private immutable PAGE_FEE_WEI;

    BondBook private _book;
    mapping(bytes32 key => Demand) private _demands;
    mapping(bytes32 claimHash => Docket) private _dockets;

    constructor(
        IResultClaims claims,
        IDisputes disputes,
        IOpenings openings,
        Clocks memory clocks,
        Prices memory prices
    ) {
        CLAIMS = claims;
        DISPUTES = disputes;
        OPENINGS = openings;
        ANSWER_SECONDS = clocks.answerSeconds;
        CHALLENGER_SECONDS = clocks.challengerSeconds;
        PURSUIT_SECONDS = pursuitSeconds(clocks);
        AIRGAP_SECONDS = clocks.airgapSeconds;
        OPEN_FEE_WEI = prices.openFeeWei;
        CHUNK_FEE_WEI = prices.chunkFeeWei;
        PAGE_FEE_WEI = PAGE_CHUNKS * prices.chunkFeeWei;
    }

    /// @inheritdoc IDemands
    function demandSegment(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key) {
        return _askSegment(claimHash, PATH_SEGMENT, segment, DemandKeys.segment(claimHash, segment));
    }

    /// @inheritdoc IDemands
    function demandMetrics(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key) {
        return _askSegment(claimHash, PATH_METRICS, segment, DemandKeys.metrics(claimHash, segment));
    }

    /// @inheritdoc IDemands
    function demandGraph(bytes32 claimHash, Task calldata task, uint32 leaf, HeaderProof[] calldata header)
        external
        payable
        returns (bytes32 key)
    {
        ClaimRecord memory record = _askable(claimHash);
        (uint8 path, ClaimRecord memory owner) = _graphOwner(record, task);
        OPENINGS.checkGraphLeaf(owner, task, leaf, header);
        key = DemandKeys.graph(claimHash, path, leaf);
        _ask(record, claimHash, key, Asking(path, leaf, 0, 0), msg.sender, 0);
    }

    /// @inheritdoc IDemands
    function demandModel(bytes32 claimHash, Task calldata consumedTask, HeaderProof calldata header, uint32 index)
        external
        payable
        returns (bytes32 key)
    {
        ClaimRecord memory record = _askable(claimHash);
        if (record.consumed == 0) revert NothingConsumed(claimHash);
        OPENINGS.checkModelIndex(CLAIMS.claimOf(record.consumed), consumedTask, header, index);
        key = DemandKeys.model(claimHash, index);
        _ask(record, claimHash, key, Asking(PATH_MODEL, index, 0, 0), msg.sender, 0);
    }

    /// @inheritdoc IDemands
    function demandTraces(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key) {
        return _askSegment(claimHash, PATH_TRACES, segment, DemandKeys.traces(claimHash, segment));
    }

    /// @inheritdoc IDemands
    function demandStep(bytes32 claimHash, uint32 segment, uint32 step, uint32 page)
        external
        payable
        returns (bytes32 key)
    {
        ClaimRecord memory record = _askable(claimHash);
        _checkStep(record, claimHash, segment, step);
        key = DemandKeys.step(claimHash, segment, step, page);
        _ask(record, claimHash, key, Asking(PATH_STEP, segment, step, page), msg.sender, PAGE_FEE_WEI);
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
        _checkStep(record, claimHash, segment, step);
        ChunkRange memory range = OPENINGS.valueRange(record, task, header, value, firstChunk, chunkCount);
        range.segment = segment;
        range.step = step;
        return _askChunks(record, claimHash, range);
    }

    /// @inheritdoc IDemands
    function demandInput(
        bytes32 claimHash,
        Task calldata task,
        HeaderProof calldata header,
        NamedValue calldata value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external payable returns (bytes32 key) {
        ClaimRecord memory record = _askable(claimHash);
        ChunkRange memory range = OPENINGS.inputRange(record, task, header, value, firstChunk, chunkCount);
        return _askChunks(record, claimHash, range);
    }

    /// @inheritdoc IDemands
    function demandSum(
        bytes32 claimHash,
        Task calldata task,
        uint32 segment,
        uint32 step,
        HeaderProof calldata header,
        NodeProof calldata node,
        uint64 element
    ) external payable returns (bytes32 key) {
        ClaimRecord memory record = _askable(claimHash);
        _checkStep(record, claimHash, segment, step);
        uint256 length = OPENINGS.sumBytes(record, task, header, node, element);
        key = DemandKeys.sum(claimHash, segment, step, node.index, element);
        uint256 bytesWei = TensorRead.chunkCount(length) * CHUNK_FEE_WEI;
        _ask(record, claimHash, key, Asking(PATH_SUM, segment, step, 0), msg.sender, bytesWei);
        emit SumAsked(claimHash, key, node.index, element);
    }

    /// @inheritdoc IDemands
    function askFor(bytes32 claimHash, uint8 path, uint32 segment, uint32 step, address asker)
        external
        payable
        returns (bytes32 key, bool asked)
    {
        if (msg.sender != address(DISPUTES)) revert OnlyDisputes(msg.sender);
        key = path == PATH_TRACES ? DemandKeys.traces(claimHash, segment) : DemandKeys.step(claimHash, segment, step, 0);
        if (_demands[key].due == 0) {
            uint256 bytesWei = path == PATH_STEP ? PAGE_FEE_WEI : 0;
            _ask(CLAIMS.claimOf(claimHash), claimHash, key, Asking(path, segment, step, 0), asker, bytesWei);
            return (key, true);
        }
        _book.lock(msg.value);
        _book.release(asker, msg.value);
    }

    /// @inheritdoc IDemands
    function answerSegment(bytes32 claimHash, SegmentProof calldata segment) external {
        bytes32 key = DemandKeys.segment(claimHash, segment.leaf.index);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        _answer(demand, OPENINGS.checkSegment(record, segment));
        emit SegmentPublished(claimHash, key, segment.leaf, segment.proof);
    }

    /// @inheritdoc IDemands
    function answerMetrics(
        bytes32 claimHash,
        Task calldata task,
        SegmentProof calldata segment,
        HeaderProof calldata header,
        bytes32[] calldata metrics
    ) external {
        bytes32 key = DemandKeys.metrics(claimHash, segment.leaf.index);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        _answer(demand, OPENINGS.checkMetrics(record, task, segment, header, metrics));
        emit MetricsPublished(claimHash, key, segment.leaf.index, metrics);
    }

    /// @inheritdoc IDemands
    function answerGraph(
        bytes32 claimHash,
        Task calldata task,
        uint32 leaf,
        HeaderProof calldata header,
        GraphLeaf calldata given
    ) external {
        (uint8 path, ClaimRecord memory owner) = _graphOwner(CLAIMS.claimOf(claimHash), task);
        bytes32 key = DemandKeys.graph(claimHash, path, leaf);
        (Demand storage demand,) = _answerable(claimHash, key);
        _answer(demand, OPENINGS.checkGraph(owner, task, leaf, header, given));
        emit GraphPublished(claimHash, key, task.graph.root, leaf, given.encoded, given.siblings);
    }

    /// @inheritdoc IDemands
    function answerModel(
        bytes32 claimHash,
        Task calldata consumedTask,
        HeaderProof calldata header,
        uint32 index,
        bytes32 root,
        bytes32[] calldata proof
    ) external {
        bytes32 key = DemandKeys.model(claimHash, index);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        ClaimRecord memory consumed = CLAIMS.claimOf(record.consumed);
        _answer(demand, OPENINGS.checkModel(consumed, consumedTask, header, index, root, proof));
        emit ModelPublished(claimHash, key, index, root, proof);
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
        bytes32 stepsRoot = OPENINGS.checkTraces(record, task, segment, previous, traces);
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
        uint32 page,
        StepPage calldata given
    ) external {
        bytes32 key = DemandKeys.step(claimHash, segment.leaf.index, step, page);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        bytes32 stepsRoot = _stepsRoot(record, claimHash, segment.leaf.index);
        _answer(demand, OPENINGS.checkStep(record, stepsRoot, task, segment, step, trace, header, page, given));
        emit StepPublished(claimHash, key, trace.trace, trace.proof, given.roots);
    }

    /// @inheritdoc IDemands
    function answerChunks(bytes32 claimHash, Task calldata task, ChunkRange calldata range, ChunkAnswer calldata answer)
        external
    {
        bytes32 key = DemandKeys.chunks(claimHash, range);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        bytes32 stepsRoot = range.source == CHUNKS_OF_VALUE ? _stepsRoot(record, claimHash, range.segment) : bytes32(0);
        _answer(demand, OPENINGS.checkChunks(record, stepsRoot, task, range, answer));
        emit ChunksPublished(claimHash, key, answer.data);
    }

    /// @inheritdoc IDemands
    function answerSum(
        bytes32 claimHash,
        Task calldata task,
        uint32 segment,
        uint32 step,
        HeaderProof calldata header,
        NodeProof calldata node,
        uint64 element,
        bytes calldata published
    ) external {
        bytes32 key = DemandKeys.sum(claimHash, segment, step, node.index, element);
        (Demand storage demand, ClaimRecord memory record) = _answerable(claimHash, key);
        uint256 length = OPENINGS.sumBytes(record, task, header, node, element);
        if (published.length != length) revert DataLength(length, published.length);
        _answer(demand, keccak256(published));
        emit SumPublished(claimHash, key, published);
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
        // Of a void job nobody should have claimed anything, so nobody earns by answering for it.
        bool isKept = record.status == CLAIM_FINAL || record.status == CLAIM_SUNK;
        address payee = isKept && demand.answeredAt != 0 ? record.claimant : demand.asker;
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
    function stepsRootOf(bytes32 claimHash, uint32 segment) public view returns (bytes32) {
        return _demands[DemandKeys.traces(claimHash, segment)].content;
    }

    /// @inheritdoc IDemands
    function sumOf(bytes32 claimHash, uint32 segment, uint32 step, uint256 node, uint256 element)
        external
        view
        returns (bytes32)
    {
        return _demands[DemandKeys.sum(claimHash, segment, step, node, element)].content;
    }

    /// @inheritdoc IDemands
    function pendingOf(bytes32 claimHash) external view returns (uint256) {
        return _dockets[claimHash].pending;
    }

    /// @inheritdoc IDemands
    function isQuiet(bytes32 claimHash) external view returns (bool) {
        return _dockets[claimHash].isQuiet(CHALLENGER_SECONDS);
    }

    /// @inheritdoc IDemands
    function challengeableUntil(bytes32 claimHash) external view returns (uint64) {
        return _challengeableUntil(claimHash, CLAIMS.claimOf(claimHash).windowEnd);
    }

    /// @inheritdoc IDemands
    function askableUntil(bytes32 claimHash, address account) external view returns (uint64) {
        return _askableUntil(claimHash, account, CLAIMS.claimOf(claimHash).windowEnd);
    }

    /// @inheritdoc IDemands
    function openFeeWei(bytes32 claimHash) external view returns (uint256) {
        return _openFeeWei(_nextDue(CLAIMS.claimOf(claimHash), claimHash));
    }

    /// @inheritdoc IDemands
    function chunkFeeWei() external view returns (uint256) {
        return CHUNK_FEE_WEI;
    }

    /// @inheritdoc IDemands
    function pageFeeWei() external view returns (uint256) {
        return PAGE_FEE_WEI;
    }

    /// @inheritdoc IDemands
    function balanceOf(address account) external view returns (uint256 amountWei) {
        return _book.creditOf[account];
    }

    function _askSegment(bytes32 claimHash, uint8 path, uint32 segment, bytes32 key) private returns (bytes32) {
        ClaimRecord memory record = _askable(claimHash);
        if (path == PATH_TRACES && record.flags & FLAG_STEP_ROOTS != 0) revert TracesInLeaf(claimHash);
        _checkIndex(segment, ClaimPath.segmentCount(record));
        _ask(record, claimHash, key, Asking(path, segment, 0, 0), msg.sender, 0);
        return key;
    }

    function _askChunks(ClaimRecord memory record, bytes32 claimHash, ChunkRange memory range)
        private
        returns (bytes32 key)
    {
        key = DemandKeys.chunks(claimHash, range);
        uint256 chunksWei = range.chunkCount * CHUNK_FEE_WEI;
        _ask(record, claimHash, key, Asking(PATH_CHUNKS, range.segment, range.step, 0), msg.sender, chunksWei);
        emit ChunksAsked(claimHash, key, range);
    }

    function _ask(
        ClaimRecord memory record,
        bytes32 claimHash,
        bytes32 key,
        Asking memory what,
        address asker,
        uint256 bytesWei
    ) private {
        if (_demands[key].due != 0) revert AskedAlready(key);
        uint64 due = _nextDue(record, claimHash);
        uint256 openWei = _openFeeWei(due);
        if (msg.value != openWei + bytesWei) revert FeeMismatch(openWei + bytesWei, msg.value);
        // Who asks its own claim, to delay its finality or its fall, would get a fee back whole (P7.2).
        uint256 burnedWei = openWei / 2;
        _dockets[claimHash].push(due);
        _demands[key] = Demand(claimHash, asker, due, 0, what.path, false, msg.value - burnedWei, 0);
        _book.lock(msg.value);
        emit Asked(claimHash, key, asker, what.path, what.segment, what.step, what.page, due);
        _book.burn(burnedWei);
    }

    function _answer(Demand storage demand, bytes32 content) private {
        demand.answeredAt = Clock.nowSeconds();
        demand.content = content;
        _dockets[demand.claimHash].pop();
    }

    function _nextDue(ClaimRecord memory record, bytes32 claimHash) private view returns (uint64) {
        uint64 spacing = ANSWER_SECONDS / SPACING_DIVISOR + record.regenerationSeconds;
        if (spacing == 0) spacing = 1;
        return _dockets[claimHash].nextDue(ANSWER_SECONDS, spacing < ANSWER_SECONDS ? spacing : ANSWER_SECONDS);
    }

    function _openFeeWei(uint64 due) private view returns (uint256) {
        return OPEN_FEE_WEI << DueQueue.doublings(due, ANSWER_SECONDS);
    }

    function _askable(bytes32 claimHash) private view returns (ClaimRecord memory record) {
        record = CLAIMS.claimOf(claimHash);
        if (record.status != CLAIM_OPEN) revert ClaimNotOpen(claimHash, record.status);
        if (!Clock.passed(record.windowEnd)) return record;
        uint64 until = _askableUntil(claimHash, msg.sender, record.windowEnd);
        if (Clock.passed(until)) revert AskingOver(until, Clock.nowSeconds());
    }

    /// @dev P7.3. A live challenge ends by itself, in bounded time.
    function _askableUntil(bytes32 claimHash, address account, uint64 windowEnd) private view returns (uint64) {
        if (DISPUTES.challenges(claimHash, account)) return Clock.NEVER;
        return _challengeableUntil(claimHash, windowEnd);
    }

    /// @dev P7.3. Without the limit a demand asked under one challenge would allow the next challenge, and so on for ever.
    function _challengeableUntil(bytes32 claimHash, uint64 windowEnd) private view returns (uint64) {
        uint64 until = _dockets[claimHash].challengeableUntil(windowEnd, CHALLENGER_SECONDS);
        uint64 limit = windowEnd + PURSUIT_SECONDS;
        return until < limit ? until : limit;
    }

    /// @dev Whose task's graph is asked for: the claim's own, or that of the training it consumes.
    function _graphOwner(ClaimRecord memory record, Task calldata task)
        private
        view
        returns (uint8 path, ClaimRecord memory owner)
    {
        if (record.consumed == 0 || !startsFromRoot(task)) return (PATH_GRAPH, record);
        return (PATH_MODEL_GRAPH, CLAIMS.claimOf(record.consumed));
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

    function _checkStep(ClaimRecord memory record, bytes32 claimHash, uint32 segment, uint32 step) private view {
        _checkIndex(segment, ClaimPath.segmentCount(record));
        _checkIndex(step, ClaimPath.stepsIn(record, segment));
        _stepsRoot(record, claimHash, segment);
    }

    /// @dev The opened root of a segment's steps; 0 where the leaf holds it.
    function _stepsRoot(ClaimRecord memory record, bytes32 claimHash, uint32 segment)
        private
        view
        returns (bytes32 stepsRoot)
    {
        if (record.flags & FLAG_STEP_ROOTS != 0) return 0;
        stepsRoot = stepsRootOf(claimHash, segment);
        if (stepsRoot == 0) revert TracesNotOpened(claimHash, segment);
    }

    function _checkIndex(uint256 index, uint256 count) private pure {
        if (index >= count) revert OutOfRange(index, count);
    }
}
