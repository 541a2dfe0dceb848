// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimInput} from "../../../../contracts/interfaces/IResultClaims.sol";
import {TaskLib} from "../../../../contracts/libraries/TaskLib.sol";
import {SumNode} from "../../../../contracts/libraries/SumTree.sol";
import {
    Feed,
    GraphHeader,
    hashConstant,
    hashFeed,
    hashGraphHeader,
    hashNextState,
    hashNode,
    hashStateInput,
    Node,
    Operand,
    PLACE_EXACT,
    PLACE_NEXT_STATE,
    PLACE_STATE,
    StateInput,
    Value
} from "../../../../contracts/types/Graph.sol";
import {GraphRef, Job} from "../../../../contracts/types/Job.sol";
import {SegmentProof, StepPage, TraceProof} from "../../../../contracts/types/Opening.sol";
import {hashResultClaim, ResultClaim} from "../../../../contracts/types/ResultClaim.sol";
import {hashTask, Task} from "../../../../contracts/types/Task.sol";
import {hashSegmentLeaf, hashStepTrace, SegmentLeaf, StepTrace} from "../../../../contracts/types/Trace.sol";
import {
    ConstantProof,
    FeedProof,
    HeaderProof,
    NamedValue,
    NextStateProof,
    NodeProof,
    StateProof
} from "../../../../contracts/types/Witness.sol";
import {Tree} from "./Tree.sol";

struct Run {
    Job job;
    Task task;
    StepTrace[] traces;
    SegmentLeaf[] segments;
    bytes32 trajectoryRoot;
}

