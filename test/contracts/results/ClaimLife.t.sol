// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {
    CLAIM_FINAL,
    CLAIM_NONE,
    CLAIM_OPEN,
    CLAIM_OVERTURNED,
    ClaimInput,
    ClaimRecord,
    IResultClaims
} from "../../../contracts/interfaces/IResultClaims.sol";
import {Bonds} from "../../../contracts/libraries/Bonds.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// A payee that takes nothing.
contract Refuser {
    receive() external payable {
        revert("no");
    }
}

/// A payee that asks again while it is being paid.
contract Greedy {
    IResultClaims immutable results;
    bool public refused;

    constructor(IResultClaims results_) {
        results = results_;
    }

    receive() external payable {
        try results.withdraw() {}
        catch {
            refused = true;
        }
    }
}

/// What becomes of a claim (docs/protocol.md P6.5–P6.8).
contract ClaimLifeTest is Acted {
    function test_claim_queuesAndRecords() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
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
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 hash = claimAs(EXECUTOR, run);
        ClaimInput memory other = ToyRun.input(run, "other");
        commitFor(LIAR, other);
        rollTo(l1Block() + 1);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IResultClaims.IdClosed.selector, run.task.id, hash));
            vm.prank(LIAR);
            results.claim{value: CLAIM_BOND}(other);
            pass(WINDOW + 1);
            if (i == 0) results.finalize(hash); // and never beside what is final
        }
        vm.assertEq(results.claimOf(hash).status, CLAIM_FINAL, "final");
    }

    function test_finalize_windowBoundary() public {
        bytes32 hash = claimAs(EXECUTOR, ToyRun.make(WITH_ROOTS));
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
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 unknown = keccak256("unknown");
        bytes32 hash = claimAs(EXECUTOR, run);
        pass(WINDOW + 1);
        results.finalize(hash);
        bytes32 overturned = claimAs(LIAR, ToyRun.make(WITH_ROOTS, 99, 7));
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
        bytes32 hash = claimAs(EXECUTOR, ToyRun.make(WITH_ROOTS));
        address[5] memory callers = [EXECUTOR, ALICE, address(this), address(results), address(inbox)];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IResultClaims.OnlyDisputes.selector, callers[i]));
            vm.prank(callers[i]);
            results.overturn(hash, ALICE);
        }
    }

    function test_overturn_queuesAtOnce_paysAfterAirgap() public {
        Run memory run = ToyRun.make(WITH_ROOTS | SOFT);
        bytes32 hash = claimAs(LIAR, run);
        uint64 index = inbox.count();
        bytes memory body = abi.encode(run.task.id, hash, AIRGAP + 1);
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

    /// What was overturned never stands again; the same result may, as a claim of its own with another salt.
    function test_claim_overturnedOneAgain_needsAnotherSalt() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 hash = claimAs(EXECUTOR, run);
        vm.prank(address(demands));
        results.overturn(hash, ALICE);
        pass(AIRGAP + 1);
        ClaimInput memory input = ToyRun.input(run, "salt");
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        refused(input, abi.encodeWithSelector(IResultClaims.ClaimKnown.selector, hash));
        bytes32 again = claimAs(EXECUTOR, ToyRun.input(run, "another"));
        vm.assertTrue(again != hash, "a claim of its own");
        vm.assertEq(results.claimOf(again).resultRoot, results.claimOf(hash).resultRoot, "the same result");
        pass(WINDOW + 1);
        results.finalize(again);
        vm.assertEq(results.claimOf(hash).status, CLAIM_OVERTURNED, "the first stays overturned");
        checkSolvent();
    }

    function test_withdraw_refusingPayee_harmsOnlyItself() public {
        Refuser refuser = new Refuser();
        vm.deal(address(refuser), 10 ether);
        Run memory run = ToyRun.make(WITH_ROOTS);
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

    function test_withdraw_reentered_paysOnce() public {
        Greedy greedy = new Greedy(results);
        vm.deal(address(greedy), 10 ether);
        honest(WITH_ROOTS); // somebody else's bond, which lies there too
        bytes32 hash = claimAs(address(greedy), ToyRun.make(WITH_ROOTS, 99, 1));
        pass(WINDOW + 1);
        results.finalize(hash);
        vm.prank(address(greedy));
        vm.assertEq(results.withdraw(), CLAIM_BOND, "amount");
        vm.assertTrue(greedy.refused(), "nothing is left to be paid");
        vm.assertEq(address(greedy).balance, 10 ether, "its own bond");
        checkSolvent();
    }

    function test_firstOpen_movesOverClosedClaimsOnly() public {
        uint256 count = 20;
        bytes32[] memory hashes = new bytes32[](count);
        uint64[] memory indices = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            indices[i] = inbox.count();
            hashes[i] = claimAs(EXECUTOR, ToyRun.make(WITH_ROOTS, 99, i + 1));
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
        bytes32 last = claimAs(EXECUTOR, ToyRun.make(WITH_ROOTS, 99, 77));
        vm.assertEq(results.firstOpen(), next, "the new one");
        results.advance(1000);
        vm.assertEq(results.firstOpen(), next, "an open claim is never passed");
        vm.prank(address(disputes));
        results.overturn(last, ALICE);
        vm.assertEq(results.firstOpen(), inbox.count(), "overturned is closed");
    }
}
