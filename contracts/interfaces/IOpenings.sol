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
import {Task} from "../types/Task.sol";
import {StepTrace} from "../types/Trace.sol";
import {HeaderProof, NamedValue, NodeProof} from "../types/Witness.sol";
import {ClaimRecord} from "./IResultClaims.sol";

/// @title Openings
/// @notice Whether something can be asked of a claim, and whether what its claimant publishes is what the claim commits to
/// (docs/protocol.md P7.1, P7.6). Holds nothing: Demands keeps what was asked and answered, and calls.
/// @dev Every function reverts, with an error of IDemands or Merkle, where the answer is no. `content` is what Demands keeps.
/// `stepsRoot` is the opened steps root of the segment; only read where the segment's leaf holds none.
interface IOpenings {
    function valueRange(
        ClaimRecord calldata record,
        Task calldata task,
        HeaderProof calldata header,
        NamedValue calldata value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external pure returns (ChunkRange memory range);

    function inputRange(
        ClaimRecord calldata record,
        Task calldata task,
        HeaderProof calldata header,
        NamedValue calldata value,
        uint32 firstChunk,
        uint32 chunkCount
    ) external pure returns (ChunkRange memory range);

    /// @notice How many bytes are published of a sum that is judged in parts; reverts where the element has none.
    function sumBytes(
        ClaimRecord calldata record,
        Task calldata task,
        HeaderProof calldata header,
        NodeProof calldata node,
        uint64 element
    ) external pure returns (uint256);

    /// @notice That the task's graph has such a leaf.
    function checkGraphLeaf(ClaimRecord calldata record, Task calldata task, uint32 leaf, HeaderProof[] calldata header)
        external
        pure;

    function checkGraph(
        ClaimRecord calldata record,
        Task calldata task,
        uint32 leaf,
        HeaderProof calldata header,
        GraphLeaf calldata given
    ) external pure returns (bytes32 content);

    /// @notice That the consumed result, whose claim `record` is, has such a tensor.
    function checkModelIndex(ClaimRecord calldata record, Task calldata task, HeaderProof calldata header, uint32 index)
        external
        pure;

    function checkModel(
        ClaimRecord calldata record,
        Task calldata task,
        HeaderProof calldata header,
        uint32 index,
        bytes32 root,
        bytes32[] calldata proof
    ) external pure returns (bytes32 content);

    function checkSegment(ClaimRecord calldata record, SegmentProof calldata segment)
        external
        pure
        returns (bytes32 content);

    /// @return content the steps root
    function checkTraces(
        ClaimRecord calldata record,
        Task calldata task,
        SegmentProof calldata segment,
        SegmentProof calldata previous,
        StepTrace[] calldata traces
    ) external pure returns (bytes32 content);

    function checkStep(
        ClaimRecord calldata record,
        bytes32 stepsRoot,
        Task calldata task,
        SegmentProof calldata segment,
        uint32 step,
        TraceProof calldata trace,
        HeaderProof calldata header,
        uint32 page,
        StepPage calldata given
    ) external pure returns (bytes32 content);

    function checkMetrics(
        ClaimRecord calldata record,
        Task calldata task,
        SegmentProof calldata segment,
        HeaderProof calldata header,
        bytes32[] calldata metrics
    ) external pure returns (bytes32 content);

    function checkChunks(
        ClaimRecord calldata record,
        bytes32 stepsRoot,
        Task calldata task,
        ChunkRange calldata range,
        ChunkAnswer calldata answer
    ) external view returns (bytes32 content);
}
