// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../libraries/SumTree.sol";
import {GraphHeader} from "./Graph.sol";
import {Task} from "./Task.sol";
import {HeaderProof, NamedValue, NextStateProof, NodeProof, StateProof} from "./Witness.sol";

// Why a graph voids its job (docs/protocol.md P14.2), each with the witness that shows it.

uint8 constant FLAW_SUM = 1;
uint8 constant FLAW_LEAF = 2;
uint8 constant FLAW_GATE = 3;
uint8 constant FLAW_CLASH = 4;
uint8 constant FLAW_SOURCE = 5;

/// A leaf's way up as the tree has it, true or not: flops and bytes that are said of the node at each height, the leaf's first;
/// the root's are the job's.
struct SumPath {
    bytes32 leaf;
    uint64[] flops;
    uint64[] bytes_;
    SumNode[] siblings;
}

/// FLAW_SUM: somewhere on the way up from the `index`-th leaf a node's sums are not those of the two below it, or the header has
/// sums of its own.
struct SumWitness {
    GraphHeader header;
    SumPath headerPath;
    uint256 index;
    SumPath path;
}

/// FLAW_LEAF: the `index`-th leaf is not what its place asks for. `encoded` is what it is the hash of; empty: its hash is 0 (or,
/// behind the last leaf, `hash`).
struct LeafWitness {
    HeaderProof header;
    uint256 index;
    bytes encoded;
    SumNode leaf;
    SumNode[] siblings;
}

/// FLAW_GATE: proving the worst element of the node wrong takes more than L1 gives.
struct GateWitness {
    HeaderProof header;
    NodeProof node;
}

/// FLAW_CLASH: two leaves say different things of one place.
struct ClashWitness {
    HeaderProof header;
    NamedValue first;
    NamedValue second;
}

/// FLAW_SOURCE: the graph starts from a tensor that the model has not, or has of another type. `modelClaim` is any claim of the
/// model, whatever became of it: so the model's task is known. `model` is not looked at where the model has no such tensor.
struct SourceWitness {
    HeaderProof header;
    uint32 state;
    StateProof stateProof;
    bytes32 modelClaim;
    Task modelTask;
    HeaderProof modelHeader;
    NextStateProof model;
}
