// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../libraries/SumTree.sol";
import {SegmentLeaf, StepTrace} from "./Trace.sol";

/// The leaf of a segment and its place under the trajectory root.
struct SegmentProof {
    SegmentLeaf leaf;
    bytes32[] proof;
}

/// The trace of a step and its place under the steps root of its segment.
struct TraceProof {
    StepTrace trace;
    bytes32[] proof;
}

/// A leaf of a graph's tree: what it is the hash of (docs/protocol.md P5.6), its costs, and its place.
struct GraphLeaf {
    bytes encoded;
    uint64 flops;
    uint64 bytes_;
    SumNode[] siblings;
}

/// What a claimant publishes for a step: the roots of all its values, in the order of docs/protocol.md P5.3.
struct StepValues {
    bytes32[] stateIn;
    bytes32[] feeds;
    bytes32[] exact;
    bytes32[] loose;
    bytes32[] stateOut;
}

// Where demanded chunks come from.
uint8 constant CHUNKS_OF_VALUE = 1; // a value of a step
uint8 constant CHUNKS_OF_DATASET = 2; // a tensor of the dataset (inference: the input)
uint8 constant CHUNKS_OF_START = 3; // a tensor of the start state of a training

/// A range of chunks of one tensor, fully resolved: leafCount and tensorBytes follow from the graph.
struct ChunkRange {
    uint8 source;
    uint32 segment; // CHUNKS_OF_VALUE only, else 0
    uint32 step; // within the segment; CHUNKS_OF_VALUE only, else 0
    uint8 place; // P5.1; CHUNKS_OF_VALUE only, else 0
    uint32 index; // of the tensor root in its list
    uint32 leafCount; // length of that list
    uint64 tensorBytes;
    uint32 firstChunk;
    uint32 chunkCount;
}

/// How the tensor root of a chunk range is found under the claim; for CHUNKS_OF_DATASET and CHUNKS_OF_START segment and step stay empty.
struct ChunkAnswer {
    SegmentProof segment;
    TraceProof step;
    bytes32 tensorRoot;
    bytes32[] rootProof;
    bytes data;
    bytes32[] rangeProof;
}
