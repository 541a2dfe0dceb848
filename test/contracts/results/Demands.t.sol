// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands, PATH_STEP} from "../../../contracts/interfaces/IDemands.sol";
import {NO_STEP} from "../../../contracts/interfaces/IDisputes.sol";
import {CLAIM_FINAL, CLAIM_NONE, CLAIM_OVERTURNED} from "../../../contracts/interfaces/IResultClaims.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {TensorRead} from "../../../contracts/libraries/TensorRead.sol";
import {
    ChunkAnswer,
    ChunkRange,
    CHUNKS_OF_DATASET,
    CHUNKS_OF_START,
    CHUNKS_OF_VALUE,
    SegmentProof,
    StepValues,
    TraceProof
} from "../../../contracts/types/Opening.sol";
import {Task} from "../../../contracts/types/Task.sol";
import {StepTrace} from "../../../contracts/types/Trace.sol";
import {HeaderProof, NamedValue} from "../../../contracts/types/Witness.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";
import {Tree} from "./harness/Tree.sol";

/// What a claimant must publish (docs/protocol.md P7.1, P7.2, P7.6).
contract DemandsTest is Acted {
    uint8 constant WITH_ROOTS = STEP_ROOTS | SEQUENTIAL;
    uint8 constant BARE = SEQUENTIAL;

    function claimed(uint8 flags) internal returns (Run memory run, bytes32 hash) {
        run = ToyRun.make(flags);
        hash = claimAs(EXECUTOR, run);
    }

    function demandSegmentAs(address who, bytes32 hash, uint32 segment) internal returns (bytes32) {
        vm.prank(who);
        return demands.demandSegment{value: OPEN_FEE}(hash, segment);
    }

    // ------------------------------------------------------------------ asking

    function test_demand_outOfRange_reverts() public {
        (, bytes32 hash) = claimed(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 3, 3));
        demandSegmentAs(ALICE, hash, 3);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 1, 1));
        vm.prank(ALICE);
        demands.demandStep{value: OPEN_FEE}(hash, 2, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, type(uint32).max, 3));
        vm.prank(ALICE);
        demands.demandStep{value: OPEN_FEE}(hash, type(uint32).max, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.TracesInLeaf.selector, hash));
        vm.prank(ALICE);
        demands.demandTraces{value: OPEN_FEE}(hash, 0);
    }

    function test_demand_unknownClaim_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IDemands.ClaimNotOpen.selector, bytes32(0), CLAIM_NONE));
        demandSegmentAs(ALICE, 0, 0);
    }

    function test_demand_exactFee() public {
        (, bytes32 hash) = claimed(WITH_ROOTS);
        for (uint256 i = 0; i < 3; i += 2) {
            uint256 value = OPEN_FEE + i - 1;
            vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, OPEN_FEE, value));
            demands.demandSegment{value: value}(hash, 0);
        }
    }

    function test_demand_samePathTwice_reverts() public {
        (, bytes32 hash) = claimed(WITH_ROOTS);
        bytes32 key = demandSegmentAs(ALICE, hash, 0);
        vm.assertEq(key, DemandKeys.segment(hash, 0), "key");
        vm.expectRevert(abi.encodeWithSelector(IDemands.AskedAlready.selector, key));
        demandSegmentAs(BOB, hash, 0);
    }

    /// After the window only who has a live challenge may ask.
    function test_demand_windowBoundary() public {
        (, bytes32 hash) = claimed(WITH_ROOTS);
        uint64 end = clock() + WINDOW;
        warpTo(end);
        demandSegmentAs(ALICE, hash, 0);
        challengeAs(BOB, hash, 1, 1, 0);
        warpTo(end + 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AskingOver.selector, end, end + 1));
        demandSegmentAs(ALICE, hash, 1);
        demandSegmentAs(BOB, hash, 1);
    }

    function test_askFor_onlyDisputes() public {
        (, bytes32 hash) = claimed(BARE);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OnlyDisputes.selector, ALICE));
        vm.prank(ALICE);
        demands.askFor{value: OPEN_FEE}(hash, PATH_STEP, 0, 0, ALICE);
    }

    // ------------------------------------------------------------------ due times

    function test_due_queues() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        uint64 start = clock();
        bytes32 a = demandSegmentAs(ALICE, hash, 0);
        bytes32 b = demandSegmentAs(ALICE, hash, 1);
        warpTo(start + 10);
        bytes32 c = demandSegmentAs(BOB, hash, 2);
        vm.assertEq(demands.demandOf(a).due, start + ANSWER, "first");
        vm.assertEq(demands.demandOf(b).due, start + 2 * ANSWER, "second");
        vm.assertEq(demands.demandOf(c).due, start + 3 * ANSWER, "third, asked later");
        vm.assertEq(demands.pendingOf(hash), 3, "pending");
        for (uint256 s = 0; s < 3; ++s) {
            vm.prank(EXECUTOR);
            demands.answerSegment(hash, ToyRun.segmentProof(run, s));
        }
        vm.assertEq(demands.pendingOf(hash), 0, "none pending");
        vm.prank(ALICE);
        bytes32 d = demands.demandStep{value: OPEN_FEE}(hash, 0, 0);
        vm.assertEq(demands.demandOf(d).due, clock() + ANSWER, "an empty queue starts at now");
    }

    /// A flood of demands never makes an honest claimant miss: there is one answer time per demand.
    function test_due_floodIsAnswerable_oneByOne() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        bytes32[] memory keys = new bytes32[](8);
        for (uint32 s = 0; s < 3; ++s) keys[s] = demandSegmentAs(ALICE, hash, s);
        for (uint32 t = 0; t < 5; ++t) {
            vm.prank(ALICE);
            keys[3 + t] = demands.demandStep{value: OPEN_FEE}(hash, t / 2, t % 2);
        }
        for (uint32 i = 0; i < 8; ++i) {
            warpTo(clock() + ANSWER);
            if (i < 3) {
                vm.prank(EXECUTOR);
                demands.answerSegment(hash, ToyRun.segmentProof(run, i));
            } else {
                openStepAs(EXECUTOR, hash, run, (i - 3) / 2, (i - 3) % 2, 0);
            }
        }
        warpTo(clock() + 1);
        results.finalize(hash);
        for (uint256 i = 0; i < 8; ++i) demands.collect(keys[i]);
        vm.assertEq(demands.balanceOf(EXECUTOR), 8 * (OPEN_FEE / 2), "paid for all");
        checkSolvent();
    }

    function test_timeout_boundary() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        bytes32 key = demandSegmentAs(ALICE, hash, 0);
        uint64 due = clock() + ANSWER;
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAsked.selector, keccak256("x")));
        demands.timeout(keccak256("x"));
        warpTo(due);
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotDue.selector, due, due));
        demands.timeout(key);
        warpTo(due + 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AnswerLate.selector, due, due + 1));
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        demands.timeout(key);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
        vm.expectPartialRevert(bytes4(keccak256("ClaimNotOpen(bytes32,uint8)")));
        demands.timeout(key);
    }

    function test_answer_atDue_counts() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        bytes32 key = demandSegmentAs(ALICE, hash, 0);
        warpTo(clock() + ANSWER);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        warpTo(clock() + 1000);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AnsweredAlready.selector, key));
        demands.timeout(key);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AnsweredAlready.selector, key));
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
    }

    function test_finalize_waitsForPendingDemands() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        warpTo(clock() + WINDOW);
        demandSegmentAs(ALICE, hash, 0);
        warpTo(clock() + 1);
        vm.assertFalse(results.finalizable(hash), "pending");
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        results.finalize(hash);
        vm.expectRevert(abi.encodeWithSelector(IDemands.ClaimNotOpen.selector, hash, CLAIM_FINAL));
        demandSegmentAs(ALICE, hash, 1);
    }

    // ------------------------------------------------------------------ answers that are none

    function test_answerSegment_hostile() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
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
        (Run memory run, bytes32 hash) = claimed(BARE);
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
        (Run memory run, bytes32 hash) = claimed(BARE);
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
        (Run memory run, bytes32 hash) = claimed(BARE);
        vm.expectRevert(abi.encodeWithSelector(IDemands.TracesNotOpened.selector, hash, 1));
        vm.prank(ALICE);
        demands.demandStep{value: OPEN_FEE}(hash, 1, 1);
        vm.prank(ALICE);
        demands.demandTraces{value: OPEN_FEE}(hash, 1);
        openSegmentAs(EXECUTOR, hash, run, 1);
        vm.prank(ALICE);
        demands.demandStep{value: OPEN_FEE}(hash, 1, 1);

        SegmentProof memory own = ToyRun.segmentProof(run, 1);
        TraceProof memory trace = ToyRun.traceProof(run, 1, 1);
        HeaderProof memory header = ToyRun.headerProof();
        StepValues memory values = ToyRun.values(3, 0);
        values.exact[0] = values.exact[1];
        vm.expectPartialRevert(IDemands.ValuesMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, values);
        // the root itself instead of the list under it
        values = ToyRun.values(3, 0);
        values.exact = new bytes32[](1);
        values.exact[0] = trace.trace.exactRoot;
        vm.expectRevert(abi.encodeWithSelector(IDemands.CountMismatch.selector, 4, 2, 1));
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, values);
        // a header that counts otherwise
        header.header.exactCount = 1;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, trace, header, values);
        // another step's trace
        values = ToyRun.values(2, 0);
        header = ToyRun.headerProof();
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        demands.openStep(hash, run.task, own, 1, ToyRun.traceProof(run, 1, 0), header, values);
        openStepAs(EXECUTOR, hash, run, 1, 1, 0);
        vm.assertEq(demands.pendingOf(hash), 0, "answered");
    }

    // ------------------------------------------------------------------ chunks

    function askValue(address who, Run memory run, bytes32 hash, NamedValue memory value, uint32 first, uint32 count)
        internal
        returns (bytes32)
    {
        HeaderProof memory header = ToyRun.headerProof();
        vm.prank(who);
        return demands.demandValue{value: OPEN_FEE + count * CHUNK_FEE}(
            hash, run.task, 1, 1, header, value, first, count
        );
    }

    function range(uint8 place, uint32 index, uint32 leafCount, uint32 first, uint32 count)
        internal
        pure
        returns (ChunkRange memory)
    {
        return ChunkRange(CHUNKS_OF_VALUE, 1, 1, place, index, leafCount, 1216, first, count);
    }

    /// Every kind of value of step 3 is found, asked for and answered.
    function test_demandValue_everyPlace() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        // source, index, place, tensor tag
        uint256[4][5] memory cases = [
            [uint256(1), 0, 1, 1003], // state
            [uint256(3), 0, 6, 1004], // next state
            [uint256(4), 0, 4, 2003], // the node's output
            [uint256(5), 0, 1, 1003], // its operand: the state again
            [uint256(6), 0, 4, 3003] // its operand's layout
        ];
        for (uint256 i = 0; i < 5; ++i) {
            ChunkRange memory r = range(uint8(cases[i][2]), i == 4 ? 1 : 0, cases[i][2] == 4 ? 2 : 1, 0, 2);
            bytes32 key = DemandKeys.chunks(hash, r);
            if (i == 3) {
                vm.expectRevert(abi.encodeWithSelector(IDemands.AskedAlready.selector, key));
                askValue(ALICE, run, hash, ToyRun.named(5, 0), 0, 2);
                continue;
            }
            vm.assertEq(
                askValue(ALICE, run, hash, ToyRun.named(uint8(cases[i][0]), uint32(cases[i][1])), 0, 2), key, "key"
            );
            ChunkAnswer memory a;
            a.segment = ToyRun.segmentProof(run, 1);
            a.step = ToyRun.traceProof(run, 1, 1);
            a.data = ToyRun.tensor(cases[i][3]);
            a.tensorRoot = ToyRun.tensorRoot(cases[i][3]);
            if (r.leafCount == 2) a.rootProof = Tree.proof(ToyRun.exactRoots(3, 0), r.index);
            vm.prank(EXECUTOR);
            demands.answerChunks(hash, run.task, r, a);
        }
        vm.assertEq(demands.pendingOf(hash), 0, "all answered");
        checkSolvent();
    }

    function test_demandValue_feed() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        bytes32 key = askValue(ALICE, run, hash, ToyRun.named(2, 0), 0, 1);
        ChunkRange memory r = ChunkRange(CHUNKS_OF_VALUE, 1, 1, 2, 0, 1, 8, 0, 1);
        vm.assertEq(key, DemandKeys.chunks(hash, r), "key");
        ChunkAnswer memory a;
        a.segment = ToyRun.segmentProof(run, 1);
        a.step = ToyRun.traceProof(run, 1, 1);
        a.data = ToyRun.feed(3);
        a.tensorRoot = sha256(a.data);
        vm.prank(EXECUTOR);
        demands.answerChunks(hash, run.task, r, a);
        vm.assertEq(demands.demandOf(key).content, keccak256(a.data), "kept");
    }

    function test_demandValue_hostile() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 3, 2));
        askValue(ALICE, run, hash, ToyRun.named(1, 0), 1, 2);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 0, 128));
        askValue(ALICE, run, hash, ToyRun.named(1, 0), 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 129, 128));
        askValue(ALICE, run, hash, ToyRun.named(1, 0), 0, 129);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 1, 1));
        askValue(ALICE, run, hash, ToyRun.named(1, 1), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 1, 1));
        askValue(ALICE, run, hash, ToyRun.named(4, 1), 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotDemandable.selector, 7));
        askValue(ALICE, run, hash, ToyRun.named(7, 0), 0, 1);
        NamedValue memory nodeless = ToyRun.named(1, 0);
        nodeless.source = 4;
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotDemandable.selector, 4));
        askValue(ALICE, run, hash, nodeless, 0, 1);
        // a node of no graph, with a value that would be easier to hide
        NamedValue memory forged = ToyRun.named(4, 0);
        forged.node[0].node.outputs[0].index = 1;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        askValue(ALICE, run, hash, forged, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, OPEN_FEE + 2 * CHUNK_FEE, OPEN_FEE));
        vm.prank(ALICE);
        demands.demandValue{value: OPEN_FEE}(hash, run.task, 1, 1, ToyRun.headerProof(), ToyRun.named(1, 0), 0, 2);
    }

    function test_answerChunks_hostile() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        askValue(ALICE, run, hash, ToyRun.named(4, 0), 1, 1);
        ChunkRange memory r = range(4, 0, 2, 1, 1);
        ChunkAnswer memory a;
        a.segment = ToyRun.segmentProof(run, 1);
        a.step = ToyRun.traceProof(run, 1, 1);
        a.tensorRoot = ToyRun.tensorRoot(2003);
        a.rootProof = Tree.proof(ToyRun.exactRoots(3, 0), 0);
        a.data = ToyRun.chunk(2003, 1);
        a.rangeProof = Tree.proof(ToyRun.chunkHashes(2003), 1);

        // the first chunk in place of the second
        a.data = ToyRun.chunk(2003, 0);
        vm.expectRevert(abi.encodeWithSelector(TensorRead.ChunkBytes.selector, 192, 1024));
        answer(hash, run, r, a);
        // the right length, other bytes
        a.data = ToyRun.chunk(2003, 1);
        a.data[5] ^= 0x01;
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        answer(hash, run, r, a);
        a.data[5] ^= 0x01;
        // another step, another segment
        a.step = ToyRun.traceProof(run, 1, 0);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        answer(hash, run, r, a);
        a.step = ToyRun.traceProof(run, 1, 1);
        a.segment = ToyRun.segmentProof(run, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 0, 1));
        answer(hash, run, r, a);
        a.segment = ToyRun.segmentProof(run, 1);
        // the layout's tensor instead of the value's
        a.tensorRoot = ToyRun.tensorRoot(3003);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        answer(hash, run, r, a);
        a.tensorRoot = ToyRun.tensorRoot(2003);
        // a range that nobody asked for
        r.chunkCount = 2;
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAsked.selector, DemandKeys.chunks(hash, r)));
        answer(hash, run, r, a);
        r.chunkCount = 1;
        answer(hash, run, r, a);
    }

    function answer(bytes32 hash, Run memory run, ChunkRange memory r, ChunkAnswer memory a) internal {
        vm.prank(EXECUTOR);
        demands.answerChunks(hash, run.task, r, a);
    }

    function test_demandInput_startAndDataset() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        HeaderProof memory header = ToyRun.headerProof();
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotDemandable.selector, 1));
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, 1, 0, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 1, 1));
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, CHUNKS_OF_START, 1, 0, 1);

        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + CHUNK_FEE}(hash, run.task, header, CHUNKS_OF_START, 0, 1, 1);
        ChunkAnswer memory a;
        a.tensorRoot = run.task.startRoot;
        a.data = ToyRun.chunk(1000, 1);
        a.rangeProof = Tree.proof(ToyRun.chunkHashes(1000), 1);
        ChunkRange memory r = ChunkRange(CHUNKS_OF_START, 0, 0, 0, 0, 1, 1216, 1, 1);
        answer(hash, run, r, a);

        // 304 rows of 4 bytes: 1,216 bytes in two chunks
        vm.prank(ALICE);
        demands.demandInput{value: OPEN_FEE + 2 * CHUNK_FEE}(hash, run.task, header, CHUNKS_OF_DATASET, 0, 0, 2);
        a.tensorRoot = run.task.datasetRoot;
        a.data = ToyRun.tensor(9);
        a.rangeProof = new bytes32[](0);
        r = ChunkRange(CHUNKS_OF_DATASET, 0, 0, 0, 0, 1, 1216, 0, 2);
        answer(hash, run, r, a);
        vm.assertEq(demands.pendingOf(hash), 0, "both answered");
    }

    // ------------------------------------------------------------------ fees

    /// Asking costs, whoever asks: a claimant that asks itself to delay its finality does not get the fee back whole.
    function test_fee_halfOfTheOpenFeeBurns_alsoForSelfDemands() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        uint256 burnedBefore = BURNED.balance;
        bytes32[] memory keys = new bytes32[](3);
        for (uint32 s = 0; s < 3; ++s) {
            keys[s] = demandSegmentAs(EXECUTOR, hash, s);
            vm.assertEq(BURNED.balance - burnedBefore, (s + 1) * (OPEN_FEE / 2), "burned when asked");
            checkSolvent();
        }
        for (uint32 s = 0; s < 3; ++s) {
            vm.prank(EXECUTOR);
            demands.answerSegment(hash, ToyRun.segmentProof(run, s));
        }
        pass(WINDOW + 1);
        results.finalize(hash);
        for (uint256 s = 0; s < 3; ++s) demands.collect(keys[s]);
        vm.assertEq(demands.balanceOf(EXECUTOR), 3 * (OPEN_FEE / 2), "half of each fee is gone");
        vm.assertEq(BURNED.balance - burnedBefore, 3 * (OPEN_FEE / 2), "burned once");
        checkSolvent();
    }

    /// The fee for chunks pays for the calldata of the answer and is kept whole.
    function test_fee_chunksAreNotBurned() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        uint256 burnedBefore = BURNED.balance;
        bytes32 key = askValue(ALICE, run, hash, ToyRun.named(1, 0), 0, 2);
        vm.assertEq(demands.demandOf(key).feeWei, OPEN_FEE / 2 + 2 * CHUNK_FEE, "kept for the answerer");
        vm.assertEq(BURNED.balance - burnedBefore, OPEN_FEE / 2, "burned");
        checkSolvent();
    }

    function test_collect_onlyWhenClosed_onlyOnce() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        bytes32 key = demandSegmentAs(ALICE, hash, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.NotAsked.selector, bytes32(0)));
        demands.collect(0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.ClaimNotClosed.selector, hash));
        demands.collect(key);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        vm.expectRevert(abi.encodeWithSelector(IDemands.ClaimNotClosed.selector, hash));
        demands.collect(key);
        pass(WINDOW + 1);
        results.finalize(hash);
        demands.collect(key);
        vm.assertEq(demands.balanceOf(EXECUTOR), OPEN_FEE / 2, "the answerer's");
        vm.expectRevert(abi.encodeWithSelector(IDemands.AlreadyCollected.selector, key));
        demands.collect(key);
        vm.prank(EXECUTOR);
        demands.withdraw();
        checkSolvent();
    }

    function test_collect_overturned_waitsForAirgap() public {
        (Run memory run, bytes32 hash) = claimed(WITH_ROOTS);
        bytes32 answered = demandSegmentAs(BOB, hash, 0);
        bytes32 silent = demandSegmentAs(ALICE, hash, 1);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        pass(2 * ANSWER + 1);
        demands.timeout(silent);
        warpTo(clock() + AIRGAP);
        vm.expectRevert(abi.encodeWithSelector(IDemands.ClaimNotClosed.selector, hash));
        demands.collect(silent);
        warpTo(clock() + 1);
        demands.collect(silent);
        demands.collect(answered);
        vm.assertEq(demands.balanceOf(ALICE), OPEN_FEE / 2, "asker of the silent one");
        vm.assertEq(demands.balanceOf(BOB), OPEN_FEE / 2, "reimbursed, since the claim fell");
        vm.assertEq(demands.balanceOf(EXECUTOR), 0, "nothing for the fallen claimant");
        checkSolvent();
    }
}
