// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../../../contracts/interfaces/IDemands.sol";
import {CHALLENGE_NONE, IDisputes, NO_STEP} from "../../../contracts/interfaces/IDisputes.sol";
import {
    CLAIM_FINAL,
    CLAIM_NONE,
    CLAIM_OVERTURNED,
    CLAIM_SUNK,
    ClaimInput
} from "../../../contracts/interfaces/IResultClaims.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {SegmentProof} from "../../../contracts/types/Opening.sol";
import {hashSegmentLeaf} from "../../../contracts/types/Trace.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Challenges (docs/protocol.md P7): who may start which, what is opened for them, what closes them.
contract ChallengesTest is Acted {
    function test_challenge_unknownClaim_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, bytes32(uint256(7)), CLAIM_NONE));
        challengeAs(ALICE, bytes32(uint256(7)), 0, 0, 0);
    }

    function test_challenge_outOfRange_reverts() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OutOfRange.selector, 3, 3));
        challengeAs(ALICE, hash, 3, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OutOfRange.selector, type(uint32).max, 3));
        challengeAs(ALICE, hash, type(uint32).max, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OutOfRange.selector, 2, 2));
        challengeAs(ALICE, hash, 0, 2, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OutOfRange.selector, 1, 1));
        challengeAs(ALICE, hash, 2, 1, 0);
        challengeAs(ALICE, hash, 2, 0, 0);
    }

    function test_challenge_exactValue() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.BondMismatch.selector, CHALLENGE_BOND, CHALLENGE_BOND - 1));
        vm.prank(ALICE);
        disputes.challenge{value: CHALLENGE_BOND - 1}(hash, 0, 0);
        challengeAs(ALICE, hash, 0, 0, OPEN_FEE);
        vm.assertEq(disputes.balanceOf(ALICE), OPEN_FEE, "an unneeded fee comes back");
        (, hash) = lying(BARE);
        for (uint256 i = 0; i < 3; i += 2) {
            uint256 feeWei = OPEN_FEE + i - 1;
            vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, OPEN_FEE, feeWei));
            challengeAs(ALICE, hash, 0, NO_STEP, feeWei);
        }
        checkSolvent();
    }

    function test_challenge_windowBoundary() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        uint64 end = clock() + WINDOW;
        warpTo(end + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WindowOver.selector, end, end + 1));
        challengeAs(ALICE, hash, 0, 0, 0);
        warpTo(end);
        challengeAs(ALICE, hash, 0, 0, 0);
    }

    function test_challenge_stepBeforeOpening_reverts() public {
        (, bytes32 hash) = honest(BARE);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.StepUnknown.selector, 0));
        challengeAs(ALICE, hash, 0, 0, OPEN_FEE);
        vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, OPEN_FEE, 0));
        challengeAs(ALICE, hash, 0, NO_STEP, 0);
    }
    function test_openPointProve_withoutStepRoots() public {
        (Run memory run, bytes32 hash) = lying(BARE);
        bytes32 id = challengeAs(ALICE, hash, 1, NO_STEP, OPEN_FEE);
        vm.assertEq(disputes.moveBy(id), type(uint64).max, "waits for the opening");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotOpened.selector, hash, 1));
        vm.prank(ALICE);
        disputes.point(id, 1);
        warpTo(clock() + ANSWER);
        openSegmentAs(LIAR, hash, run, 1);
        vm.assertEq(disputes.moveBy(id), clock() + CHALLENGER_CLOCK, "from the answer on");
        rollTo(l1Block() + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.StepUnknown.selector, NO_STEP));
        proveAs(ALICE, id, run, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OutOfRange.selector, 2, 2));
        vm.prank(ALICE);
        disputes.point(id, 2);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OnlyChallenger.selector, ALICE, BOB));
        vm.prank(BOB);
        disputes.point(id, 1);
        vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, STEP_FEE, 1));
        vm.prank(ALICE);
        disputes.point{value: 1}(id, 1);
        vm.prank(ALICE);
        disputes.point{value: STEP_FEE}(id, 1);
        vm.assertEq(disputes.moveBy(id), type(uint64).max, "waits for the step");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.PointedAlready.selector, 1));
        vm.prank(ALICE);
        disputes.point(id, 0);
        openStepAs(LIAR, hash, run, 1, 1, 1);
        proveAs(ALICE, id, run, 1, 1);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
        pass(AIRGAP + 1);
        demands.collect(DemandKeys.traces(hash, 1));
        demands.collect(DemandKeys.step(hash, 1, 1, 0));
        vm.assertEq(demands.balanceOf(ALICE), 2 * KEPT_FEE + PAGE_FEE, "what was not burned comes back");
        checkSolvent();
    }

    /// The second challenger of a path pays no fee and moves on the same stored opening.
    function test_challenge_samePathTwice_oneOpening() public {
        (Run memory run, bytes32 hash) = lying(BARE);
        bytes32 a = challengeAs(ALICE, hash, 1, NO_STEP, OPEN_FEE);
        bytes32 b = challengeAs(BOB, hash, 1, NO_STEP, OPEN_FEE);
        vm.assertEq(demands.balanceOf(BOB), OPEN_FEE, "second fee back");
        vm.assertEq(demands.pendingOf(hash), 1, "one opening");
        openSegmentAs(LIAR, hash, run, 1);
        vm.assertEq(disputes.moveBy(a), disputes.moveBy(b), "both move");
        bytes32 c = challengeAs(STRANGER, hash, 1, 1, OPEN_FEE);
        vm.assertEq(disputes.balanceOf(STRANGER), OPEN_FEE, "nothing to open any more");
        rollTo(l1Block() + 1);
        proveAs(STRANGER, c, run, 1, 1);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
        checkSolvent();
    }

    function test_silence_losesToTheAsker() public {
        (, bytes32 hash) = honest(BARE);
        bytes32 id = challengeAs(ALICE, hash, 1, NO_STEP, OPEN_FEE);
        bytes32 key = DemandKeys.traces(hash, 1);
        pass(ANSWER + 1);
        vm.prank(STRANGER);
        demands.timeout(key);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
        pass(AIRGAP + 1);
        disputes.refund(id);
        demands.collect(key);
        results.collect(hash);
        vm.assertEq(disputes.balanceOf(ALICE), CHALLENGE_BOND, "bond");
        vm.assertEq(demands.balanceOf(ALICE), KEPT_FEE, "fee");
        vm.assertEq(results.balanceOf(ALICE), CLAIM_BOND / 2, "reward");
        checkSolvent();
    }
    function test_moves_onClosedClaims() public {
        // final
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        pass(WINDOW + 1);
        results.finalize(hash);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, hash, CLAIM_FINAL));
        challengeAs(ALICE, hash, 0, 0, 0);
        disputes.collect(hash);
        // unknown challenge
        bytes32 id = keccak256("no challenge");
        bytes memory notLive = abi.encodeWithSelector(IDisputes.NotLive.selector, id, CHALLENGE_NONE);
        vm.expectRevert(notLive);
        disputes.lapse(id);
        vm.expectRevert(notLive);
        disputes.refund(id);
        vm.expectRevert(notLive);
        disputes.point(id, 0);
        vm.expectRevert(notLive);
        disputes.waitFor(id, 0);
        bytes memory w = witness(run, 0, 0, 0);
        vm.expectRevert(notLive);
        disputes.prove(id, 1, run.task, w);
    }

    /// A claim sinks with its model: challengers against it are refunded at once, the answers it gave are paid.
    function test_sunkClaim_refundsChallengers_paysAnswers() public {
        Run memory run = ToyRun.make(WITH_ROOTS, 3, 0);
        leaf.mark(run.traces[3].exactRoot);
        bytes32 model = claimAs(LIAR, run);
        ClaimInput memory i;
        i.job = run.job;
        i.kind = 2;
        i.output = hex"0000803f";
        i.resultRoot = sha256(i.output);
        i.lastSegment.endState = i.resultRoot;
        i.trajectoryRoot = hashSegmentLeaf(i.lastSegment);
        i.consumed = new bytes32[](1);
        i.consumed[0] = model;
        bytes32 infer = claimAs(EXECUTOR, i);
        vm.prank(BOB);
        bytes32 answered = demands.demandSegment{value: OPEN_FEE}(infer, 0);
        vm.prank(BOB);
        bytes32 silent = demands.demandStep{value: STEP_FEE}(infer, 0, 0, 0);
        bytes32 onInfer = challengeAs(BOB, infer, 0, 0, 0);
        bytes32 id = challengeAs(ALICE, model, 1, 1, 0);
        {
            bytes32[] memory none = new bytes32[](0);
            vm.prank(EXECUTOR);
            demands.answerSegment(infer, segmentOf(i, none));
        }
        rollTo(l1Block() + 1);
        proveAs(ALICE, id, run, 1, 1);
        results.sink(infer);
        disputes.refund(onInfer);
        demands.collect(answered);
        demands.collect(silent);
        vm.assertEq(disputes.balanceOf(BOB), CHALLENGE_BOND, "challenger refunded");
        vm.assertEq(demands.balanceOf(EXECUTOR), KEPT_FEE, "answer paid");
        vm.assertEq(demands.balanceOf(BOB), KEPT_FEE + PAGE_FEE, "unanswered: back");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "claim bond back");
        vm.assertEq(results.claimOf(infer).status, CLAIM_SUNK, "sunk");
        checkSolvent();
    }

    function segmentOf(ClaimInput memory i, bytes32[] memory proof) internal pure returns (SegmentProof memory s) {
        s.leaf = i.lastSegment;
        s.proof = proof;
    }
}
