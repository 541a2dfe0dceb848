// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// docs/protocol.md P5.1–P5.6

struct Value {
    uint8 place;
    uint32 index;
    uint8 dtype;
    uint32[] shape;
}

struct Operand {
    Value value;
    uint8 layoutPlace;
    uint32 layoutIndex;
    uint32[] layout;
}

struct Node {
    uint8 op;
    bytes attributes;
    Operand[] inputs;
    Value[] outputs;
    uint64 flops;
    uint64 bytes_;
}

struct StateInput {
    uint8 dtype;
    uint32[] shape;
    uint32 source;
    // How it starts in a training whose job has it drawn (P4.7): INIT_NONE as the job's start root names it.
    uint8 init;
    uint32 scaleBits;
}

struct Feed {
    uint8 dtype;
    uint32[] shape;
    // 0: rows of the dataset. Else a bool that is true with probability keep/2^32; these come last.
    uint32 keep;
}

// Counts only: what they count are leaves of their own, so a proof carries no more of a deep graph than it is about.
struct GraphHeader {
    uint8 kind;
    uint32 constants;
    uint32 states;
    uint32 feeds;
    // How many feeds are rows of dataset tensors (P4.4); those after them are masks (P4.6).
    uint32 datasetFeeds;
    uint32 nextStates;
    uint32 nodes;
    uint32 exactCount;
    uint32 looseCount;
    Value loss;
}

uint8 constant PLACE_NONE = 0;
uint8 constant PLACE_STATE = 1;
uint8 constant PLACE_FEED = 2;
uint8 constant PLACE_CONSTANT = 3;
uint8 constant PLACE_EXACT = 4;
uint8 constant PLACE_LOOSE = 5;
uint8 constant PLACE_NEXT_STATE = 6;

uint8 constant INIT_NONE = 0;
uint8 constant INIT_FILL = 1;
uint8 constant INIT_UNIFORM = 2;
uint8 constant INIT_NORMAL = 3;

// StateInput.source of a state tensor that starts as zeros.
uint32 constant ZERO_SOURCE = type(uint32).max;

bytes32 constant GRAPH_HEADER_TYPE = keccak256("ANH.GraphHeader.v1");
bytes32 constant CONSTANT_TYPE = keccak256("ANH.Constant.v1");
bytes32 constant STATE_INPUT_TYPE = keccak256("ANH.StateInput.v1");
bytes32 constant FEED_TYPE = keccak256("ANH.Feed.v1");
bytes32 constant NEXT_STATE_TYPE = keccak256("ANH.NextState.v1");
bytes32 constant NODE_TYPE = keccak256("ANH.Node.v1");

/// P5.6
function hashGraphHeader(GraphHeader memory header) pure returns (bytes32) {
    return keccak256(abi.encode(GRAPH_HEADER_TYPE, header));
}

/// P5.6
function hashConstant(uint8 dtype, uint32[] memory shape, bytes32 tensorRoot) pure returns (bytes32) {
    return keccak256(abi.encode(CONSTANT_TYPE, dtype, shape, tensorRoot));
}

/// P5.6
function hashStateInput(StateInput memory state) pure returns (bytes32) {
    return keccak256(abi.encode(STATE_INPUT_TYPE, state));
}

/// P5.6
function hashFeed(Feed memory feed) pure returns (bytes32) {
    return keccak256(abi.encode(FEED_TYPE, feed));
}

/// P5.6
function hashNextState(Value memory value) pure returns (bytes32) {
    return keccak256(abi.encode(NEXT_STATE_TYPE, value));
}

/// P5.6
function hashNode(Node memory node) pure returns (bytes32) {
    return keccak256(abi.encode(NODE_TYPE, node));
}

// Leaves of the graph's sum tree, in order: the header, constants, state inputs, feeds, next states, nodes (P5.6).

function firstState(GraphHeader memory header) pure returns (uint256) {
    return 1 + uint256(header.constants);
}

function firstFeed(GraphHeader memory header) pure returns (uint256) {
    return firstState(header) + header.states;
}

function firstNextState(GraphHeader memory header) pure returns (uint256) {
    return firstFeed(header) + header.feeds;
}

function firstNode(GraphHeader memory header) pure returns (uint256) {
    return firstNextState(header) + header.nextStates;
}

function graphLeafCount(GraphHeader memory header) pure returns (uint256) {
    return firstNode(header) + header.nodes;
}