/// A training whose numbers mean nothing: one state tensor of 304 floats, one feed, one constant, one node with a layout.
/// All of its trees are true, so that only the rules of the game are at stake.
library ToyRun {
    uint256 internal constant L2 = 424242;
    /// `tensorRoot(7)`, without the calls of sha256 that a prank would be spent on.
    bytes32 internal constant CONSTANT_ROOT = 0xcbd5f23d3df838052b2516ed40651eb8a3cc7fcb929ea244bfe28d640ad6d372;
    uint64 internal constant DEADLINE = 10_000_000;

    function _words(uint256 tag, uint256 first, uint256 count) private pure returns (bytes memory) {
        bytes32[] memory words = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) words[i] = keccak256(abi.encode(tag, first + i));
        return abi.encodePacked(words);
    }

    /// 1,216 bytes: a whole chunk and a short one.
    function tensor(uint256 tag) internal pure returns (bytes memory) {
        return _words(tag, 0, 38);
    }

    function chunk(uint256 tag, uint256 index) internal pure returns (bytes memory) {
        return _words(tag, 32 * index, index == 0 ? 32 : 6);
    }

    function chunkHashes(uint256 tag) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](2);
        hashes[0] = sha256(chunk(tag, 0));
        hashes[1] = sha256(chunk(tag, 1));
    }

    function tensorRoot(uint256 tag) internal pure returns (bytes32) {
        return Tree.root(chunkHashes(tag));
    }

    function feed(uint256 step) internal pure returns (bytes memory) {
        return abi.encodePacked(uint64(uint256(keccak256(abi.encode("feed", step)))));
    }

    function exactRoots(uint256 step, uint256 lie) internal pure returns (bytes32[] memory roots) {
        roots = new bytes32[](2);
        roots[0] = tensorRoot(2000 + step + 1_000_000 * lie);
        roots[1] = tensorRoot(3000 + step);
    }

    function graphHeader() internal pure returns (GraphHeader memory header) {
        header.kind = 1;
        header.constants = 1;
        (header.states, header.feeds, header.datasetFeeds, header.nextStates) = (1, 1, 1, 1);
        header.loss = Value(PLACE_EXACT, 0, 1, new uint32[](0));
        header.nodes = 1;
        header.exactCount = 2;
    }

    function graphState() internal pure returns (StateInput memory) {
        return StateInput(1, _shape(304), 0, 0, 0);
    }

    function graphFeed() internal pure returns (Feed memory feed_) {
        feed_.dtype = 2;
        feed_.shape = new uint32[](2);
        (feed_.shape[0], feed_.shape[1]) = (2, 4);
    }

    function graphNextState() internal pure returns (Value memory) {
        return Value(PLACE_NEXT_STATE, 0, 1, _shape(304));
    }

    function graphNode() internal pure returns (Node memory node) {
        node.op = 1;
        node.inputs = new Operand[](1);
        node.inputs[0].value = Value(PLACE_STATE, 0, 1, _shape(304));
        node.inputs[0].layoutPlace = PLACE_EXACT;
        node.inputs[0].layoutIndex = 1;
        node.inputs[0].layout = new uint32[](3);
        (node.inputs[0].layout[0], node.inputs[0].layout[1], node.inputs[0].layout[2]) = (1, 4, 76);
        node.outputs = new Value[](1);
        node.outputs[0] = Value(PLACE_EXACT, 0, 1, _shape(304));
        node.flops = 304;
        node.bytes_ = 1216;
    }

    /// One word per step of the segment.
    function metrics(uint32 segment) internal pure returns (bytes32[] memory words) {
        words = new bytes32[](stepsIn(segment));
        for (uint32 i = 0; i < words.length; ++i) words[i] = bytes32(uint256(uint32(0x3f800000 + 2 * segment + i)));
    }

    /// Header, constant, state input, feed, next state, node.
    function leaves() internal pure returns (SumNode[] memory all) {
        all = new SumNode[](6);
        all[0].hash = hashGraphHeader(graphHeader());
        all[1] = SumNode(hashConstant(1, _shape(304), CONSTANT_ROOT), 0, 1216);
        all[2].hash = hashStateInput(graphState());
        all[3].hash = hashFeed(graphFeed());
        all[4].hash = hashNextState(graphNextState());
        all[5] = SumNode(hashNode(graphNode()), 304, 1216);
    }

    function graph() internal pure returns (GraphRef memory) {
        SumNode memory root = Tree.sumRoot(leaves());
        return GraphRef(root.hash, root.flops, root.bytes_);
    }

    function siblings(uint256 leaf) internal pure returns (SumNode[] memory) {
        return Tree.sumProof(leaves(), leaf);
    }

    function headerProof() internal pure returns (HeaderProof memory) {
        return HeaderProof(graphHeader(), siblings(0));
    }

    function nodeProof() internal pure returns (NodeProof memory) {
        return NodeProof(0, graphNode(), siblings(5));
    }

    function named(uint8 source, uint32 index) internal pure returns (NamedValue memory value) {
        value.source = source;
        value.index = index;
        if (source == 1) value.leaf = abi.encode(StateProof(graphState(), siblings(2)));
        else if (source == 2) value.leaf = abi.encode(FeedProof(graphFeed(), siblings(3)));
        else if (source == 3) value.leaf = abi.encode(NextStateProof(graphNextState(), siblings(4)));
        else if (source == 7) value.leaf = abi.encode(ConstantProof(1, _shape(304), CONSTANT_ROOT, siblings(1)));
        else value.leaf = abi.encode(nodeProof());
    }

    /// Five steps in segments of two: 2, 2, 1.
    function job(uint8 flags) internal pure returns (Job memory j) {
        j.chainId = L2;
        j.requester = address(0xC0FFEE);
        j.trainGraph = graph();
        j.inferGraph = graph();
        j.evaluateGraph = graph();
        j.datasetRoot = tensorRoot(9);
        j.datasetRows = 304;
        j.startRoot = tensorRoot(1000);
        j.steps = 5;
        j.segmentSteps = 2;
        j.batchRows = 2;
        j.evaluateBatchRows = 2;
        j.flags = flags;
        j.priceWeiPerGflop = 1e9;
        j.deadline = DEADLINE;
        j.windowSeconds = 60;
    }

    function make(uint8 flags) internal pure returns (Run memory) {
        return make(flags, type(uint256).max, 0);
    }

    /// A run whose exact root of step `lieAt` is another one.
    function make(uint8 flags, uint256 lieAt, uint256 salt) internal pure returns (Run memory run) {
        run.job = job(flags);
        run.job.salt = bytes32(salt);
        run.task = TaskLib.derive(run.job, 1, 0, 0);
        run.traces = new StepTrace[](5);
        for (uint256 t = 0; t < 5; ++t) {
            run.traces[t] = StepTrace({
                stateIn: tensorRoot(1000 + t),
                feedsRoot: sha256(feed(t)),
                exactRoot: Tree.root(exactRoots(t, t == lieAt ? 1 : 0)),
                looseRoot: bytes32(0),
                stateOut: tensorRoot(1001 + t)
            });
        }
        run.segments = new SegmentLeaf[](3);
        bytes32[] memory leaves = new bytes32[](3);
        for (uint32 s = 0; s < 3; ++s) {
            uint256 end = s == 2 ? 5 : 2 * s + 2;
            bytes32 stepsRoot = flags & 1 != 0 ? Tree.root(traceLeaves(run, s)) : bytes32(0);
            run.segments[s] = SegmentLeaf(s, tensorRoot(1000 + end), Tree.root(metrics(s)), stepsRoot);
            leaves[s] = hashSegmentLeaf(run.segments[s]);
        }
        run.trajectoryRoot = Tree.root(leaves);
    }

    function stepsIn(uint256 segment) internal pure returns (uint256) {
        return segment == 2 ? 1 : 2;
    }

    function tracesOf(Run memory run, uint256 segment) internal pure returns (StepTrace[] memory traces) {
        traces = new StepTrace[](stepsIn(segment));
        for (uint256 i = 0; i < traces.length; ++i) traces[i] = run.traces[2 * segment + i];
    }

    function traceLeaves(Run memory run, uint256 segment) internal pure returns (bytes32[] memory leaves) {
        StepTrace[] memory traces = tracesOf(run, segment);
        leaves = new bytes32[](traces.length);
        for (uint256 i = 0; i < traces.length; ++i) leaves[i] = hashStepTrace(traces[i]);
    }

    function segmentProof(Run memory run, uint256 segment) internal pure returns (SegmentProof memory) {
        bytes32[] memory leaves = new bytes32[](3);
        for (uint256 s = 0; s < 3; ++s) leaves[s] = hashSegmentLeaf(run.segments[s]);
        return SegmentProof(run.segments[segment], Tree.proof(leaves, segment));
    }

    function traceProof(Run memory run, uint256 segment, uint256 step) internal pure returns (TraceProof memory) {
        return TraceProof(run.traces[2 * segment + step], Tree.proof(traceLeaves(run, segment), step));
    }

    /// All five roots of a step: of four lists, of which the loose one is empty.
    function page(uint256 t, uint256 lie) internal pure returns (StepPage memory p) {
        bytes32[] memory exact = exactRoots(t, lie);
        p.roots = new bytes32[](5);
        (p.roots[0], p.roots[1]) = (tensorRoot(1000 + t), sha256(feed(t)));
        (p.roots[2], p.roots[3], p.roots[4]) = (exact[0], exact[1], tensorRoot(1001 + t));
        p.proofs = new bytes32[][](4);
    }

    function input(Run memory run, bytes32 salt) internal pure returns (ClaimInput memory i) {
        i.job = run.job;
        i.kind = 1;
        i.resultRoot = run.segments[2].endState;
        i.trajectoryRoot = run.trajectoryRoot;
        i.lastSegment = run.segments[2];
        i.lastSegmentProof = segmentProof(run, 2).proof;
        i.salt = salt;
        i.dataUrl = "http://executor";
    }

    /// An inference from `model`.
    function inferInput(Run memory run, bytes32 model) internal pure returns (ClaimInput memory i) {
        i.job = run.job;
        i.kind = 2;
        i.inputRoot = keccak256("x");
        i.output = hex"0000803f";
        i.resultRoot = sha256(i.output);
        i.lastSegment.endState = i.resultRoot;
        i.trajectoryRoot = hashSegmentLeaf(i.lastSegment);
        i.consumed = new bytes32[](1);
        i.consumed[0] = model;
        i.salt = "infer";
    }

    /// The claim that `input` makes, for a task with any parameters.
    function claimOf(ClaimInput memory i, address claimant, bytes32 seed) internal pure returns (ResultClaim memory) {
        Task memory task = TaskLib.derive(i.job, i.kind, i.inputRoot, i.rows);
        return ResultClaim(
            task.id, claimant, hashTask(task), seed, i.resultRoot, i.trajectoryRoot, i.consumed, i.output, i.salt, i.failure
        );
    }

    function hashOf(ClaimInput memory i, address claimant, bytes32 seed) internal pure returns (bytes32) {
        return hashResultClaim(claimOf(i, claimant, seed));
    }

    function _shape(uint32 size) private pure returns (uint32[] memory shape) {
        shape = new uint32[](1);
        shape[0] = size;
    }
}
