// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../libraries/SumTree.sol";
import {GraphHeader, Node} from "./Graph.sol";

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

/// openings[0] is the output's chunk; the operand ranges follow in the order in which the op reads them.
struct ElementWitness {
    HeaderProof header;
    NodeProof node;
    uint64 element;
    Opening[] openings;
}

/// A value as the graph names it: `source` says where in the graph it is written down, with its place, type and shape.
struct NamedValue {
    uint8 source;
    uint32 index;
    NodeProof[] node;
}

uint8 constant SOURCE_STATE = 1; // header.states[index]
uint8 constant SOURCE_FEED = 2; // header.feeds[index]
uint8 constant SOURCE_NEXT_STATE = 3; // place NextState, index: header.nextStates[index]
uint8 constant SOURCE_OUTPUT = 4; // node.outputs[index]
uint8 constant SOURCE_OPERAND = 5; // node.inputs[index].value
uint8 constant SOURCE_LAYOUT = 6; // node.inputs[index], in its reading layout
