// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimInput, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// What can be claimed, by whom and when (docs/protocol.md P6.3, P6.4).
contract ClaimingTest is Acted {
    function good() internal pure returns (ClaimInput memory) {
        return ToyRun.input(ToyRun.make(WITH_ROOTS), "salt");
    }

    function refusedJob(ClaimInput memory input, bytes32 field) internal {
        refused(input, abi.encodeWithSelector(IResultClaims.JobInvalid.selector, field));
    }

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
        i.job.profile = 3;
        refusedJob(i, "profile");
        i = good();
        i.job.flags = 64;
        refusedJob(i, "flags");
        i.job.flags = 32; // of tolerant jobs
        refusedJob(i, "gpu");
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
        ClaimInput memory input = ToyRun.input(ToyRun.make(WITH_ROOTS | SOFT), 0);
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
        Run memory run = ToyRun.make(WITH_ROOTS);
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
}
