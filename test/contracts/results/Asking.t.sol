// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands, PATH_STEP} from "../../../contracts/interfaces/IDemands.sol";
import {CLAIM_NONE} from "../../../contracts/interfaces/IResultClaims.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Who may ask what of a claim, and for how much (docs/protocol.md P7.2, P7.3, P7.6).
contract AskingTest is Acted {
    function test_demand_outOfRange_reverts() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 3, 3));
        demandSegmentAs(ALICE, hash, 3);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, 1, 1));
        vm.prank(ALICE);
        demands.demandStep{value: STEP_FEE}(hash, 2, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OutOfRange.selector, type(uint32).max, 3));
        vm.prank(ALICE);
        demands.demandStep{value: STEP_FEE}(hash, type(uint32).max, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.TracesInLeaf.selector, hash));
        vm.prank(ALICE);
        demands.demandTraces{value: OPEN_FEE}(hash, 0);
    }

    function test_demand_unknownClaim_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IDemands.ClaimNotOpen.selector, bytes32(0), CLAIM_NONE));
        demandSegmentAs(ALICE, 0, 0);
    }

    function test_demand_exactFee() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        for (uint256 i = 0; i < 3; i += 2) {
            uint256 value = OPEN_FEE + i - 1;
            vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, OPEN_FEE, value));
            demands.demandSegment{value: value}(hash, 0);
        }
    }

    function test_demand_samePathTwice_reverts() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 key = demandSegmentAs(ALICE, hash, 0);
        vm.assertEq(key, DemandKeys.segment(hash, 0), "key");
        vm.expectRevert(abi.encodeWithSelector(IDemands.AskedAlready.selector, key));
        demandSegmentAs(BOB, hash, 0);
    }

    /// After the window only who has a live challenge may ask, and all while something waits.
    function test_demand_windowBoundary() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        uint64 end = clock() + WINDOW;
        warpTo(end);
        vm.assertEq(demands.askableUntil(hash, ALICE), end, "the window");
        challengeAs(BOB, hash, 1, 1, 0);
        vm.assertEq(demands.askableUntil(hash, BOB), type(uint64).max, "as long as the challenge lives");
        warpTo(end + 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AskingOver.selector, end, end + 1));
        demandSegmentAs(ALICE, hash, 1);
        demandSegmentAs(BOB, hash, 1);
        demandSegmentAs(ALICE, hash, 0);
    }

    /// Who asked in time may go on asking, but not for ever: eight rounds after the window it ends.
    function test_demand_afterAnswers_boundary() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        uint64 limit = clock() + WINDOW + 8 * (ANSWER + CHALLENGER_CLOCK);
        warpTo(clock() + WINDOW);
        for (uint32 i = 0; i < 8; ++i) {
            vm.prank(ALICE);
            if (i < 3) demands.demandSegment{value: OPEN_FEE}(hash, i);
            else demands.demandStep{value: STEP_FEE}(hash, (i - 3) / 2, (i - 3) % 2, 0);
            warpTo(clock() + ANSWER);
            if (i < 3) {
                vm.prank(EXECUTOR);
                demands.answerSegment(hash, ToyRun.segmentProof(run, i));
            } else {
                openStepAs(EXECUTOR, hash, run, (i - 3) / 2, (i - 3) % 2, 0);
            }
            uint64 until = clock() + CHALLENGER_CLOCK;
            vm.assertEq(demands.askableUntil(hash, ALICE), until, "from the answer on");
            warpTo(until);
        }
        vm.assertEq(clock(), limit, "eight rounds");
        vm.prank(ALICE);
        demands.demandMetrics{value: OPEN_FEE}(hash, 0);
        vm.assertEq(demands.challengeableUntil(hash), limit, "its answer carries no challenge beyond");
        warpTo(limit + 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AskingOver.selector, limit, limit + 1));
        vm.prank(ALICE);
        demands.demandMetrics{value: OPEN_FEE}(hash, 1);
        answerMetricsAs(EXECUTOR, hash, run, 0);
        warpTo(clock() + CHALLENGER_CLOCK);
        vm.assertFalse(results.finalizable(hash), "not yet");
        warpTo(clock() + 1);
        results.finalize(hash);
        checkSolvent();
    }

    function test_askFor_onlyDisputes() public {
        (, bytes32 hash) = honest(BARE);
        vm.expectRevert(abi.encodeWithSelector(IDemands.OnlyDisputes.selector, ALICE));
        vm.prank(ALICE);
        demands.askFor{value: STEP_FEE}(hash, PATH_STEP, 0, 0, ALICE);
    }
    /// Asking costs, whoever asks: a claimant that asks itself to delay its finality does not get the fee back whole.
    function test_fee_halfOfTheOpenFeeBurns_alsoForSelfDemands() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
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
        vm.assertEq(demands.balanceOf(EXECUTOR), 3 * KEPT_FEE, "half of each fee is gone");
        vm.assertEq(BURNED.balance - burnedBefore, 3 * (OPEN_FEE / 2), "burned once");
        checkSolvent();
    }

    function test_collect_onlyWhenClosed_onlyOnce() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
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
        vm.assertEq(demands.balanceOf(EXECUTOR), KEPT_FEE, "the answerer's");
        vm.expectRevert(abi.encodeWithSelector(IDemands.AlreadyCollected.selector, key));
        demands.collect(key);
        vm.prank(EXECUTOR);
        demands.withdraw();
        checkSolvent();
    }

    function test_collect_overturned_waitsForAirgap() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
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
        vm.assertEq(demands.balanceOf(ALICE), KEPT_FEE, "asker of the silent one");
        vm.assertEq(demands.balanceOf(BOB), KEPT_FEE, "reimbursed, since the claim fell");
        vm.assertEq(demands.balanceOf(EXECUTOR), 0, "nothing for the fallen claimant");
        checkSolvent();
    }
}
