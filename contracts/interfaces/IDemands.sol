// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    ChunkAnswer,
    ChunkRange,
    GraphLeaf,
    SegmentProof,
    StepPage,
    TraceProof
} from "../types/Opening.sol";
import {SumNode} from "../libraries/SumTree.sol";
import {Task} from "../types/Task.sol";
import {SegmentLeaf, StepTrace} from "../types/Trace.sol";
import {HeaderProof, NamedValue, NodeProof} from "../types/Witness.sol";

// What a path asks for.
uint8 constant PATH_SEGMENT = 1; // the leaf of a segment
uint8 constant PATH_TRACES = 2; // the step traces of a segment whose leaf does not hold their root
uint8 constant PATH_STEP = 3; // a page of the value roots of a step
uint8 constant PATH_CHUNKS = 4; // chunks of a tensor
uint8 constant PATH_METRICS = 5; // the metrics of a segment
uint8 constant PATH_GRAPH = 6; // a leaf of the task's graph
uint8 constant PATH_MODEL = 7; // a tensor root of the consumed result
uint8 constant PATH_SUM = 9; // the parts of a long sum, at one element of a node
uint8 constant PATH_MODEL_GRAPH = 8; // a leaf of the graph of the consumed training

struct Demand {
    bytes32 claimHash;
    address asker; // who paid
    uint64 due; // last L1 second for the answer; 0: never asked
    uint64 answeredAt; // L1 second; 0: pending
    uint8 path;
    bool collected;
    uint256 feeWei; // what waits here: without the burned half of the open fee
    bytes32 content; // PATH_TRACES: the steps root; else a hash of what was published
}

/// @title Demands
/// @notice What a claimant must publish on chain, or lose (docs/protocol.md P7.2, P7.6).
/// @dev A path is asked for once, answered once, and the stored answer serves every dispute. Every demand has `answerSeconds`
/// from its asking on, and what it takes to compute a segment again after the due time of the one before, so no flood can make
/// an honest claimant miss. The open fee doubles with every `answerSeconds` that the queue adds, so nobody delays others
/// cheaply. At `due` an answer counts, from `due + 1` `timeout` does. Fees wait here until the claim is closed: they go to the
/// claimant who answered, or back to the asker if the claim falls. Asking is possible within the claim's window; after it, for
/// a bounded time, for who asked in time and has not had its answer for `challengerSeconds`, and for who has a live challenge.
interface IDemands {
    error FeeMismatch(uint256 expectedWei, uint256 actualWei);
    error ClaimNotOpen(bytes32 claimHash, uint8 status);
    error ClaimNotClosed(bytes32 claimHash);
    error AskedAlready(bytes32 key);
    error NotAsked(bytes32 key);
    error AnsweredAlready(bytes32 key);
    error AskingOver(uint64 windowEnd, uint64 l1Timestamp);
    error OnlyClaimant(address expected, address actual);
    error OnlyDisputes(address actual);
    error AnswerLate(uint64 due, uint64 l1Timestamp);
    error NotDue(uint64 due, uint64 l1Timestamp);
    error TaskMismatch(bytes32 expected, bytes32 actual);
    error OutOfRange(uint256 index, uint256 count);
    /// @notice Chunks are demanded in blocks: 2ᵏ from a multiple of 2ᵏ on, fewer only at the tensor's end.
    error NotABlock(uint32 firstChunk, uint32 chunkCount);
    error TracesNotOpened(bytes32 claimHash, uint32 segment);
    error TracesInLeaf(bytes32 claimHash);
    error LinkBroken(uint32 step, bytes32 expected, bytes32 actual);
    error ValuesMismatch(uint8 list, bytes32 expected, bytes32 actual);
    error CountMismatch(uint8 list, uint256 expected, uint256 actual);
    error NotAValue(uint8 place);
    error NotDemandable(uint8 source);
    error NothingConsumed(bytes32 claimHash);
    error DataLength(uint256 expected, uint256 actual);
    error AlreadyCollected(bytes32 key);

