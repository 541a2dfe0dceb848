// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../libraries/SumTree.sol";
import {Feed, GraphHeader, Node, StateInput, Value} from "./Graph.sol";
import {Task} from "./Task.sol";
import {SegmentLeaf, StepTrace} from "./Trace.sol";

// docs/protocol.md P7.8

/// Whole chunks of one value. Which value and which chunks is computed on chain; the prover only delivers them.
struct Opening {
    bytes32 root;
    bytes32[] rootProof;
    bytes chunks;
    bytes32[] chunkProof;
}

/// That the header is the graph's leaf 0.
struct HeaderProof {
    GraphHeader header;
    SumNode[] siblings;
}

/// That a node is the graph's `index`-th.
struct NodeProof {
    uint32 index;
    Node node;
    SumNode[] siblings;
}

// The same of what the header only counts. Which one it is says who asks for it.

struct StateProof {
    StateInput state;
    SumNode[] siblings;
}

struct FeedProof {
    Feed feed;
    SumNode[] siblings;
}

struct NextStateProof {
    Value value;
    SumNode[] siblings;
}

struct ConstantProof {
    uint8 dtype;
    uint32[] shape;
    bytes32 tensorRoot;
    SumNode[] siblings;
}

/// openings[0] is the output's chunk; the operand ranges follow in the order in which the op reads them.
struct ElementWitness {
    HeaderProof header;
    NodeProof node;
    uint64 element;
    Opening[] openings;
}

/// A value as the graph names it: `source` says which leaf of the graph writes down its place, type and shape; `leaf` is that
/// leaf's proof, abi-encoded.
struct NamedValue {
    uint8 source;
    uint32 index;
    bytes leaf;
}

uint8 constant SOURCE_STATE = 1; // StateProof: the index-th state input
uint8 constant SOURCE_FEED = 2; // FeedProof: the index-th feed
uint8 constant SOURCE_NEXT_STATE = 3; // NextStateProof: the index-th next state, at its own place
uint8 constant SOURCE_OUTPUT = 4; // NodeProof: node.outputs[index]
uint8 constant SOURCE_OPERAND = 5; // NodeProof: node.inputs[index].value
uint8 constant SOURCE_LAYOUT = 6; // NodeProof: node.inputs[index], in its reading layout
uint8 constant SOURCE_CONSTANT = 7; // ConstantProof: the index-th constant; nothing of a claim's, only its bytes can be asked for
// Only to show that two leaves of a graph contradict each other (P14.2):
uint8 constant SOURCE_NAMED = 8; // NextStateProof: the index-th next state, at the place that it names
uint8 constant SOURCE_LOSS = 9; // no leaf: the header's loss, at the place that it names

/// Kind 2. `end`: the last step's stateOut against the segment's endState. Else the step's stateIn against the step before
/// (previousStep under the stepsRoot), the segment before (previousSegment under the trajectory root) or the start root.
struct LinkWitness {
    bool end;
    StepTrace previousStep;
    SegmentLeaf previousSegment;
    bytes32[] proof;
}

/// Kind 3. One state tensor root of the first step, and of the consumed result unless the tensor starts as zeros. Of a training
/// that draws its start: that root and (consumedRoot, consumedProof) the one that the job's start root names, or, of a tensor that
/// has a rule, one element of it.
struct StartWitness {
    HeaderProof header;
    uint32 state;
    StateProof stateProof;
    bytes32 root;
    bytes32[] rootProof;
    Task consumedTask;
    HeaderProof consumedHeader;
    bytes32 consumedRoot;
    bytes32[] consumedProof;
    uint64 element;
    Opening[] openings;
}

/// Kind 4. One element of one row of a feed, and the dataset's; for infer no feed, row, element or opening.
struct FeedWitness {
    HeaderProof header;
    uint32 feed;
    FeedProof feedProof;
    uint32 row;
    uint64 element;
    Opening[] openings;
}

/// Kind 5. A state output's root, and the root where the graph says that it comes from.
struct NextStateWitness {
    HeaderProof header;
    uint32 state;
    NextStateProof nextState;
    bytes32 root;
    bytes32[] rootProof;
    bytes32 sourceRoot;
    bytes32[] sourceProof;
}

/// Kind 6. One element of an operand, under the value's root and under its layout's.
struct LayoutWitness {
    HeaderProof header;
    NodeProof node;
    uint32 operand;
    uint64 element;
    Opening[] openings;
}

/// Kind 11. Part `part` of a sum of which the claimant has `published` the parts (docs/protocol.md P7.10).
struct PartWitness {
    HeaderProof header;
    NodeProof node;
    uint64 element;
    uint32 part;
    bytes published;
    Opening[] openings;
}

/// Kind 7. The step's leaf under the metrics root, and the loss; neither if the graph has no loss.
struct MetricWitness {
    HeaderProof header;
    bytes32 metric;
    bytes32[] metricProof;
    Opening[] openings;
}

/// Kind 8. One leaf of a value's tree: a chunk with the bytes it is the hash of, or (`chunk` beyond the last) padding.
struct CanonicalWitness {
    HeaderProof header;
    NamedValue value;
    bytes32 root;
    bytes32[] rootProof;
    uint64 chunk;
    bytes data;
    bytes32 padding;
    bytes32[] chunkProof;
}

/// Kind 9. One float32 element.
struct FiniteWitness {
    HeaderProof header;
    NamedValue value;
    uint64 element;
    Opening[] openings;
}
