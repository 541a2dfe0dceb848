// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../../../contracts/interfaces/IDemands.sol";
import {CHALLENGE_LAPSED, IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {CLAIM_OVERTURNED, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {SegmentProof} from "../../../contracts/types/Opening.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// The clocks of challenges (docs/protocol.md P7.3).
contract ChallengeClocksTest is Acted {
    /// The `i`-th of eleven questions that the toy run has room for, waited for.
    function ask(bytes32 hash, bytes32 challenge, uint32 i) internal {
        vm.prank(ALICE);
        bytes32 key = i < 3
            ? demands.demandSegment{value: OPEN_FEE}(hash, i)
            : i < 8
                ? demands.demandStep{value: STEP_FEE}(hash, (i - 3) / 2, (i - 3) % 2, 0)
                : demands.demandMetrics{value: OPEN_FEE}(hash, i - 8);
        vm.prank(ALICE);
        disputes.waitFor(challenge, key);
    }

    function answer(bytes32 hash, Run memory run, uint32 i) internal {
        if (i >= 8) return answerMetricsAs(EXECUTOR, hash, run, i - 8);
        if (i >= 3) return openStepAs(EXECUTOR, hash, run, (i - 3) / 2, (i - 3) % 2, 0);
        SegmentProof memory own = ToyRun.segmentProof(run, i);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, own);
    }

    function test_lapse_boundary() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        uint64 end = clock() + CHALLENGER_CLOCK;
        vm.assertEq(disputes.moveBy(id), end, "moveBy");
        rollTo(l1Block() + 1);
        warpTo(end);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.MoveRunning.selector, end, end));
        disputes.lapse(id);
        warpTo(end + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.MoveOver.selector, end, end + 1));
        proveAs(ALICE, id, run, 1, 1);
        vm.prank(STRANGER);
        disputes.lapse(id);
        vm.assertEq(disputes.balanceOf(ALICE), CHALLENGE_BOND, "bond back");
        vm.assertEq(statusOf(id), CHALLENGE_LAPSED, "lapsed");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotLive.selector, id, CHALLENGE_LAPSED));
        disputes.lapse(id);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotLive.selector, id, CHALLENGE_LAPSED));
        proveAs(ALICE, id, run, 1, 1);
        checkSolvent();
    }

    function test_prove_atLastSecond_counts() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        warpTo(clock() + WINDOW);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        warpTo(clock() + CHALLENGER_CLOCK);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.DisputesOpen.selector, hash));
        results.finalize(hash);
        proveAs(ALICE, id, run, 1, 1);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
    }

    /// Lapsing holds finality at most one challenger clock beyond the window, however often it is done.
    function test_lapse_cannotStallFinality() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        uint64 end = clock() + WINDOW;
        warpTo(end);
        bytes32[] memory ids = new bytes32[](5);
        for (uint32 i = 0; i < 5; ++i) ids[i] = challengeAs(ALICE, hash, i / 2, i % 2, 0);
        warpTo(end + CHALLENGER_CLOCK + 1);
        vm.assertFalse(results.finalizable(hash), "live challenges");
        for (uint256 i = 0; i < 5; ++i) disputes.lapse(ids[i]);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WindowOver.selector, end, clock()));
        challengeAs(ALICE, hash, 0, 0, 0);
        results.finalize(hash);
        checkSolvent();
    }

    function test_finalize_waitsAirgapBehindFailedProof() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        warpTo(clock() + WINDOW);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        warpTo(clock() + 1);
        proveAs(ALICE, id, run, 1, 1);
        warpTo(clock() + AIRGAP);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.DisputesOpen.selector, hash));
        results.finalize(hash);
        warpTo(clock() + 1);
        results.finalize(hash);
    }

    function test_waitFor_hostile() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        bytes32 key = demandSegmentAs(BOB, hash, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ForeignDemand.selector, hash, bytes32(0)));
        vm.prank(ALICE);
        disputes.waitFor(id, keccak256("nothing"));
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OnlyChallenger.selector, ALICE, BOB));
        vm.prank(BOB);
        disputes.waitFor(id, key);
        vm.prank(ALICE);
        disputes.waitFor(id, key);
        vm.assertEq(disputes.moveBy(id), type(uint64).max, "waits");
        pass(10);
        Run memory run = ToyRun.make(WITH_ROOTS);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        uint64 end = clock() + CHALLENGER_CLOCK;
        vm.assertEq(disputes.moveBy(id), end, "from the answer on");
        warpTo(end);
        vm.prank(ALICE);
        disputes.waitFor(id, key);
        vm.assertEq(disputes.moveBy(id), end, "an old answer gives no time");
    }

    /// A challenger may wait for as many answers as the lie takes to be shown: here for every step and segment there is.
    function test_waitFor_anyNumber() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        for (uint32 i = 0; i < 11; ++i) {
            ask(hash, id, i);
            warpTo(clock() + 1);
            answer(hash, run, i);
            vm.assertEq(disputes.moveBy(id), clock() + CHALLENGER_CLOCK, "from the answer on");
        }
    }

    /// No wait starts later than eight rounds of question and move after the challenge, so every challenge ends.
    function test_waitFor_boundary() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        uint64 until = clock() + 8 * (ANSWER + CHALLENGER_CLOCK);
        // Kept alive by an answer at the last second, eight times over.
        for (uint32 i = 0; i < 8; ++i) {
            ask(hash, id, i);
            warpTo(clock() + ANSWER);
            answer(hash, run, i);
            warpTo(clock() + CHALLENGER_CLOCK);
        }
        vm.assertEq(clock(), until, "eight rounds");
        ask(hash, id, 8);
        vm.prank(ALICE);
        bytes32 next = demands.demandMetrics{value: OPEN_FEE}(hash, 1);
        warpTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WaitingOver.selector, until, until + 1));
        vm.prank(ALICE);
        disputes.waitFor(id, next);
        answer(hash, run, 8);
        answer(hash, run, 9);
        warpTo(clock() + CHALLENGER_CLOCK + 1);
        disputes.lapse(id);
        results.finalize(hash);
        checkSolvent();
    }

    /// A slow answer does not eat the window: who asked in time may challenge after it.
    function test_challenge_afterALateAnswer() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        uint64 windowEnd = clock() + WINDOW;
        warpTo(windowEnd);
        demandSegmentAs(ALICE, hash, 1);
        warpTo(windowEnd + ANSWER - 1);
        uint64 limit = windowEnd + 8 * (ANSWER + CHALLENGER_CLOCK);
        vm.assertEq(demands.challengeableUntil(hash), limit, "while it waits");
        warpTo(windowEnd + ANSWER);
        vm.prank(LIAR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 1));
        uint64 until = clock() + CHALLENGER_CLOCK;
        vm.assertEq(demands.challengeableUntil(hash), until, "from the answer on");
        warpTo(until);
        vm.assertFalse(results.finalizable(hash), "finality waits as long");
        bytes32 id = challengeAs(BOB, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        proveAs(BOB, id, run, 1, 1);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
    }

    /// What a claimant asks of itself, lest another be the first, carries challenges as every question does.
    function test_challenge_afterTheClaimantsOwnQuestion() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        warpTo(clock() + WINDOW);
        demandSegmentAs(LIAR, hash, 1);
        warpTo(clock() + ANSWER);
        vm.prank(LIAR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 1));
        uint64 until = clock() + CHALLENGER_CLOCK;
        vm.assertEq(demands.challengeableUntil(hash), until, "from the answer on");
        warpTo(until);
        challengeAs(BOB, hash, 1, 1, 0);
        warpTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WindowOver.selector, until, until + 1));
        challengeAs(ALICE, hash, 1, 1, 0);
    }

    /// A challenge allows questions, and an answered question a challenge: the chain ends with the pursuit, whoever pays for it.
    function test_challenge_chainOfQuestions_boundary() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        uint64 limit = clock() + WINDOW + 8 * (ANSWER + CHALLENGER_CLOCK);
        warpTo(clock() + WINDOW);
        bytes32 first = challengeAs(ALICE, hash, 1, 1, 0);
        for (uint32 i = 0; i < 8; ++i) {
            ask(hash, first, i);
            warpTo(clock() + ANSWER);
            answer(hash, run, i);
            warpTo(clock() + CHALLENGER_CLOCK);
        }
        vm.assertEq(clock(), limit, "eight rounds behind the window");
        bytes32 second = challengeAs(ALICE, hash, 1, 0, 0);
        warpTo(limit + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WindowOver.selector, limit, limit + 1));
        challengeAs(ALICE, hash, 0, 0, 0);
        disputes.lapse(first);
        // The live one still asks and waits; what it is answered carries no challenge any more.
        ask(hash, second, 8);
        answer(hash, run, 8);
        vm.assertEq(demands.challengeableUntil(hash), limit, "no answer moves the limit");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WindowOver.selector, limit, limit + 1));
        challengeAs(ALICE, hash, 0, 0, 0);
        warpTo(clock() + CHALLENGER_CLOCK + 1);
        disputes.lapse(second);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AskingOver.selector, limit, clock()));
        vm.prank(ALICE);
        demands.demandMetrics{value: OPEN_FEE}(hash, 2);
        results.finalize(hash);
        checkSolvent();
    }

    function test_challenge_afterALateAnswer_boundary() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        warpTo(clock() + WINDOW);
        demandSegmentAs(ALICE, hash, 1);
        warpTo(clock() + 3);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 1));
        uint64 until = clock() + CHALLENGER_CLOCK;
        warpTo(until);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.DisputesOpen.selector, hash));
        results.finalize(hash);
        warpTo(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.WindowOver.selector, until, until + 1));
        challengeAs(ALICE, hash, 1, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IDemands.AskingOver.selector, until, until + 1));
        demandSegmentAs(ALICE, hash, 0);
        results.finalize(hash);
    }
}
