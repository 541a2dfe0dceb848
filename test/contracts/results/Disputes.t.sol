// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../../../contracts/interfaces/IDemands.sol";
import {
    CHALLENGE_LAPSED,
    CHALLENGE_LIVE,
    CHALLENGE_LOST,
    CHALLENGE_NONE,
    CHALLENGE_REFUNDED,
    CHALLENGE_WON,
    IDisputes,
    Link,
    NO_STEP
} from "../../../contracts/interfaces/IDisputes.sol";
import {ILeafRouter} from "../../../contracts/interfaces/ILeafRouter.sol";
import {LeafContext} from "../../../contracts/interfaces/ILeafVerifier.sol";
import {
    CLAIM_FINAL,
    CLAIM_NONE,
    CLAIM_OPEN,
    CLAIM_OVERTURNED,
    CLAIM_SUNK,
    ClaimInput,
    ClaimRecord,
    IResultClaims
} from "../../../contracts/interfaces/IResultClaims.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {SegmentProof} from "../../../contracts/types/Opening.sol";
import {Task} from "../../../contracts/types/Task.sol";
import {hashSegmentLeaf} from "../../../contracts/types/Trace.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";
import {ToyLeaf} from "./harness/ToyLeaf.sol";

/// Challenges (docs/protocol.md P7): who may do what, when, and who pays.
contract DisputesTest is Acted {
    uint8 constant WITH_ROOTS = STEP_ROOTS | SEQUENTIAL;
    uint8 constant BARE = SEQUENTIAL;

    /// A claim that lies in step 3 (segment 1, step 1).
    function lying(uint8 flags) internal returns (Run memory run, bytes32 hash) {
        run = ToyRun.make(flags, 3, 0);
        leaf.mark(run.traces[3].exactRoot);
        hash = claimAs(LIAR, run);
    }

    function honest(uint8 flags) internal returns (Run memory run, bytes32 hash) {
        run = ToyRun.make(flags);
        hash = claimAs(EXECUTOR, run);
    }

    function statusOf(bytes32 id) internal view returns (uint8) {
        return disputes.challengeOf(id).status;
    }

    // ------------------------------------------------------------------ challenge

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
        vm.expectRevert(
            abi.encodeWithSelector(IDisputes.BondMismatch.selector, CHALLENGE_BOND, CHALLENGE_BOND - 1)
        );
        vm.prank(ALICE);
        disputes.challenge{value: CHALLENGE_BOND - 1}(hash, 0, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDisputes.BondMismatch.selector, CHALLENGE_BOND + OPEN_FEE, CHALLENGE_BOND + OPEN_FEE + 1
            )
        );
        challengeAs(ALICE, hash, 0, 0, OPEN_FEE + 1);
        challengeAs(ALICE, hash, 0, 0, OPEN_FEE);
        vm.assertEq(disputes.balanceOf(ALICE), OPEN_FEE, "an unneeded fee comes back");
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

    // ------------------------------------------------------------------ prove

    function test_prove_inChallengeBlock_reverts() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        bytes memory w = witness(run, 1, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.SameBlock.selector, l1Block()));
        vm.prank(ALICE);
        disputes.prove(id, 1, run.task, w);
    }

    function test_prove_byAnother_reverts() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        bytes memory w = witness(run, 1, 1, 0);
        address[4] memory others = [BOB, LIAR, EXECUTOR, address(this)];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IDisputes.OnlyChallenger.selector, ALICE, others[i]));
            vm.prank(others[i]);
            disputes.prove(id, 1, run.task, w);
        }
    }

    function test_prove_foreignMaterial_reverts() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        Run memory other = ToyRun.make(WITH_ROOTS, 99, 5);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        bytes memory w = witness(run, 1, 1, 0);
        Task memory task = run.task;
        task.windowSeconds += 1;
        vm.expectPartialRevert(IDisputes.TaskMismatch.selector);
        vm.prank(ALICE);
        disputes.prove(id, 1, task, w);
        task = other.task;
        vm.expectPartialRevert(IDisputes.TaskMismatch.selector);
        vm.prank(ALICE);
        disputes.prove(id, 1, task, w);

        run = ToyRun.make(WITH_ROOTS, 3, 0);
        // another segment of this claim, another step of this segment, another claim's path
        w = witness(run, 0, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.SegmentMismatch.selector, 1, 0));
        vm.prank(ALICE);
        disputes.prove(id, 1, run.task, w);
        w = witness(run, 1, 0, 0);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(ALICE);
        disputes.prove(id, 1, run.task, w);
        w = witness(ToyRun.make(WITH_ROOTS, 2, 0), 1, 1, 0);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(ALICE);
        disputes.prove(id, 1, run.task, w);
        // short and long proofs
        Link memory link = Link(ToyRun.segmentProof(run, 1), ToyRun.traceProof(run, 1, 1));
        link.step.proof = new bytes32[](0);
        w = abi.encode(link, abi.encode(uint256(1), uint256(0)));
        vm.expectRevert(abi.encodeWithSelector(Merkle.ProofLength.selector, 1, 0));
        vm.prank(ALICE);
        disputes.prove(id, 1, run.task, w);
        vm.assertEq(statusOf(id), CHALLENGE_LIVE, "a witness that does not verify is no verdict");
    }

    function test_prove_unknownKind_reverts() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        bytes memory w = witness(run, 1, 1, 0);
        for (uint8 kind = 0; kind <= 10; kind += 10) {
            vm.expectRevert(abi.encodeWithSelector(ILeafRouter.UnknownKind.selector, kind));
            vm.prank(ALICE);
            disputes.prove(id, kind, run.task, w);
        }
    }

    function test_prove_leafReverts_noVerdict() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        bytes memory w = witness(run, 1, 1, leaf.REVERT());
        vm.expectRevert(abi.encodeWithSelector(ToyLeaf.Malformed.selector));
        vm.prank(ALICE);
        disputes.prove(id, 1, run.task, w);
        vm.assertEq(statusOf(id), CHALLENGE_LIVE, "live");
        vm.assertEq(results.claimOf(hash).status, CLAIM_OPEN, "open");
    }

    /// A leaf that runs out of gas must never be read as a verdict, at whatever gas limit the caller tries.
    function test_prove_outOfGasInLeaf_noVerdict() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        bytes memory burner = abi.encodeCall(
            disputes.prove, (id, 1, run.task, witness(run, 1, 1, leaf.BURN_ALL_GAS()))
        );
        bytes memory plain = abi.encodeCall(disputes.prove, (id, 1, run.task, witness(run, 1, 1, 0)));
        for (uint256 gasLimit = 30_000; gasLimit < 2_000_000; gasLimit = gasLimit * 5 / 4) {
            vm.prank(ALICE);
            (bool done,) = address(disputes).call{gas: gasLimit}(burner);
            vm.assertFalse(done, "burner reverts");
            vm.assertEq(statusOf(id), CHALLENGE_LIVE, "live");
        }
        bool settled = false;
        for (uint256 gasLimit = 30_000; !settled; gasLimit += 10_000) {
            vm.prank(ALICE);
            (settled,) = address(disputes).call{gas: gasLimit}(plain);
            if (!settled) vm.assertEq(statusOf(id), CHALLENGE_LIVE, "too little gas changes nothing");
        }
        vm.assertEq(statusOf(id), CHALLENGE_LOST, "enough gas: the true verdict");
        vm.assertEq(results.claimOf(hash).status, CLAIM_OPEN, "the claim stands");
    }

    function test_prove_contextIsTheClaims() public {
        (Run memory run, bytes32 hash) = honest(BARE);
        bytes32 id = challengeAs(ALICE, hash, 1, NO_STEP, OPEN_FEE);
        openSegmentAs(EXECUTOR, hash, run, 1);
        vm.prank(ALICE);
        disputes.point(id, 1);
        rollTo(l1Block() + 1);
        LeafContext memory c;
        c.task = run.task;
        c.trajectoryRoot = run.trajectoryRoot;
        c.segment = run.segments[1];
        c.segment.stepsRoot = demands.stepsRootOf(hash, 1);
        c.step = 1;
        c.globalStep = 3;
        c.trace = run.traces[3];
        run = ToyRun.make(BARE);
        bytes memory w = witness(run, 1, 1, leaf.SHOW());
        vm.expectRevert(abi.encodeWithSelector(ToyLeaf.Asked.selector, c, 1));
        vm.prank(ALICE);
        disputes.prove(id, 1, run.task, w);
    }

    function test_prove_wrong_overturnsAtOnce() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        uint64 before = inbox.count();
        proveAs(ALICE, id, run, 1, 1);
        vm.assertEq(inbox.count(), before + 1, "Overturned is queued in the same call");
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
        vm.assertEq(statusOf(id), CHALLENGE_WON, "won");

        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotSettled.selector, hash));
        disputes.refund(id);
        warpTo(clock() + AIRGAP);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotSettled.selector, hash));
        disputes.refund(id);
        warpTo(clock() + 1);
        disputes.refund(id);
        results.collect(hash);
        vm.assertEq(disputes.balanceOf(ALICE), CHALLENGE_BOND, "bond back");
        vm.assertEq(results.balanceOf(ALICE), CLAIM_BOND / 2, "reward");
        vm.assertEq(BURNED.balance, CLAIM_BOND - CLAIM_BOND / 2, "burned");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotLive.selector, id, CHALLENGE_REFUNDED));
        disputes.refund(id);
        checkSolvent();
    }

    function test_prove_notWrong_losesBond_halfBurned() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        proveAs(ALICE, id, run, 1, 1);
        vm.assertEq(statusOf(id), CHALLENGE_LOST, "lost");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotLive.selector, id, CHALLENGE_LOST));
        proveAs(ALICE, id, run, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotLive.selector, id, CHALLENGE_LOST));
        disputes.refund(id);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotSettled.selector, hash));
        disputes.collect(hash);
        pass(WINDOW + 1);
        results.finalize(hash);
        disputes.collect(hash);
        disputes.collect(hash); // nothing the second time
        vm.assertEq(disputes.balanceOf(EXECUTOR), CHALLENGE_BOND / 2, "half for the claimant");
        vm.assertEq(BURNED.balance, CHALLENGE_BOND - CHALLENGE_BOND / 2, "half burned");
        checkSolvent();
    }

    /// A failed proof bars no other challenge, and what was lost to a liar is burned whole.
    function test_prove_failureDoesNotLeak() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 first = challengeAs(BOB, hash, 0, 0, 0);
        bytes32 second = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        proveAs(BOB, first, run, 0, 0);
        proveAs(ALICE, second, run, 1, 1);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned all the same");
        pass(AIRGAP + 1);
        disputes.collect(hash);
        vm.assertEq(disputes.balanceOf(LIAR), 0, "nothing for the liar");
        vm.assertEq(BURNED.balance, CHALLENGE_BOND, "burned");
        checkSolvent();
    }

    /// The liar challenges itself to lose to itself: at least half of the bond is gone.
    function test_selfChallenge_costs() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 id = challengeAs(LIAR, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        proveAs(LIAR, id, run, 1, 1);
        pass(AIRGAP + 1);
        results.collect(hash);
        disputes.refund(id);
        vm.assertEq(results.balanceOf(LIAR), CLAIM_BOND / 2, "half is gone");
        checkSolvent();
    }

    function test_twoChallengers_loserOfTheRaceIsRefunded() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 a = challengeAs(ALICE, hash, 1, 1, 0);
        bytes32 b = challengeAs(BOB, hash, 1, 1, 0);
        vm.assertTrue(a != b, "own challenges");
        rollTo(l1Block() + 1);
        proveAs(ALICE, a, run, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, hash, CLAIM_OVERTURNED));
        proveAs(BOB, b, run, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, hash, CLAIM_OVERTURNED));
        disputes.lapse(b);
        pass(AIRGAP + 1);
        disputes.refund(b);
        disputes.refund(a);
        results.collect(hash);
        vm.assertEq(disputes.balanceOf(BOB), CHALLENGE_BOND, "whole bond");
        vm.assertEq(results.balanceOf(BOB), 0, "no reward");
        checkSolvent();
    }

    // ------------------------------------------------------------------ clocks

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

    // ------------------------------------------------------------------ open, point

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
        vm.expectRevert(abi.encodeWithSelector(IDemands.FeeMismatch.selector, OPEN_FEE, 1));
        vm.prank(ALICE);
        disputes.point{value: 1}(id, 1);
        vm.prank(ALICE);
        disputes.point{value: OPEN_FEE}(id, 1);
        vm.assertEq(disputes.moveBy(id), type(uint64).max, "waits for the step");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.PointedAlready.selector, 1));
        vm.prank(ALICE);
        disputes.point(id, 0);
        openStepAs(LIAR, hash, run, 1, 1, 1);
        proveAs(ALICE, id, run, 1, 1);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "overturned");
        pass(AIRGAP + 1);
        demands.collect(DemandKeys.traces(hash, 1));
        demands.collect(DemandKeys.step(hash, 1, 1));
        vm.assertEq(demands.balanceOf(ALICE), 2 * (OPEN_FEE / 2), "what was not burned comes back");
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
        vm.assertEq(demands.balanceOf(ALICE), OPEN_FEE / 2, "fee");
        vm.assertEq(results.balanceOf(ALICE), CLAIM_BOND / 2, "reward");
        checkSolvent();
    }

    // ------------------------------------------------------------------ waiting

    function test_waitFor_isBounded() public {
        (, bytes32 hash) = honest(WITH_ROOTS);
        bytes32 id = challengeAs(ALICE, hash, 1, 1, 0);
        vm.prank(BOB);
        bytes32 key = demands.demandSegment{value: OPEN_FEE}(hash, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ForeignDemand.selector, hash, bytes32(0)));
        vm.prank(ALICE);
        disputes.waitFor(id, keccak256("nothing"));
        vm.expectRevert(abi.encodeWithSelector(IDisputes.OnlyChallenger.selector, ALICE, BOB));
        vm.prank(BOB);
        disputes.waitFor(id, key);
        for (uint256 i = 0; i < 8; ++i) {
            vm.prank(ALICE);
            disputes.waitFor(id, key);
        }
        vm.assertEq(disputes.moveBy(id), type(uint64).max, "waits");
        vm.expectRevert(abi.encodeWithSelector(IDisputes.TooManyWaits.selector, 8));
        vm.prank(ALICE);
        disputes.waitFor(id, key);
        Run memory run = ToyRun.make(WITH_ROOTS);
        pass(10);
        vm.prank(EXECUTOR);
        demands.answerSegment(hash, ToyRun.segmentProof(run, 0));
        vm.assertEq(disputes.moveBy(id), clock() + CHALLENGER_CLOCK, "from the answer on");
    }

    // ------------------------------------------------------------------ closed claims: full matrix

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
        bytes32 silent = demands.demandStep{value: OPEN_FEE}(infer, 0, 0);
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
        vm.assertEq(demands.balanceOf(EXECUTOR), OPEN_FEE / 2, "answer paid");
        vm.assertEq(demands.balanceOf(BOB), OPEN_FEE / 2, "unanswered: back");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "claim bond back");
        vm.assertEq(results.claimOf(infer).status, CLAIM_SUNK, "sunk");
        checkSolvent();
    }

    function segmentOf(ClaimInput memory i, bytes32[] memory proof) internal pure returns (SegmentProof memory s) {
        s.leaf = i.lastSegment;
        s.proof = proof;
    }
}