    event Asked(
        bytes32 indexed claimHash,
        bytes32 indexed key,
        address indexed asker,
        uint8 path,
        uint32 segment,
        uint32 step,
        uint32 page,
        uint64 due
    );
    event ChunksAsked(bytes32 indexed claimHash, bytes32 indexed key, ChunkRange range);
    event SegmentPublished(bytes32 indexed claimHash, bytes32 indexed key, SegmentLeaf leaf, bytes32[] proof);
    event TracesPublished(bytes32 indexed claimHash, bytes32 indexed key, uint32 segment, bytes32 stepsRoot, StepTrace[] traces);
    event StepPublished(
        bytes32 indexed claimHash, bytes32 indexed key, StepTrace trace, bytes32[] proof, bytes32[] roots
    );
    /// @param graphRoot of the task's graph, or of the consumed training's
    event GraphPublished(
        bytes32 indexed claimHash, bytes32 indexed key, bytes32 graphRoot, uint32 leaf, bytes encoded, SumNode[] siblings
    );
    event ModelPublished(bytes32 indexed claimHash, bytes32 indexed key, uint32 index, bytes32 root, bytes32[] proof);
    event MetricsPublished(bytes32 indexed claimHash, bytes32 indexed key, uint32 segment, bytes32[] metrics);
    event SumAsked(bytes32 indexed claimHash, bytes32 indexed key, uint32 node, uint64 element);
    event SumPublished(bytes32 indexed claimHash, bytes32 indexed key, bytes published);
    event ChunksPublished(bytes32 indexed claimHash, bytes32 indexed key, bytes data);
    event TimedOut(bytes32 indexed claimHash, bytes32 indexed key, address indexed asker);

    /// @notice Demands the leaf of a segment. Value: the open fee.
    function demandSegment(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key);

    /// @notice Demands the metrics of a segment (docs/protocol.md P5.9). Value: the open fee.
    function demandMetrics(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key);

    /// @notice Demands a leaf of a graph: 0 the header, which says how many of what follow (docs/protocol.md P5.6). Value: the
    /// open fee.
    /// @param task the claim's, or the training's that it consumes: its model may be final, with nothing left to ask of it
    /// @param header empty for leaf 0; else one: it says how many leaves there are
    function demandGraph(bytes32 claimHash, Task calldata task, uint32 leaf, HeaderProof[] calldata header)
        external
        payable
        returns (bytes32 key);

    /// @notice Demands the root of a tensor of the model that an inference or evaluation consumes. Value: the open fee.
    /// @param header of the model's training graph, which says how many tensors its result has
    function demandModel(bytes32 claimHash, Task calldata consumedTask, HeaderProof calldata header, uint32 index)
        external
        payable
        returns (bytes32 key);

    /// @notice Demands the step traces of a segment; for claims without `stepRoots`. Value: the open fee.
    function demandTraces(bytes32 claimHash, uint32 segment) external payable returns (bytes32 key);

    /// @notice Demands the trace of a step and a page of its value roots. Without `stepRoots` the segment's traces must have been
    /// opened. Value: the open fee and the page fee, whatever the page holds.
    /// @param page how many there are follows from the graph; the answer to one beyond them holds no roots
    function demandStep(bytes32 claimHash, uint32 segment, uint32 step, uint32 page)
        external
        payable
        returns (bytes32 key);

