// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../../../contracts/interfaces/IDemands.sol";
import {CLAIM_FINAL, CLAIM_OVERTURNED} from "../../../contracts/interfaces/IResultClaims.sol";
import {HeaderProof, NamedValue} from "../../../contracts/types/Witness.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// When an answer is due, and what silence costs (docs/protocol.md P7.2).
contract DueTimesTest is Acted {
    /// What a second demand has on top: computing the toy's segment again, rounded up to a second.
    uint64 constant SPACING = 1;

    function test_due_queues() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        uint64 start = clock();
        bytes32 a = demandSegmentAs(ALICE, hash, 0);
        bytes32 b = demandSegmentAs(ALICE, hash, 1);
        vm.prank(ALICE);
        bytes32 c = demands.demandMetrics{value: OPEN_FEE}(hash, 0);
        warpTo(start + 10);
        bytes32 d = demandSegmentAs(BOB, hash, 2);
        vm.assertEq(demands.demandOf(a).due, start + ANSWER, "first");
        vm.assertEq(demands.demandOf(b).due, start + ANSWER + SPACING, "second");
        vm.assertEq(demands.demandOf(c).due, start + ANSWER + 2 * SPACING, "third");
        vm.assertEq(demands.demandOf(d).due, start + 10 + ANSWER, "asked later: a whole answer time");
        vm.assertEq(demands.pendingOf(hash), 4, "pending");
        for (uint256 s = 0; s < 3; ++s) {
            vm.prank(EXECUTOR);
            demands.answerSegment(hash, ToyRun.segmentProof(run, s));
        }
        answerMetricsAs(EXECUTOR, hash, run, 0);
        vm.assertEq(demands.pendingOf(hash), 0, "none pending");
        vm.prank(ALICE);
        bytes32 e = demands.demandStep{value: STEP_FEE}(hash, 0, 0, 0);
        vm.assertEq(demands.demandOf(e).due, clock() + ANSWER, "an empty queue starts at now");
    }

    /// The j-th of `source`'s ranges of the values of each step: three ranges of two chunks, five steps.
    function demandRange(bytes32 hash, Run memory run, uint8 source, uint32 j, uint256 openWei)
        internal
        returns (bytes32 key)
    {
        (uint32 step, uint32 first, uint32 count) = (j / 3, j % 3 == 1 ? 1 : 0, j % 3 == 2 ? 2 : 1);
        HeaderProof memory header = ToyRun.headerProof();
        NamedValue memory value = ToyRun.named(source, 0);
        vm.prank(STRANGER);
        return demands.demandValue{value: openWei + count * CHUNK_FEE}(
            hash, run.task, step / 2, step % 2, header, value, first, count
        );
    }

    /// Every answer time that a flood adds doubles the price of asking: delay is dear, for whoever wants it.
    function test_due_feeDoublesWithEveryAnswerTimeOfDelay() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        uint64 start = clock();
        uint256 burned = BURNED.balance;
        bytes32 key;
        for (uint32 j = 0; j < 30; ++j) {
            vm.assertEq(demands.openFeeWei(hash), OPEN_FEE, "the first answer time is for all");
            key = demandRange(hash, run, j < 15 ? 1 : 3, j % 15, OPEN_FEE);
        }
        vm.assertEq(demands.demandOf(key).due, start + ANSWER + 29 * SPACING, "thirtieth");
        vm.assertEq(demands.openFeeWei(hash), 2 * OPEN_FEE, "30 s behind the first");
        vm.expectRevert(
            abi.encodeWithSelector(IDemands.FeeMismatch.selector, 2 * OPEN_FEE + CHUNK_FEE, OPEN_FEE + CHUNK_FEE)
        );
        demandRange(hash, run, 4, 0, OPEN_FEE);
        warpTo(start + 1);
        vm.assertEq(demands.openFeeWei(hash), OPEN_FEE, "29 s behind");
        demandRange(hash, run, 4, 0, OPEN_FEE);
        vm.assertEq(demands.openFeeWei(hash), 2 * OPEN_FEE, "30 s again");
        key = demandRange(hash, run, 4, 1, 2 * OPEN_FEE);
        vm.assertEq(demands.demandOf(key).feeWei, OPEN_FEE + CHUNK_FEE, "half burns");
        vm.assertEq(BURNED.balance - burned, 31 * (OPEN_FEE / 2) + OPEN_FEE, "burned");
        vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, 2 * OPEN_FEE, OPEN_FEE));
        demandSegmentAs(BOB, hash, 0);
        checkSolvent();
    }

    /// A flood of demands never makes an honest claimant miss: it may begin at the last second, and answer one per spacing.
    function test_due_floodIsAnswerable_oneByOne() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32[] memory keys = new bytes32[](8);
        for (uint32 s = 0; s < 3; ++s) keys[s] = demandSegmentAs(ALICE, hash, s);
        for (uint32 t = 0; t < 5; ++t) {
            vm.prank(ALICE);
            keys[3 + t] = demands.demandStep{value: STEP_FEE}(hash, t / 2, t % 2, 0);
        }
        warpTo(clock() + ANSWER - SPACING);
        for (uint32 i = 0; i < 8; ++i) {
            warpTo(clock() + SPACING);
            if (i < 3) {
                vm.prank(EXECUTOR);
                demands.answerSegment(hash, ToyRun.segmentProof(run, i));
            } else {
                openStepAs(EXECUTOR, hash, run, (i - 3) / 2, (i - 3) % 2, 0);
            }
        }
        warpTo(clock() + CHALLENGER_CLOCK + 1);
        results.finalize(hash);
        for (uint256 i = 0; i < 8; ++i) demands.collect(keys[i]);
        vm.assertEq(demands.balanceOf(EXECUTOR), 8 * KEPT_FEE + 5 * PAGE_FEE, "paid for all");
        checkSolvent();
    }

    function test_timeout_boundary() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
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
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
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
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        warpTo(clock() + WINDOW);
        demandSegmentAs(ALICE, hash, 0);
        warpTo(clock() + 1);
        vm.assertFalse(results.finalizable(hash), "pending");
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        vm.assertFalse(results.finalizable(hash), "its asker may act on the answer");
        warpTo(clock() + CHALLENGER_CLOCK + 1);
        results.finalize(hash);
        vm.expectRevert(abi.encodeWithSelector(IDemands.ClaimNotOpen.selector, hash, CLAIM_FINAL));
        demandSegmentAs(ALICE, hash, 1);
    }
}
