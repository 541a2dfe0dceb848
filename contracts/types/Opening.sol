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

/// A page of a step's value roots: of the lists stateIn, feeds, exact, loose, stateOut (docs/protocol.md P5.3) one behind the
/// other it is the part from root page × `PAGE_ROOTS` on.
struct StepPage {
    bytes32[] roots;
    // For each list that the page has a part of, the siblings of that part; padding is left out.
    bytes32[][] proofs;
}

/// @dev Fees are flat: of a step that has few roots no page costs much more than it holds.
uint32 constant PAGE_ROOTS = 256;
/// @dev As many bytes as a full page, which is what is paid for one.
uint256 constant PAGE_CHUNKS = 8;

// Where demanded chunks come from.
uint8 constant CHUNKS_OF_VALUE = 1; // a value of a step
uint8 constant CHUNKS_OF_DATASET = 2; // a tensor of the dataset (inference: the input)
uint8 constant CHUNKS_OF_START = 3; // a tensor of the start state of a training
uint8 constant CHUNKS_OF_CONSTANT = 4; // a constant of the graph

/// A range of chunks of one tensor, fully resolved: leafCount and tensorBytes follow from the graph.
struct ChunkRange {
    uint8 source;
    uint32 segment; // CHUNKS_OF_VALUE only, else 0
    uint32 step; // within the segment; CHUNKS_OF_VALUE only, else 0
    uint8 place; // P5.1; CHUNKS_OF_VALUE only, else 0
    uint32 index; // of the tensor root in its list; of the constant
    uint32 leafCount; // length of that list; CHUNKS_OF_CONSTANT: 0
    bytes32 tensorRoot; // CHUNKS_OF_CONSTANT only, else 0
    uint64 tensorBytes;
    uint32 firstChunk;
    uint32 chunkCount;
}

/// How the tensor root of a chunk range is found under the claim; segment and step stay empty except for CHUNKS_OF_VALUE.
struct ChunkAnswer {
    SegmentProof segment;
    TraceProof step;
    bytes32 tensorRoot;
    bytes32[] rootProof;
    bytes data;
    bytes32[] rangeProof;
}
