// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimInput, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Deadlines move by the time that lost claims have held an id (docs/protocol.md P6.9).
contract LostTimeTest is Acted {
    uint64 private constant DEADLINE = ToyRun.DEADLINE;

    /// A liar that claims in the last moment gains nothing by it.
    function test_overturn_movesTheDeadline() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        warpTo(DEADLINE);
        _overturned(claimAs(LIAR, ToyRun.input(run, "lie")), 7);
        uint64 lost = 7 + AIRGAP + 1;
        vm.assertEq(results.lostSeconds(run.task.id), lost, "from the claim to the end of the airgap");
        _claimableUntil(ToyRun.input(run, "honest"), DEADLINE + lost);
        checkSolvent();
    }

    function test_overturn_again_addsUp() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        _overturned(claimAs(LIAR, ToyRun.input(run, "lie")), 0);
        pass(AIRGAP + 1);
        _overturned(claimAs(LIAR, ToyRun.input(run, "another")), WINDOW / 2);
        vm.assertEq(results.lostSeconds(run.task.id), 2 * (AIRGAP + 1) + WINDOW / 2, "both");
        _claimableUntil(ToyRun.input(run, "honest"), DEADLINE + 2 * (AIRGAP + 1) + WINDOW / 2);
    }

    function test_final_movesNothing() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 hash = claimAs(EXECUTOR, run);
        pass(WINDOW + 1);
        results.finalize(hash);
        vm.assertEq(results.lostSeconds(run.task.id), 0, "nothing lost");
    }

    /// An inference waits for its model, and for what it lost itself while the model was a lie.
    function test_sink_movesTheDeadline_andTheModelsLoss() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 model = claimAs(LIAR, ToyRun.input(run, "lie"));
        pass(3);
        bytes32 infer = claimAs(EXECUTOR, ToyRun.inferInput(run, model));
        bytes32 inferId = results.claimOf(infer).id;
        _overturned(model, 2);
        pass(4);
        results.sink(infer);
        vm.assertEq(results.lostSeconds(run.task.id), 5 + AIRGAP + 1, "the model's");
        vm.assertEq(results.lostSeconds(inferId), 6, "its own, without an airgap");
        pass(AIRGAP);
        bytes32 honest = claimAs(EXECUTOR, ToyRun.input(run, "honest"));
        _claimableUntil(ToyRun.inferInput(run, honest), DEADLINE + 5 + AIRGAP + 1 + 6);
    }

    function _overturned(bytes32 claimHash, uint64 later) private {
        pass(later);
        vm.prank(address(disputes));
        results.overturn(claimHash, ALICE);
    }

    /// t + 1, then t
    function _claimableUntil(ClaimInput memory input, uint64 last) private {
        warpTo(last);
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        warpTo(last + 1);
        refused(input, abi.encodeWithSelector(IResultClaims.DeadlinePassed.selector, last, last + 1));
        warpTo(last);
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND}(input);
    }
}