    /// @notice Demands chunks of a value of a step. Value: the open fee and the chunk fee for each chunk, at most 128.
    /// @param value names any value but a constant, which is an input
    function demandValue(
        bytes32 claimHash,
        Task calldata task,
        uint32 segment,
        uint32 step,
        HeaderProof calldata header,
        NamedValue calldata value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external payable returns (bytes32 key);

    /// @notice Demands chunks of what the task names by root. Value as `demandValue`.
    /// @param value the feed that reads a dataset tensor or an inference's input, the state input of a tensor of a training's start
    /// state, or a constant of the graph
    function demandInput(
        bytes32 claimHash,
        Task calldata task,
        HeaderProof calldata header,
        NamedValue calldata value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external payable returns (bytes32 key);

    /// @notice Demands the parts of a sum that is too long for one proof (docs/protocol.md P7.10), of one element of a step. Value: the
    /// open fee and the chunk fee for each 1,024 bytes of what is to be published.
    function demandSum(
        bytes32 claimHash,
        Task calldata task,
        uint32 segment,
        uint32 step,
        HeaderProof calldata header,
        NodeProof calldata node,
        uint64 element
    ) external payable returns (bytes32 key);

    /// @notice Disputes asks on behalf of a challenger; of a step, its first page. The fee is taken only if the path was never asked, else handed back.
    /// @return key the path's key
    /// @return asked false if the path had been asked before
    function askFor(bytes32 claimHash, uint8 path, uint32 segment, uint32 step, address asker)
        external
        payable
        returns (bytes32 key, bool asked);

    function answerSegment(bytes32 claimHash, SegmentProof calldata segment) external;

    /// @notice Publishes one metric per step of a segment; none if the graph has no loss, as its header says.
    function answerMetrics(
        bytes32 claimHash,
        Task calldata task,
        SegmentProof calldata segment,
        HeaderProof calldata header,
        bytes32[] calldata metrics
    ) external;

    /// @notice Publishes a leaf of a graph.
    /// @param task as in the demand
    function answerGraph(
        bytes32 claimHash,
        Task calldata task,
        uint32 leaf,
        HeaderProof calldata header,
        GraphLeaf calldata given
    ) external;

    /// @notice Publishes a tensor root of the consumed result, with its proof under that result's root.
    function answerModel(
        bytes32 claimHash,
        Task calldata consumedTask,
        HeaderProof calldata header,
        uint32 index,
        bytes32 root,
        bytes32[] calldata proof
    ) external;

    /// @notice Opens a segment whose leaf holds no steps root: all its step traces. Each must start where the one before
    /// ended, the first where the segment before ended (the first of a training: at the start root), the last at the leaf's end state.
    /// @param previous leaf of the segment before; empty for segment 0
    function openSegment(
        bytes32 claimHash,
        Task calldata task,
        SegmentProof calldata segment,
        SegmentProof calldata previous,
        StepTrace[] calldata traces
    ) external;

    /// @notice Opens a step: its trace and a page of the roots of its values, which are as many as the graph's header says.
    /// @param segment with `stepRoots`: the leaf that holds the steps root; else only `segment.leaf.index` is read
    function openStep(
        bytes32 claimHash,
        Task calldata task,
        SegmentProof calldata segment,
        uint32 step,
        TraceProof calldata trace,
        HeaderProof calldata header,
        uint32 page,
        StepPage calldata given
    ) external;

    function answerChunks(bytes32 claimHash, Task calldata task, ChunkRange calldata range, ChunkAnswer calldata answer)
        external;

    /// @notice Publishes the parts of a sum, as long as the graph says; whether they are right, a proof of kind 11 says.
    function answerSum(
        bytes32 claimHash,
        Task calldata task,
        uint32 segment,
        uint32 step,
        HeaderProof calldata header,
        NodeProof calldata node,
        uint64 element,
        bytes calldata published
    ) external;

    /// @notice Overturns a claim whose opening was not answered in time; by anybody, the reward is the asker's.
    function timeout(bytes32 key) external;

    /// @notice After the claim is closed: moves an opening's fee to whom it belongs; by anybody.
    function collect(bytes32 key) external;

    function withdraw() external returns (uint256 amountWei);

    function demandOf(bytes32 key) external view returns (Demand memory);

    /// @notice Steps root of an opened segment; 0 while not opened.
    function stepsRootOf(bytes32 claimHash, uint32 segment) external view returns (bytes32);

    /// @notice keccak-256 of what was published of a sum; 0 while it was not.
    function sumOf(bytes32 claimHash, uint32 segment, uint32 step, uint256 node, uint256 element)
        external
        view
        returns (bytes32);

    /// @notice Openings of a claim that wait for their answer.
    function pendingOf(bytes32 claimHash) external view returns (uint256);

    /// @notice No opening waits for its answer, and the last answer is more than `challengerSeconds` old: until then anybody may
    /// challenge, so finality waits.
    function isQuiet(bytes32 claimHash) external view returns (bool);

    /// @notice Last L1 second for challenges of the claim: the window's end, or `challengerSeconds` after the last answer to a
    /// question; while one waits, the end of the pursuit, beyond which it never lies (P7.3).
    function challengeableUntil(bytes32 claimHash) external view returns (uint64);

    /// @notice Last L1 second at which `account` may ask something of the claim; 2⁶⁴ − 1 while a challenge of its own is live.
    function askableUntil(bytes32 claimHash, address account) external view returns (uint64);

    /// @notice The open fee of the next demand on the claim: it doubles with every `answerSeconds` that the queue adds.
    function openFeeWei(bytes32 claimHash) external view returns (uint256);

    /// @notice What each demanded chunk costs on top.
    function chunkFeeWei() external view returns (uint256);

    /// @notice What each page of a step's value roots costs on top.
    function pageFeeWei() external view returns (uint256);

    function balanceOf(address account) external view returns (uint256 amountWei);
}
