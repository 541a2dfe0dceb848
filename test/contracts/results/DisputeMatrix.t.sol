// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDemands} from "../../../contracts/interfaces/IDemands.sol";
import {CHALLENGE_LIVE, IDisputes, NO_STEP} from "../../../contracts/interfaces/IDisputes.sol";
import {CLAIM_NONE} from "../../../contracts/interfaces/IResultClaims.sol";
import {Bonds} from "../../../contracts/libraries/Bonds.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Every move of a dispute, in every state of a challenge and its claim, by the challenger and by others (docs/protocol.md P7).
/// A test is a state of a claim without step roots that lies, and of Alice's challenge; a row is what comes of each move.
contract DisputeMatrixTest is Acted {
    error Outcome(bytes4 what);

    uint256 constant MOVES = 9; // challenge, point, waitFor, prove, lapse, refund, collect, withdraw, timeout
    bytes4 constant MADE = 0;
    bytes4 constant NO_REASON = 0xffffffff;
    bytes4 constant CLOSED = IDisputes.ClaimNotOpen.selector;
    bytes4 constant EARLY = IDisputes.MoveRunning.selector;
    bytes4 constant ENDED = IDisputes.NotLive.selector;
    bytes4 constant FOREIGN = IDisputes.OnlyChallenger.selector;
    bytes4 constant LATE = IDisputes.MoveOver.selector;
    bytes4 constant NO_STEP_YET = IDisputes.StepUnknown.selector;
    bytes4 constant NOTHING = Bonds.NothingToWithdraw.selector;
    bytes4 constant UNSETTLED = IDisputes.NotSettled.selector;
    bytes4 constant ANSWERED = IDemands.AnsweredAlready.selector;
    bytes4 constant NOT_DUE = IDemands.NotDue.selector;

    bytes32 private _claim;
    bytes32 private _challenge;
    uint32 private _step;

    function test_noSuchChallenge() public {
        begin(1);
        _challenge = keccak256("no challenge");
        all([MADE, ENDED, ENDED, ENDED, ENDED, ENDED, UNSETTLED, NOTHING, NOT_DUE]);
    }

    function test_waitsForItsOpening() public {
        begin(1);
        own([MADE, IDisputes.NotOpened.selector, MADE, NO_STEP_YET, EARLY, UNSETTLED, UNSETTLED, NOTHING, NOT_DUE]);
        others([MADE, FOREIGN, FOREIGN, FOREIGN, EARLY, UNSETTLED, UNSETTLED, NOTHING, NOT_DUE]);
    }

    function test_openingLate() public {
        begin(1);
        pass(ANSWER + 1);
        own([MADE, IDisputes.NotOpened.selector, MADE, NO_STEP_YET, EARLY, UNSETTLED, UNSETTLED, NOTHING, MADE]);
        others([MADE, FOREIGN, FOREIGN, FOREIGN, EARLY, UNSETTLED, UNSETTLED, NOTHING, MADE]);
    }

    function test_opened() public {
        begin(1);
        open();
        own([MADE, MADE, MADE, NO_STEP_YET, EARLY, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
        others([MADE, FOREIGN, FOREIGN, FOREIGN, EARLY, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
    }

    function test_pointed() public {
        pointed(1);
        own([MADE, IDisputes.PointedAlready.selector, MADE, MADE, EARLY, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
        others([MADE, FOREIGN, FOREIGN, FOREIGN, EARLY, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
    }

    function test_timeOver() public {
        pointed(1);
        pass(CHALLENGER_CLOCK + 1);
        own([MADE, LATE, LATE, LATE, MADE, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
        others([MADE, FOREIGN, FOREIGN, FOREIGN, MADE, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
    }

    function test_lapsed() public {
        pointed(1);
        pass(CHALLENGER_CLOCK + 1);
        disputes.lapse(_challenge);
        own([MADE, ENDED, ENDED, ENDED, ENDED, ENDED, UNSETTLED, MADE, ANSWERED]);
        others([MADE, ENDED, ENDED, ENDED, ENDED, ENDED, UNSETTLED, NOTHING, ANSWERED]);
    }

    function test_lapsed_claimFinal() public {
        pointed(1);
        pass(CHALLENGER_CLOCK + 1);
        disputes.lapse(_challenge);
        pass(WINDOW);
        results.finalize(_claim);
        own([CLOSED, ENDED, ENDED, ENDED, ENDED, ENDED, MADE, MADE, ANSWERED]);
        others([CLOSED, ENDED, ENDED, ENDED, ENDED, ENDED, MADE, NOTHING, ANSWERED]);
    }

    function test_windowOver() public {
        pointed(1);
        pass(CHALLENGER_CLOCK + 1);
        disputes.lapse(_challenge);
        pass(WINDOW);
        // An opening was asked for, so that the time to challenge was up to a clock behind its answer: over, too.
        bytes4 over = IDisputes.WindowOver.selector;
        own([over, ENDED, ENDED, ENDED, ENDED, ENDED, UNSETTLED, MADE, ANSWERED]);
        others([over, ENDED, ENDED, ENDED, ENDED, ENDED, UNSETTLED, NOTHING, ANSWERED]);
    }

    function test_lost() public {
        pointed(0);
        proveAs(ALICE, _challenge, theRun(), 1, 0);
        all([MADE, ENDED, ENDED, ENDED, ENDED, ENDED, UNSETTLED, NOTHING, ANSWERED]);
    }

    function test_lost_claimFinal() public {
        pointed(0);
        proveAs(ALICE, _challenge, theRun(), 1, 0);
        pass(WINDOW + 1);
        results.finalize(_claim);
        all([CLOSED, ENDED, ENDED, ENDED, ENDED, ENDED, MADE, NOTHING, ANSWERED]);
    }

    function test_won_untilTheAirgapIsOver() public {
        pointed(1);
        proveAs(ALICE, _challenge, theRun(), 1, 1);
        for (uint256 i = 0; i < 2; ++i) {
            all([CLOSED, ENDED, ENDED, ENDED, ENDED, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
            warpTo(clock() + AIRGAP * uint64(1 - i));
        }
        warpTo(clock() + 1);
        all([CLOSED, ENDED, ENDED, ENDED, ENDED, MADE, MADE, NOTHING, ANSWERED]);
        disputes.refund(_challenge);
        own([CLOSED, ENDED, ENDED, ENDED, ENDED, ENDED, MADE, MADE, ANSWERED]);
        others([CLOSED, ENDED, ENDED, ENDED, ENDED, ENDED, MADE, NOTHING, ANSWERED]);
    }

    /// Somebody else won against the claim: what is live can be neither moved nor lapsed, and comes back behind the airgap.
    function test_live_claimOverturnedByAnother() public {
        pointed(1);
        bytes32 second = challengeAs(BOB, _claim, 1, 1, 0);
        rollTo(l1Block() + 1);
        proveAs(BOB, second, theRun(), 1, 1);
        own([CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
        others([CLOSED, FOREIGN, FOREIGN, FOREIGN, CLOSED, UNSETTLED, UNSETTLED, NOTHING, ANSWERED]);
        pass(AIRGAP + 1);
        own([CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, MADE, MADE, NOTHING, ANSWERED]);
        others([CLOSED, FOREIGN, FOREIGN, FOREIGN, CLOSED, MADE, MADE, NOTHING, ANSWERED]);
    }

    /// Nobody answered: the claim fell by its silence while the challenge waited.
    function test_live_claimTimedOut() public {
        begin(1);
        pass(ANSWER + 1);
        demands.timeout(DemandKeys.traces(_claim, 1));
        own([CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, UNSETTLED, UNSETTLED, NOTHING, CLOSED]);
        others([CLOSED, FOREIGN, FOREIGN, FOREIGN, CLOSED, UNSETTLED, UNSETTLED, NOTHING, CLOSED]);
    }

    /// An L1 fork puts another claim of the same id in a claim's place: what was sent against the one does not meet the other.
    function test_fork_challengeNamesItsClaim() public {
        Run memory lie = ToyRun.make(WITH_ROOTS, 3, 0);
        bytes32 lost = ToyRun.hashOf(ToyRun.input(lie, "salt"), LIAR, 0);
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        vm.assertEq(run.task.id, lie.task.id, "one id");
        vm.assertTrue(lost != hash, "two claims");
        uint256 before = ALICE.balance;
        vm.expectRevert(abi.encodeWithSelector(IDisputes.ClaimNotOpen.selector, lost, CLAIM_NONE));
        challengeAs(ALICE, lost, 1, 1, 0);
        vm.assertEq(ALICE.balance, before, "no bond");
        vm.assertFalse(disputes.challenges(hash, ALICE), "no challenge");
    }

    /// Numbers of challenges are those of the order they came in, which a fork may change: a proof that was made for the one
    /// reverts against the other, and no bond is lost.
    function test_fork_proofNamesSegmentAndStep() public {
        (Run memory run, bytes32 hash) = lying(WITH_ROOTS);
        bytes32 otherStep = challengeAs(ALICE, hash, 1, 0, 0);
        bytes32 otherSegment = challengeAs(ALICE, hash, 0, 1, 0);
        bytes32 meant = challengeAs(ALICE, hash, 1, 1, 0);
        rollTo(l1Block() + 1);
        bytes memory w = witness(run, 1, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.SegmentMismatch.selector, 0, 1));
        vm.prank(ALICE);
        disputes.prove(otherSegment, 1, run.task, w);
        vm.prank(ALICE);
        (bool done,) = address(disputes).call(abi.encodeCall(disputes.prove, (otherStep, 1, run.task, w)));
        vm.assertFalse(done, "another step's trace");
        vm.assertEq(statusOf(otherSegment), CHALLENGE_LIVE, "nothing lost");
        vm.assertEq(statusOf(otherStep), CHALLENGE_LIVE, "nothing lost");
        proveAs(ALICE, meant, run, 1, 1);
    }

    /// A lie in step 3 (segment 1, step 1), and a challenge of Alice's of its segment, which must be opened.
    function begin(uint32 step) internal {
        (, _claim) = lying(BARE);
        _step = step;
        _challenge = challengeAs(ALICE, _claim, 1, NO_STEP, OPEN_FEE);
        rollTo(l1Block() + 1);
    }

    /// What `begin` claims.
    function theRun() internal pure returns (Run memory) {
        return ToyRun.make(BARE, 3, 0);
    }

    function open() internal {
        openSegmentAs(LIAR, _claim, theRun(), 1);
    }

    function pointed(uint32 step) internal {
        begin(step);
        open();
        vm.prank(ALICE);
        disputes.point(_challenge, step);
    }

    function all(bytes4[9] memory expected) internal {
        own(expected);
        others(expected);
    }

    function own(bytes4[9] memory expected) internal {
        row(ALICE, "challenger", expected);
    }

    /// Nobody else has a privilege, the claimant included.
    function others(bytes4[9] memory expected) internal {
        row(STRANGER, "stranger", expected);
        row(LIAR, "claimant", expected);
    }

    function row(address who, string memory name, bytes4[9] memory expected) internal {
        string[9] memory names =
            ["challenge", "point", "waitFor", "prove", "lapse", "refund", "collect", "withdraw", "timeout"];
        for (uint256 i = 0; i < MOVES; ++i) {
            bytes4 actual = outcomeOf(who, i);
            vm.assertEq(bytes32(actual), bytes32(expected[i]), string.concat(names[i], " by the ", name));
        }
    }

    /// What comes of a move, which is taken back.
    function outcomeOf(address who, uint256 move) internal returns (bytes4) {
        address target = move == 8 ? address(demands) : address(disputes);
        try this.attempt(who, target, move == 0 ? CHALLENGE_BOND + OPEN_FEE : 0, callOf(move)) {}
        catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(Outcome.selector), "the books are in order");
            return bytes4(bytes32(slice(reason)));
        }
        return NO_REASON;
    }

    function attempt(address who, address target, uint256 value, bytes calldata data) external {
        vm.prank(who);
        (bool done, bytes memory out) = target.call{value: value}(data);
        if (done) checkSolvent();
        revert Outcome(done ? MADE : out.length < 4 ? NO_REASON : bytes4(out));
    }

    function callOf(uint256 move) internal view returns (bytes memory) {
        if (move == 0) return abi.encodeCall(disputes.challenge, (_claim, 1, NO_STEP));
        if (move == 1) return abi.encodeCall(disputes.point, (_challenge, _step));
        if (move == 2) return abi.encodeCall(disputes.waitFor, (_challenge, DemandKeys.traces(_claim, 1)));
        if (move == 3) {
            Run memory run = theRun();
            return abi.encodeCall(disputes.prove, (_challenge, 1, run.task, witness(run, 1, _step, 0)));
        }
        if (move == 4) return abi.encodeCall(disputes.lapse, (_challenge));
        if (move == 5) return abi.encodeCall(disputes.refund, (_challenge));
        if (move == 6) return abi.encodeCall(disputes.collect, (_claim));
        if (move == 7) return abi.encodeCall(disputes.withdraw, ());
        return abi.encodeCall(demands.timeout, (DemandKeys.traces(_claim, 1)));
    }

    function slice(bytes memory reason) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(reason, 36))
        }
    }
}
