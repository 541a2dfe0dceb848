// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NO_STEP} from "../../../contracts/interfaces/IDisputes.sol";
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
import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {Bonds} from "../../../contracts/libraries/Bonds.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {hashSegmentLeaf} from "../../../contracts/types/Trace.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// A payee that takes nothing.
contract Refuser {
    receive() external payable {
        revert("no");
    }
}

contract ResultClaimsTest is Acted {
    uint8 constant PLAIN = STEP_ROOTS | SEQUENTIAL;

    function good() internal pure returns (ClaimInput memory) {
        return ToyRun.input(ToyRun.make(PLAIN), "salt");
    }

    function commitFor(address who, ClaimInput memory input) internal {
        vm.prank(who);
        results.commit(keccak256(abi.encode(ToyRun.hashOf(input, who, 0), who, input.salt)));
    }

    /// Commits, waits a block and expects the claim to revert.
    function refused(ClaimInput memory input, bytes memory reason) internal {
        uint256 bond = results.bondWei(input.job.flags);
        vm.expectRevert(reason);
        vm.prank(EXECUTOR);
        results.claim{value: bond}(input);
    }

    function refusedJob(ClaimInput memory input, bytes32 field) internal {
        refused(input, abi.encodeWithSelector(IResultClaims.JobInvalid.selector, field));
    }

    // ------------------------------------------------------------------ what cannot be claimed

    function test_claim_badJob_revertsByField() public {
        ClaimInput memory i = good();
        i.job.chainId = 1;
        refusedJob(i, "chainId");
        i = good();
        i.job.steps = 0;
        refusedJob(i, "steps");
        i = good();
        i.job.segmentSteps = 0;
        refusedJob(i, "segmentSteps");
        i.job.segmentSteps = 65;
        refusedJob(i, "segmentSteps");
        i = good();
        i.job.batchRows = 0;
        refusedJob(i, "batchRows");
        i.job.batchRows = 305;
        refusedJob(i, "batchRows");
        i = good();
        i.job.profile = 2;
        refusedJob(i, "profile");
        i = good();
        i.job.flags = 16;
        refusedJob(i, "flags");
        i = good();
        i.job.profile = 1;
        i.job.flags = SEQUENTIAL;
        refusedJob(i, "stepRoots");
        i = good();
        i.job.trainGraph.root = 0;
        refusedJob(i, "trainGraph");
        i = good();
        i.job.windowSeconds = uint32(WINDOW - 1);
        refusedJob(i, "windowSeconds");
        i.job.windowSeconds = 30 days + 1;
        refusedJob(i, "windowSeconds");
        i.job.windowSeconds = type(uint32).max;
        refusedJob(i, "windowSeconds");
        i = good();
        i.job.priceWeiPerGflop = 2 ** 128;
        refusedJob(i, "priceWeiPerGflop");
        i.job.priceWeiPerGflop = 2 ** 128 - 1;
        i.job.trainGraph.flops = 1e9;
        refusedJob(i, "priceWei");
        i = good();
        i.job.deadline = 2 ** 40 + 1;
        refusedJob(i, "deadline");
        i = good();
        i.job.steps = 153; // of 2 rows, in a dataset of 304
        refusedJob(i, "sequentialRows");
        i = good();
        i.kind = 4;
        refusedJob(i, "kind");
        i = good();
        i.rows = 1;
        refusedJob(i, "parameters");
        i = good();
        i.kind = 3;
        i.rows = 3;
        refusedJob(i, "rows");
        i.rows = 0;
        refusedJob(i, "rows");
        i = good();
        i.kind = 2;
        i.job.inferGraph.root = 0;
        refusedJob(i, "graph");
    }

    /// The longest window holds back state claims for 30 days and no longer.
    function test_claim_longestWindow() public {
        ClaimInput memory input = good();
        input.job.windowSeconds = 30 days;
        input.job.deadline = 2 ** 40;
        bytes32 hash = claimAs(EXECUTOR, input);
        uint64 end = clock() + 30 days;
        warpTo(end);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.WindowOpen.selector, end, end));
        results.finalize(hash);
        warpTo(end + 1);
        results.finalize(hash);
        vm.assertEq(results.firstOpen(), inbox.count(), "nothing holds state claims back");
    }

    function test_claim_afterDeadline_reverts() public {
        ClaimInput memory input = good();
        warpTo(ToyRun.DEADLINE);
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        warpTo(ToyRun.DEADLINE + 1);
        refused(
            input,
            abi.encodeWithSelector(IResultClaims.DeadlinePassed.selector, ToyRun.DEADLINE, ToyRun.DEADLINE + 1)
        );
        warpTo(ToyRun.DEADLINE);
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND}(input);
    }

    function test_claim_bondOffByOne_reverts() public {
        ClaimInput memory input = good();
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        for (uint256 i = 0; i < 3; i += 2) {
            uint256 value = CLAIM_BOND + i - 1;
            vm.expectRevert(abi.encodeWithSelector(IResultClaims.BondMismatch.selector, CLAIM_BOND, value));
            vm.prank(EXECUTOR);
            results.claim{value: value}(input);
        }
    }

    function test_claim_softNeedsSoftBond() public {
        vm.assertEq(results.bondWei(SOFT), CLAIM_BOND + SOFT_BOND, "soft");
        vm.assertEq(results.bondWei(0), CLAIM_BOND, "not soft");
        ClaimInput memory input = ToyRun.input(ToyRun.make(PLAIN | SOFT), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IResultClaims.BondMismatch.selector, CLAIM_BOND + SOFT_BOND, CLAIM_BOND)
        );
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND}(input);
    }

    function test_claim_resultNotInTrajectory_reverts() public {
        ClaimInput memory i = good();
        i.resultRoot = keccak256("better");
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        bytes32 end = i.lastSegment.endState;
        refused(i, abi.encodeWithSelector(IResultClaims.ResultMismatch.selector, i.resultRoot, end));

        // an earlier segment's end, with its true proof
        Run memory run = ToyRun.make(PLAIN);
        i = good();
        i.lastSegment = run.segments[1];
        i.lastSegmentProof = ToyRun.segmentProof(run, 1).proof;
        i.resultRoot = run.segments[1].endState;
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(Merkle.LeafOutOfRange.selector, 1, 3));

        i = good();
        i.lastSegment.metricsRoot = 0;
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        vm.expectPartialRevert(Merkle.RootMismatch.selector);
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND}(i);

        i = good();
        i.output = hex"00";
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(IResultClaims.OutputLength.selector, 0, 1));
    }

    // ------------------------------------------------------------------ commit–reveal

    function test_claim_notCommitted_reverts() public {
        ClaimInput memory input = good();
        bytes32 commitment = keccak256(abi.encode(ToyRun.hashOf(input, EXECUTOR, 0), EXECUTOR, input.salt));
        refused(input, abi.encodeWithSelector(IResultClaims.NotCommitted.selector, commitment));
        // somebody else's commitment of the same word is not the executor's
        vm.prank(LIAR);
        results.commit(commitment);
        rollTo(l1Block() + 1);
        refused(input, abi.encodeWithSelector(IResultClaims.NotCommitted.selector, commitment));
    }

    function test_claim_revealBlocks() public {
        ClaimInput memory input = good();
        uint64 committed = l1Block();
        commitFor(EXECUTOR, input);
        refused(input, abi.encodeWithSelector(IResultClaims.RevealOutsideWindow.selector, committed, committed));
        rollTo(committed + 257);
        refused(input, abi.encodeWithSelector(IResultClaims.RevealOutsideWindow.selector, committed, committed + 257));
        rollTo(committed + 256);
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND}(input);
    }

    /// A copied claim names another claimant, so the copied commitment is worth nothing.
    function test_claim_copiedByWatcher_reverts() public {
        ClaimInput memory input = good();
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        vm.expectPartialRevert(IResultClaims.NotCommitted.selector);
        vm.prank(LIAR);
        results.claim{value: CLAIM_BOND}(input);
    }

    // ------------------------------------------------------------------ a claim's life

    function test_claim_queuesAndRecords() public {
        Run memory run = ToyRun.make(PLAIN);
        uint64 before = inbox.count();
        bytes32 hash = claimAs(EXECUTOR, run);
        ClaimRecord memory r = results.claimOf(hash);
        vm.assertEq(r.id, run.task.id, "id");
        vm.assertEq(r.claimant, EXECUTOR, "claimant");
        vm.assertEq(r.windowEnd, clock() + WINDOW, "window");
        vm.assertEq(r.status, CLAIM_OPEN, "status");
        vm.assertEq(r.inboxIndex, before, "inbox index");
        vm.assertEq(results.liveClaim(run.task.id), hash, "live");
        vm.assertEq(results.firstOpen(), before, "firstOpen");
        vm.assertEq(inbox.count(), before + 1, "Claimed is queued");
        checkSolvent();
    }

    function test_claim_secondForSameId_reverts() public {
        Run memory run = ToyRun.make(PLAIN);
        bytes32 hash = claimAs(EXECUTOR, run);
        ClaimInput memory other = ToyRun.input(run, "other");
        commitFor(LIAR, other);
        rollTo(l1Block() + 1);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.IdClosed.selector, run.task.id, hash));
        vm.prank(LIAR);
        results.claim{value: CLAIM_BOND}(other);
    }

    function test_finalize_windowBoundary() public {
        bytes32 hash = claimAs(EXECUTOR, ToyRun.make(PLAIN));
        uint64 end = clock() + WINDOW;
        warpTo(end);
        vm.assertFalse(results.finalizable(hash), "at the last second of the window");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.WindowOpen.selector, end, end));
        results.finalize(hash);
        warpTo(end + 1);
        vm.assertTrue(results.finalizable(hash), "a second later");
        vm.prank(STRANGER);
        results.finalize(hash);
        vm.assertEq(results.claimOf(hash).status, CLAIM_FINAL, "status");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "bond");
        vm.assertEq(results.firstOpen(), inbox.count(), "nothing open");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ClaimNotOpen.selector, hash, CLAIM_FINAL));
        results.finalize(hash);
        checkSolvent();

        uint256 before = EXECUTOR.balance;
        vm.prank(EXECUTOR);
        results.withdraw();
        vm.assertEq(EXECUTOR.balance - before, CLAIM_BOND, "pulled");
        vm.expectRevert(abi.encodeWithSelector(Bonds.NothingToWithdraw.selector, EXECUTOR));
        vm.prank(EXECUTOR);
        results.withdraw();
        checkSolvent();
    }

    /// Every action on a claim that does not exist, is final, overturned or sunk.
    function test_actions_onClosedClaims_revert() public {
        Run memory run = ToyRun.make(PLAIN);
        bytes32 unknown = keccak256("unknown");
        bytes32 hash = claimAs(EXECUTOR, run);
        pass(WINDOW + 1);
        results.finalize(hash);
        bytes32 overturned = claimAs(LIAR, ToyRun.make(PLAIN, 99, 7));
        vm.prank(address(disputes));
        results.overturn(overturned, ALICE);

        bytes32[3] memory closed = [unknown, hash, overturned];
        uint8[3] memory status = [CLAIM_NONE, CLAIM_FINAL, CLAIM_OVERTURNED];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory notOpen = abi.encodeWithSelector(IResultClaims.ClaimNotOpen.selector, closed[i], status[i]);
            vm.expectRevert(notOpen);
            results.finalize(closed[i]);
            vm.expectRevert(notOpen);
            results.sink(closed[i]);
            vm.expectRevert(notOpen);
            vm.prank(address(demands));
            results.overturn(closed[i], ALICE);
            if (status[i] == CLAIM_OVERTURNED) continue;
            vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotOverturned.selector, closed[i], status[i]));
            results.collect(closed[i]);
        }
    }

    function test_overturn_onlyDisputesAndDemands() public {
        bytes32 hash = claimAs(EXECUTOR, ToyRun.make(PLAIN));
        address[5] memory callers = [EXECUTOR, ALICE, address(this), address(results), address(inbox)];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IResultClaims.OnlyDisputes.selector, callers[i]));
            vm.prank(callers[i]);
            results.overturn(hash, ALICE);
        }
    }

    function test_overturn_queuesAtOnce_paysAfterAirgap() public {
        Run memory run = ToyRun.make(PLAIN | SOFT);
        bytes32 hash = claimAs(LIAR, run);
        uint64 index = inbox.count();
        bytes memory body = abi.encode(run.task.id, hash);
        bytes32 chained = keccak256(abi.encode(inbox.hash(), keccak256(abi.encode(uint8(4), body))));
        vm.expectEmit();
        emit IInbox.MessageQueued(index, 4, body, chained);
        vm.prank(address(disputes));
        results.overturn(hash, ALICE);
        vm.assertEq(results.liveClaim(run.task.id), 0, "id free");
        vm.assertEq(results.firstOpen(), inbox.count(), "closed at once");

        uint64 until = clock() + AIRGAP;
        warpTo(until);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.AirgapRunning.selector, until, until));
        results.collect(hash);
        ClaimInput memory again = ToyRun.input(run, "again");
        commitFor(EXECUTOR, again);
        rollTo(l1Block() + 1);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.IdInAirgap.selector, run.task.id, until, until));
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND + SOFT_BOND}(again);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.IdInAirgap.selector, run.task.id, until, until));
        results.reserve{value: RESERVE_BOND}(run.task.id, "");

        warpTo(until + 1);
        results.collect(hash);
        vm.assertEq(results.balanceOf(ALICE), CLAIM_BOND / 2, "half for the winner");
        vm.assertEq(BURNED.balance, CLAIM_BOND - CLAIM_BOND / 2 + SOFT_BOND, "half and the soft bond burned");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.AlreadyCollected.selector, hash));
        results.collect(hash);
        checkSolvent();

        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND + SOFT_BOND}(again);
        // what was overturned never stands again, even for the same claimant
        pass(WINDOW + 1);
        checkSolvent();
    }

    function test_claim_overturnedOneAgain_reverts() public {
        Run memory run = ToyRun.make(PLAIN);
        bytes32 hash = claimAs(LIAR, run);
        vm.prank(address(demands));
        results.overturn(hash, ALICE);
        pass(AIRGAP + 1);
        ClaimInput memory input = ToyRun.input(run, "salt");
        commitFor(LIAR, input);
        rollTo(l1Block() + 1);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ClaimKnown.selector, hash));
        vm.prank(LIAR);
        results.claim{value: CLAIM_BOND}(input);
    }

    function test_withdraw_refusingPayee_harmsOnlyItself() public {
        Refuser refuser = new Refuser();
        vm.deal(address(refuser), 10 ether);
        Run memory run = ToyRun.make(PLAIN);
        bytes32 hash = claimAs(address(refuser), run);
        pass(WINDOW + 1);
        results.finalize(hash);
        vm.assertEq(results.balanceOf(address(refuser)), CLAIM_BOND, "credited");
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "no"));
        vm.prank(address(refuser));
        results.withdraw();
        vm.assertEq(results.balanceOf(address(refuser)), CLAIM_BOND, "still credited");
        checkSolvent();
    }

    // ------------------------------------------------------------------ firstOpen

    function test_firstOpen_movesOverClosedClaimsOnly() public {
        uint256 count = 20;
        bytes32[] memory hashes = new bytes32[](count);
        uint64[] memory indices = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            indices[i] = inbox.count();
            hashes[i] = claimAs(EXECUTOR, ToyRun.make(PLAIN, 99, i + 1));
        }
        pass(WINDOW + 1);
        for (uint256 i = 1; i < count; ++i) results.finalize(hashes[i]);
        vm.assertEq(results.firstOpen(), indices[0], "the first is open");
        results.finalize(hashes[0]); // the cursor passes 16 of the 20
        vm.assertEq(results.firstOpen(), inbox.count(), "none is open");
        results.advance(1);
        results.advance(1000);
        vm.assertEq(results.firstOpen(), inbox.count(), "still none");
        uint64 next = inbox.count();
        bytes32 last = claimAs(EXECUTOR, ToyRun.make(PLAIN, 99, 77));
        vm.assertEq(results.firstOpen(), next, "the new one");
        results.advance(1000);
        vm.assertEq(results.firstOpen(), next, "an open claim is never passed");
        vm.prank(address(disputes));
        results.overturn(last, ALICE);
        vm.assertEq(results.firstOpen(), inbox.count(), "overturned is closed");
    }

    // ------------------------------------------------------------------ consumed claims

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

    function test_infer_consumesTheLiveModelOnly() public {
        Run memory run = ToyRun.make(PLAIN);
        ClaimInput memory input = inferInput(run, keccak256("model"));
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        refused(
            input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, bytes32(0), keccak256("model"))
        );
        bytes32 model = claimAs(EXECUTOR, run);
        refused(input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, model, keccak256("model")));
        input.consumed = new bytes32[](0);
        refused(input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, model, bytes32(0)));
        input.consumed = new bytes32[](2);
        (input.consumed[0], input.consumed[1]) = (model, model);
        refused(input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, model, bytes32(0)));
        input = inferInput(run, model);
        input.output = hex"0000803e";
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        refused(
            input,
            abi.encodeWithSelector(IResultClaims.OutputMismatch.selector, input.resultRoot, sha256(input.output))
        );
        claimAs(EXECUTOR, inferInput(run, model));
        checkSolvent();
    }

    function test_infer_outputLength() public {
        Run memory run = ToyRun.make(PLAIN);
        bytes32 model = claimAs(EXECUTOR, run);
        uint256[3] memory lengths = [uint256(0), 1025, 1024];
        for (uint256 i = 0; i < 3; ++i) {
            ClaimInput memory input = inferInput(run, model);
            input.output = new bytes(lengths[i]);
            input.resultRoot = sha256(input.output);
            input.lastSegment.endState = input.resultRoot;
            input.trajectoryRoot = hashSegmentLeaf(input.lastSegment);
            commitFor(EXECUTOR, input);
            rollTo(l1Block() + 1);
            if (i < 2) {
                refused(input, abi.encodeWithSelector(IResultClaims.OutputLength.selector, 1024, lengths[i]));
            } else {
                vm.prank(EXECUTOR);
                results.claim{value: CLAIM_BOND}(input);
            }
        }
    }

    function test_infer_neverFinalBeforeItsModel_sinksWithIt() public {
        Run memory run = ToyRun.make(PLAIN);
        bytes32 model = claimAs(LIAR, run);
        bytes32 infer = claimAs(EXECUTOR, inferInput(run, model));
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotLost.selector, model, CLAIM_OPEN));
        results.sink(infer);
        pass(WINDOW + 1);
        vm.assertFalse(results.finalizable(infer), "model open");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotFinal.selector, model, CLAIM_OPEN));
        results.finalize(infer);
        vm.prank(address(disputes));
        results.overturn(model, ALICE);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotFinal.selector, model, CLAIM_OVERTURNED));
        results.finalize(infer);
        results.sink(infer);
        vm.assertEq(results.claimOf(infer).status, CLAIM_SUNK, "sunk");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "bond returned whole");
        vm.assertEq(results.firstOpen(), inbox.count(), "nothing open");
        checkSolvent();
    }

    function test_infer_finalAfterItsModel() public {
        Run memory run = ToyRun.make(PLAIN);
        bytes32 model = claimAs(EXECUTOR, run);
        bytes32 infer = claimAs(EXECUTOR, inferInput(run, model));
        pass(WINDOW + 1);
        results.finalize(model);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotLost.selector, model, CLAIM_FINAL));
        results.sink(infer);
        results.finalize(infer);
        vm.assertEq(results.balanceOf(EXECUTOR), 2 * CLAIM_BOND, "both bonds");
        checkSolvent();
    }

    function test_sink_training_reverts() public {
        bytes32 hash = claimAs(EXECUTOR, ToyRun.make(PLAIN));
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotLost.selector, bytes32(0), CLAIM_NONE));
        results.sink(hash);
    }

    function test_evaluate_counterMustBeTheLastStateTensor() public {
        Run memory run = ToyRun.make(PLAIN);
        bytes32 model = claimAs(EXECUTOR, run);
        ClaimInput memory i;
        i.job = run.job;
        i.kind = 3;
        i.rows = 4;
        i.inputRoot = keccak256("test set");
        i.output = hex"00004040";
        i.resultRoot = sha256(i.output);
        i.lastSegment.endState = i.resultRoot;
        i.trajectoryRoot = hashSegmentLeaf(i.lastSegment);
        i.consumed = new bytes32[](1);
        i.consumed[0] = model;
        i.outputProof = abi.encode(ToyRun.headerProof(), new bytes32[](0));
        bytes memory proof = i.outputProof;

        i.output = hex"000040";
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(IResultClaims.OutputLength.selector, 4, 3));
        i.output = hex"00004041";
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(IResultClaims.OutputMismatch.selector, i.resultRoot, sha256(i.output)));
        i.output = hex"00004040";
        i.outputProof = abi.encode(ToyRun.headerProof(), new bytes32[](1));
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(Merkle.ProofLength.selector, 0, 1));
        i.outputProof = proof;
        vm.prank(EXECUTOR);
        bytes32 hash = results.claim{value: CLAIM_BOND}(i);
        vm.assertEq(results.claimOf(hash).steps, 2, "rows / evaluateBatchRows");
        vm.assertEq(results.claimOf(hash).segmentSteps, 2, "min(segmentSteps, steps)");
    }
}
