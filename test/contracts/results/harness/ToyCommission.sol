// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimInput} from "../../../../contracts/interfaces/IResultClaims.sol";
import {SumNode} from "../../../../contracts/libraries/SumTree.sol";
import {TaskLib} from "../../../../contracts/libraries/TaskLib.sol";
import {GraphHeader, hashGraphHeader} from "../../../../contracts/types/Graph.sol";
import {GraphRef, Job} from "../../../../contracts/types/Job.sol";
import {hashSegmentLeaf, SegmentLeaf} from "../../../../contracts/types/Trace.sol";
import {HeaderProof} from "../../../../contracts/types/Witness.sol";
import {ToyRun} from "./ToyRun.sol";
import {Tree} from "./Tree.sol";

/// A commission whose numbers mean nothing: ten samples, two to a step, in segments of two steps; eight must be right.
library ToyCommission {
    uint32 internal constant SAMPLES = 10;
    uint32 internal constant MIN_CORRECT = 8;
    /// Little-endian float32.
    bytes internal constant SEVEN = hex"0000e040";
    bytes internal constant EIGHT = hex"00000041";

    function graphHeader() internal pure returns (GraphHeader memory header) {
        header.kind = 3;
        (header.states, header.feeds, header.datasetFeeds, header.nextStates) = (2, 1, 1, 2);
        header.nodes = 1;
    }

    /// Two state inputs, a feed and two next states, of which nobody is asked, between the header and the node.
    function leaves() internal pure returns (SumNode[] memory all) {
        all = new SumNode[](7);
        all[0].hash = hashGraphHeader(graphHeader());
        for (uint256 i = 1; i < 6; ++i) all[i].hash = keccak256(abi.encode("leaf", i));
        all[6] = SumNode(keccak256("counts"), 1, 4);
    }

    function graph() internal pure returns (GraphRef memory) {
        SumNode memory root = Tree.sumRoot(leaves());
        return GraphRef(root.hash, root.flops, root.bytes_);
    }

    function headerProof() internal pure returns (HeaderProof memory) {
        return HeaderProof(graphHeader(), Tree.sumProof(leaves(), 0));
    }

    /// No training graph: the weights are whoever's.
    function job(uint8 flags) internal pure returns (Job memory j) {
        j.chainId = ToyRun.L2;
        j.requester = address(0xC0FFEE);
        j.inferGraph = graph();
        j.evaluateGraph = graph();
        j.segmentSteps = 2;
        j.evaluateBatchRows = 2;
        j.profile = 2;
        j.flags = flags;
        j.priceWeiPerGflop = 1e9;
        j.deadline = ToyRun.DEADLINE;
        j.windowSeconds = 60;
        j.property.heldOutRoot = ToyRun.tensorRoot(9);
        j.property.heldOutRows = 304;
        j.property.heldOutBytes = 1216;
        j.property.samples = SAMPLES;
        j.property.minCorrect = MIN_CORRECT;
        j.property.priceWei = 1 ether;
    }

    /// Of the state that holds these weights and this counter.
    function stateRoot(uint256 weights, bytes memory counter) internal pure returns (bytes32) {
        bytes32[] memory roots = new bytes32[](2);
        roots[0] = ToyRun.tensorRoot(weights);
        roots[1] = sha256(counter);
        return Tree.root(roots);
    }

    function startRoot(uint256 weights) internal pure returns (bytes32) {
        return stateRoot(weights, new bytes(4));
    }

    /// What the delivery of these weights is committed to by: every one has a salt of its own.
    function commitment(uint256 weights, address claimant) internal pure returns (bytes32) {
        return keccak256(abi.encode(startRoot(weights), claimant, saltOf(weights)));
    }

    function saltOf(uint256 weights) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", weights));
    }

    /// The claim that these weights gave `counter` right answers.
    function input(Job memory j, uint256 weights, bytes memory counter) internal pure returns (ClaimInput memory i) {
        i.job = j;
        i.kind = 4;
        i.inputRoot = startRoot(weights);
        i.resultRoot = stateRoot(weights, counter);
        i.output = counter;
        i.lastSegment = SegmentLeaf(2, i.resultRoot, bytes32(0), keccak256("steps"));
        bytes32[] memory leaves = new bytes32[](3);
        (leaves[0], leaves[1], leaves[2]) = (keccak256("0"), keccak256("1"), hashSegmentLeaf(i.lastSegment));
        i.trajectoryRoot = Tree.root(leaves);
        i.lastSegmentProof = Tree.proof(leaves, 2);
        i.outputProof = outputProof(weights);
        i.salt = saltOf(weights);
        i.dataUrl = "http://executor";
    }

    function outputProof(uint256 weights) internal pure returns (bytes memory) {
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = ToyRun.tensorRoot(weights);
        return abi.encode(headerProof(), proof);
    }

    function id(Job memory j) internal pure returns (bytes32) {
        return TaskLib.derive(j, 4, 0, 0).id;
    }
}
