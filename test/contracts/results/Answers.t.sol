// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands, PATH_GRAPH, PATH_MODEL_GRAPH} from "../../../contracts/interfaces/IDemands.sol";
import {CLAIM_OVERTURNED} from "../../../contracts/interfaces/IResultClaims.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {SumNode} from "../../../contracts/libraries/SumTree.sol";
import {GRAPH_HEADER_TYPE, NODE_TYPE, STATE_INPUT_TYPE} from "../../../contracts/types/Graph.sol";
import {GraphLeaf, SegmentProof, StepPage, TraceProof} from "../../../contracts/types/Opening.sol";
import {Task} from "../../../contracts/types/Task.sol";
import {StepTrace} from "../../../contracts/types/Trace.sol";
import {HeaderProof, NodeProof} from "../../../contracts/types/Witness.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";
import {Tree} from "./harness/Tree.sol";

/// What a claimant must publish of segments and steps (docs/protocol.md P7.1).
contract AnswersTest is Acted {
    function test_answerSegment_hostile() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        SegmentProof memory s = ToyRun.segmentProof(run, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAsked.selector, DemandKeys.segment(hash, 1)));
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, s);
        demandSegmentAs(ALICE, hash, 1);
        address[3] memory others = [ALICE, LIAR, address(this)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IDemands.OnlyClaimant.selector, EXECUTOR, others[i]));
            vm.prank(others[i]);
            demands.answerSegment(hash, s);
        }
        s.leaf.metricsRoot = 0;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, s);
        s = ToyRun.segmentProof(run, 0);
        s.leaf.index = 1; // another leaf under this index
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, s);
    }

    function test_openSegment_mustJoin() public {
        (Run memory run, bytes32 hash) = honest(BARE);
        vm.prank(ALICE);
        demands.demandTraces{value: OPEN_FEE}(hash, 1);
        vm.prank(ALICE);
        demands.demandTraces{value: OPEN_FEE}(hash, 0);
        SegmentProof memory own = ToyRun.segmentProof(run, 1);
        SegmentProof memory previous = ToyRun.segmentProof(run, 0);
        SegmentProof memory none;
        StepTrace[] memory traces = ToyRun.tracesOf(run, 1);
        bytes32 good;

        // count
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 0, 2, 1));
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, previous, ToyRun.tracesOf(run, 2));
        // start: not where the segment before ended
        good = traces[0].stateIn;
        traces[0].stateIn = keccak256("elsewhere");
        vm.expectRevert(
            abi.encodeWithSelector(IDemands.LinkBroken.selector, 0, good, keccak256("elsewhere"))
        );
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, previous, traces);
        traces[0].stateIn = good;
        // middle
        good = traces[1].stateIn;
        traces[0].stateOut = keccak256("elsewhere");
        vm.expectRevert(
            abi.encodeWithSelector(IDemands.LinkBroken.selector, 1, keccak256("elsewhere"), good)
        );
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, previous, traces);
        traces[0].stateOut = good;
        // end
        good = traces[1].stateOut;
        traces[1].stateOut = keccak256("elsewhere");
        vm.expectRevert(
            abi.encodeWithSelector(IDemands.LinkBroken.selector, 2, good, keccak256("elsewhere"))
        );
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, previous, traces);
        traces[1].stateOut = good;
        // the segment before is another one
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 2, 1));
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, ToyRun.segmentProof(run, 2), traces);
        previous.leaf.endState = traces[0].stateIn;
        previous.leaf.metricsRoot = 0;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, previous, traces);
        // the first segment of a training starts at the start root
        run = ToyRun.make(BARE); // what was spoilt above is part of the run
        own = ToyRun.segmentProof(run, 0);
        traces = ToyRun.tracesOf(run, 0);
        traces[0].stateIn = keccak256("elsewhere");
        vm.expectRevert(
            abi.encodeWithSelector(
                IDemands.LinkBroken.selector, 0, run.task.startRoot, keccak256("elsewhere")
            )
        );
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, none, traces);
        // the task is another
        Task memory task = ToyRun.make(BARE, 99, 3).task;
        vm.expectPartialRevert(IDemands.TaskMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openSegment(hash, task, own, none, traces);

        run = ToyRun.make(BARE);
        openSegmentAs(EXECUTOR, hash, run, 0);
        openSegmentAs(EXECUTOR, hash, run, 1);
        vm.assertEq(demands.stepsRootOf(hash, 1), Tree.root(ToyRun.traceLeaves(run, 1)), "steps root");
        vm.assertEq(demands.stepsRootOf(hash, 2), 0, "not opened");
    }

    /// There are no two stories: the first opening stands, even if the claimant has thought of another that joins as well.
    function test_openSegment_twice_reverts() public {
        (Run memory run, bytes32 hash) = honest(BARE);
        vm.prank(ALICE);
        bytes32 key = demands.demandTraces{value: OPEN_FEE}(hash, 1);
        openSegmentAs(EXECUTOR, hash, run, 1);
        SegmentProof memory own = ToyRun.segmentProof(run, 1);
        StepTrace[] memory other = ToyRun.tracesOf(run, 1);
        other[0].exactRoot = keccak256("another story");
        vm.expectRevert(abi.encodeWithSelector(IDemands.AnsweredAlready.selector, key));
        vm.prank(EXECUTOR);
        demands.openSegment(hash, run.task, own, ToyRun.segmentProof(run, 0), other);
    }

    function test_openStep_hostile() public {
        (Run memory run, bytes32 hash) = honest(BARE);
        vm.expectRevert(abi.encodeWithSelector(IDemands.TracesNotOpened.selector, hash, 1));
        vm.prank(ALICE);
        demands.demandStep{value: STEP_FEE}(hash, 1, 1, 0);
        vm.prank(ALICE);
        demands.demandTraces{value: OPEN_FEE}(hash, 1);
        openSegmentAs(EXECUTOR, hash, run, 1);
        vm.prank(ALICE);
        demands.demandStep{value: STEP_FEE}(hash, 1, 1, 0);

        SegmentProof memory own = ToyRun.segmentProof(run, 1);
        TraceProof memory trace = ToyRun.traceProof(run, 1, 1);
        HeaderProof memory header = ToyRun.headerProof();
        StepPage memory page = ToyRun.page(3, 0);
        page.roots[2] = page.roots[3];
        vm.expectPartialRevert(IDemands.ValuesMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        // the root itself instead of the list under it
        page.roots = first(ToyRun.page(3, 0).roots, 4);
        page.roots[2] = trace.trace.exactRoot;
        page.roots[3] = trace.trace.stateOut;
        vm.expectPartialRevert(IDemands.ValuesMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        // a root too few, one too many
        page.roots = first(ToyRun.page(3, 0).roots, 4);
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 6, 5, 4));
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        page.roots = first(ToyRun.page(3, 0).roots, 6);
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 0, 5, 6));
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        // proofs: too many, too few, of something
        page = ToyRun.page(3, 0);
        page.proofs = new bytes32[][](5);
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 0, 4, 5));
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        page.proofs = new bytes32[][](3);
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 6, 4, 3));
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        page = ToyRun.page(3, 0);
        page.proofs[2] = new bytes32[](1);
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLength.selector, 0, 1));
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        // another page than the one asked for
        page = ToyRun.page(3, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAsked.selector, DemandKeys.step(hash, 1, 1, 1)));
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 1, page);
        // a header that counts otherwise
        header.header.exactCount = 1;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        // another step's trace
        page = ToyRun.page(2, 0);
        header = ToyRun.headerProof();
        trace = ToyRun.traceProof(run, 1, 0);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, 0, page);
        openStepAs(EXECUTOR, hash, run, 1, 1, 0);
        vm.assertEq(demands.pendingOf(hash), 0, "answered");
    }

    function first(bytes32[] memory roots, uint256 count) private pure returns (bytes32[] memory some) {
        some = new bytes32[](count);
        for (uint256 i = 0; i < count && i < roots.length; ++i) some[i] = roots[i];
    }

    /// A page that is not there holds nothing, and costs who asks for it.
    function test_openStep_pageBeyondTheEnd() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        vm.prank(ALICE);
        bytes32 key = demands.demandStep{value: STEP_FEE}(hash, 1, 1, type(uint32).max);
        SegmentProof memory own = ToyRun.segmentProof(run, 1);
        TraceProof memory trace = ToyRun.traceProof(run, 1, 1);
        HeaderProof memory header = ToyRun.headerProof();
        StepPage memory none;
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, type(uint32).max, none);
        vm.assertEq(demands.demandOf(key).content, keccak256(abi.encode(trace.trace)), "the trace");
    }

    // ------------------------------------------------------------------ the graph

    function demandGraphAs(address who, bytes32 hash, Run memory run, uint32 leaf, uint256 headers)
        internal
        returns (bytes32)
    {
        HeaderProof[] memory header = new HeaderProof[](headers);
        for (uint256 i = 0; i < headers; ++i) header[i] = ToyRun.headerProof();
        vm.prank(who);
        return demands.demandGraph{value: OPEN_FEE}(hash, run.task, leaf, header);
    }

    /// A graph that nobody serves: its header is asked for first, then what the header counts.
    function test_answerGraph() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 key = demandGraphAs(ALICE, hash, run, 0, 0);
        vm.assertEq(key, DemandKeys.graph(hash, PATH_GRAPH, 0), "key");
        HeaderProof memory header = ToyRun.headerProof();
        bytes memory encoded = abi.encode(GRAPH_HEADER_TYPE, header.header);
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 0, header, GraphLeaf(encoded, 0, 0, header.siblings));
        vm.assertEq(demands.demandOf(key).content, keccak256(encoded), "the header");

        key = demandGraphAs(ALICE, hash, run, 5, 1);
        NodeProof memory node = ToyRun.nodeProof();
        encoded = abi.encode(NODE_TYPE, node.node);
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 5, header, GraphLeaf(encoded, node.node.flops, node.node.bytes_, node.siblings));
        vm.assertEq(demands.demandOf(key).content, keccak256(encoded), "the node");
        vm.assertEq(demands.pendingOf(hash), 0, "answered");
    }

    function test_answerGraph_hostile() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 0, 1, 0));
        demandGraphAs(ALICE, hash, run, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 6, 6));
        demandGraphAs(ALICE, hash, run, 6, 1);
        Run memory other = ToyRun.make(WITH_ROOTS, 99, 3);
        vm.expectPartialRevert(IDemands.TaskMismatch.selector);
        demandGraphAs(ALICE, hash, other, 0, 0);

        demandGraphAs(ALICE, hash, run, 5, 1);
        HeaderProof memory header = ToyRun.headerProof();
        NodeProof memory node = ToyRun.nodeProof();
        bytes memory encoded = abi.encode(NODE_TYPE, node.node);
        // the header in the node's place, other costs, other bytes, other siblings
        bytes memory headerBytes = abi.encode(GRAPH_HEADER_TYPE, header.header);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 5, header, GraphLeaf(headerBytes, 0, 0, header.siblings));
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 5, header, GraphLeaf(encoded, 303, 1216, node.siblings));
        node.node.op = 2;
        encoded = abi.encode(NODE_TYPE, node.node);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 5, header, GraphLeaf(encoded, 304, 1216, node.siblings));
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLength.selector, 3, 0));
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 5, header, GraphLeaf(encoded, 304, 1216, new SumNode[](0)));
    }

    /// A model that is final has no claim that could be asked: whoever consumes it answers for its graph.
    function test_answerGraph_ofTheConsumedTraining() public {
        (Run memory run, bytes32 model) = honest(WITH_ROOTS);
        pass(WINDOW - 1);
        bytes32 hash = claimAs(EXECUTOR, ToyRun.inferInput(run, model));
        pass(2);
        results.finalize(model);
        Run memory other = ToyRun.make(WITH_ROOTS, 99, 3);
        vm.expectPartialRevert(IDemands.TaskMismatch.selector);
        demandGraphAs(ALICE, hash, other, 0, 0);

        bytes32 key = demandGraphAs(ALICE, hash, run, 2, 1);
        vm.assertEq(key, DemandKeys.graph(hash, PATH_MODEL_GRAPH, 2), "key");
        HeaderProof memory header = ToyRun.headerProof();
        bytes memory encoded = abi.encode(STATE_INPUT_TYPE, ToyRun.graphState());
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 2, header, GraphLeaf(encoded, 0, 0, ToyRun.siblings(3)));
        vm.prank(EXECUTOR);
        demands.answerGraph(hash, run.task, 2, header, GraphLeaf(encoded, 0, 0, ToyRun.siblings(2)));
        vm.assertEq(demands.demandOf(key).content, keccak256(encoded), "the state input");
        vm.assertEq(demands.pendingOf(hash), 0, "answered");
    }

    // ------------------------------------------------------------------ the model

    function test_answerModel() public {
        (Run memory run, bytes32 model) = honest(WITH_ROOTS);
        bytes32 hash = claimAs(EXECUTOR, ToyRun.inferInput(run, model));
        HeaderProof memory header = ToyRun.headerProof();
        vm.expectRevert(abi.encodeWithSelector(IDemands.NothingConsumed.selector, model));
        vm.prank(ALICE);
        demands.demandModel{value: OPEN_FEE}(model, run.task, header, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 1, 1));
        vm.prank(ALICE);
        demands.demandModel{value: OPEN_FEE}(hash, run.task, header, 1);
        Run memory other = ToyRun.make(WITH_ROOTS, 99, 3);
        vm.expectPartialRevert(IDemands.TaskMismatch.selector);
        vm.prank(ALICE);
        demands.demandModel{value: OPEN_FEE}(hash, other.task, header, 0);

        vm.prank(ALICE);
        bytes32 key = demands.demandModel{value: OPEN_FEE}(hash, run.task, header, 0);
        vm.assertEq(key, DemandKeys.model(hash, 0), "key");
        bytes32 root = run.segments[2].endState;
        bytes32[] memory proof = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(Merkle.RootMismatch.selector, root, keccak256("another")));
        vm.prank(EXECUTOR);
        demands.answerModel(hash, run.task, header, 0, keccak256("another"), proof);
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLength.selector, 0, 1));
        vm.prank(EXECUTOR);
        demands.answerModel(hash, run.task, header, 0, root, new bytes32[](1));
        vm.prank(EXECUTOR);
        demands.answerModel(hash, run.task, header, 0, root, proof);
        vm.assertEq(demands.demandOf(key).content, root, "kept");
    }

    // ------------------------------------------------------------------ metrics

    function test_answerMetrics_hostile() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 3, 3));
        vm.prank(ALICE);
        demands.demandMetrics{value: OPEN_FEE}(hash, 3);
        vm.prank(ALICE);
        bytes32 key = demands.demandMetrics{value: OPEN_FEE}(hash, 1);
        vm.assertEq(key, DemandKeys.metrics(hash, 1), "key");
        SegmentProof memory own = ToyRun.segmentProof(run, 1);
        HeaderProof memory header = ToyRun.headerProof();
        bytes32[] memory metrics = ToyRun.metrics(1);
        // not the list of the leaf: another number, too few, none
        metrics[1] = bytes32(uint256(metrics[1]) + 1);
        vm.expectPartialRevert(IDemands.ValuesMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerMetrics(hash, run.task, own, header, metrics);
        metrics = ToyRun.metrics(2);
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 7, 2, 1));
        vm.prank(EXECUTOR);
        demands.answerMetrics(hash, run.task, own, header, metrics);
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 7, 2, 0));
        vm.prank(EXECUTOR);
        demands.answerMetrics(hash, run.task, own, header, new bytes32[](0));
        // a header that knows of no loss
        header.header.loss.place = 0;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.answerMetrics(hash, run.task, own, header, new bytes32[](0));
        // another segment's
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAsked.selector, DemandKeys.metrics(hash, 0)));
        answerMetricsAs(EXECUTOR, hash, run, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OnlyClaimant.selector, EXECUTOR, LIAR));
        answerMetricsAs(LIAR, hash, run, 1);
        answerMetricsAs(EXECUTOR, hash, run, 1);
        vm.assertEq(demands.demandOf(key).content, run.segments[1].metricsRoot, "kept");
    }

    /// A leaf whose metrics nobody knows cannot be kept from judgement: the claim falls for silence.
    function test_answerMetrics_hiddenList_loses() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        vm.prank(ALICE);
        bytes32 key = demands.demandMetrics{value: OPEN_FEE}(hash, 2);
        pass(ANSWER + 1);
        demands.timeout(key);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
    }
}
