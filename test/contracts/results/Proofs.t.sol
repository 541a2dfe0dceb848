// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    CHALLENGE_LIVE,
    CHALLENGE_LOST,
    CHALLENGE_REFUNDED,
    CHALLENGE_WON,
    IDisputes,
    Link,
    NO_STEP
} from "../../../contracts/interfaces/IDisputes.sol";
import {ILeafRouter} from "../../../contracts/interfaces/ILeafRouter.sol";
import {LeafContext} from "../../../contracts/interfaces/ILeafVerifier.sol";
import {CLAIM_OPEN, CLAIM_OVERTURNED} from "../../../contracts/interfaces/IResultClaims.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {Task} from "../../../contracts/types/Task.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {ToyLeaf} from "./harness/ToyLeaf.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Proofs (docs/protocol.md P7.4, P7.7): what counts as one, and who pays.
contract ProofsTest is Acted {
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
}
