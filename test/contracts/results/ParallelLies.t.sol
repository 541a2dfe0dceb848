// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CLAIM_FINAL, CLAIM_OVERTURNED} from "../../../contracts/interfaces/IResultClaims.sol";
import {Clocks} from "../../../contracts/types/Clocks.sol";
import {Prices} from "../../../contracts/types/Prices.sol";
import {vm} from "../support/Vm.sol";
import {Acted, Stage} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Many lies at once against a challenger with little money (docs/protocol.md P7.7): it needs a challenge bond for each lie that it
/// fights, and has it back, with half of the liar's bond, when the airgap is over.
contract ParallelLiesTest is Acted {
    uint256 constant LIES = 12;
    uint256 constant BUDGET = 3; // challenge bonds

    bytes32[] private _claims;
    bytes32[] private _challenges;

    /// The airgap is short beside the window, as on the devnet: what was won goes into the next lie.
    function test_budgetTurnsOver_noLieStands() public {
        lie();
        uint256 next = 0;
        while (next < LIES) next = fight(next);
        for (uint256 i = 0; i < LIES; ++i) {
            vm.assertEq(results.claimOf(_claims[i]).status, CLAIM_OVERTURNED, "overturned");
        }
        pass(AIRGAP + 1);
        settle();
        vm.assertEq(ALICE.balance, BUDGET * CHALLENGE_BOND + LIES * (CLAIM_BOND / 2), "all bonds, and the rewards");
        vm.assertEq(LIAR.balance, 1000 ether - LIES * CLAIM_BOND, "the liar has lost every bond");
    }

    /// The airgap is longer than the window, as mainnet's is beside its shortest: no bond comes back in time. As many lies fall as
    /// there are bonds, and no honest wei is lost to the others: a challenger of that many bonds is what such results rest on.
    function test_airgapBeyondTheWindow_aBondPerLie() public {
        longAirgap();
        lie();
        vm.assertEq(fight(0), BUDGET, "all that it has");
        vm.assertTrue(ALICE.balance < CHALLENGE_BOND, "nothing is left to fight with");
        pass(WINDOW);
        for (uint256 i = 0; i < LIES; ++i) {
            bool fell = results.claimOf(_claims[i]).status == CLAIM_OVERTURNED;
            vm.assertTrue(fell == (i < BUDGET), "one for each bond");
            if (!fell) results.finalize(_claims[i]);
            if (!fell) vm.assertEq(results.claimOf(_claims[i]).status, CLAIM_FINAL, "not fought");
        }
        pass(10 * WINDOW);
        settle();
        vm.assertEq(ALICE.balance, BUDGET * CHALLENGE_BOND + BUDGET * (CLAIM_BOND / 2), "bonds and rewards");
        // Who lies in parallel locks at least four times what it takes to fight all of it.
        vm.assertTrue(CLAIM_BOND >= 4 * CHALLENGE_BOND, "lies are dearer than challenges");
    }

    /// With as many bonds as lies nothing stands, whatever the airgap.
    function test_airgapBeyondTheWindow_enoughBonds() public {
        longAirgap();
        lie();
        vm.deal(ALICE, LIES * CHALLENGE_BOND);
        vm.assertEq(fight(0), LIES, "all of them");
        for (uint256 i = 0; i < LIES; ++i) {
            vm.assertEq(results.claimOf(_claims[i]).status, CLAIM_OVERTURNED, "overturned");
        }
    }

    /// Challenges without end against an honest claim: each is ended by itself, and none makes another, or finality, dearer.
    function test_manyChallenges_endOneByOne() public {
        uint256 many = 60;
        bytes32 calm = claimAs(EXECUTOR, ToyRun.make(WITH_ROOTS, 99, 1));
        bytes32 flooded = claimAs(EXECUTOR, ToyRun.make(WITH_ROOTS, 99, 2));
        bytes32 only = challengeAs(BOB, calm, 0, 0, 0);
        for (uint256 i = 0; i < many; ++i) _challenges.push(challengeAs(BOB, flooded, 0, 0, 0));
        pass(WINDOW + 1);
        vm.assertFalse(results.finalizable(flooded), "they hold it, until their time is over and somebody says so");
        uint256 gasOfOne = gasOf(address(disputes), abi.encodeCall(disputes.lapse, (only)));
        for (uint256 i = 0; i < many; ++i) {
            vm.assertFalse(results.finalizable(flooded), "one is left");
            uint256 gas = gasOf(address(disputes), abi.encodeCall(disputes.lapse, (_challenges[i])));
            vm.assertTrue(gas <= gasOfOne, "no dearer than one alone");
        }
        gasOfOne = gasOf(address(results), abi.encodeCall(results.finalize, (calm)));
        vm.assertTrue(gasOf(address(results), abi.encodeCall(results.finalize, (flooded))) <= gasOfOne, "nor is the end");
        vm.assertEq(results.claimOf(flooded).status, CLAIM_FINAL, "final");
        vm.assertEq(disputes.balanceOf(BOB), (many + 1) * CHALLENGE_BOND, "nothing but time and gas");
        checkSolvent();
    }

    function gasOf(address target, bytes memory data) internal returns (uint256 gas) {
        gas = gasleft();
        (bool done,) = target.call(data);
        gas -= gasleft();
        vm.assertTrue(done, "is done");
    }

    function longAirgap() internal {
        Stage stage = new Stage(
            Clocks(SEED_DELAY, WINDOW, ANSWER, CHALLENGER_CLOCK, 10 * WINDOW, RESERVE),
            Prices(RESERVE_BOND, CLAIM_BOND, SOFT_BOND, CHALLENGE_BOND, OPEN_FEE, CHUNK_FEE)
        );
        (inbox, results, disputes, demands, leaf) =
            (stage.inbox(), stage.results(), stage.disputes(), stage.demands(), stage.leaf());
    }

    function runOf(uint256 i) internal pure returns (Run memory) {
        return ToyRun.make(WITH_ROOTS, 3, i + 1);
    }

    /// Each about an id of its own, all in one L1 second.
    function lie() internal {
        vm.deal(ALICE, BUDGET * CHALLENGE_BOND);
        for (uint256 i = 0; i < LIES; ++i) {
            Run memory run = runOf(i);
            leaf.mark(run.traces[3].exactRoot);
            _claims.push(claimAs(LIAR, run));
        }
        checkSolvent();
    }

    /// Alice challenges from lie `first` on as long as her money lasts, proves, and waits for what she has won.
    function fight(uint256 first) internal returns (uint256 next) {
        for (next = first; next < LIES && ALICE.balance >= CHALLENGE_BOND; ++next) {
            _challenges.push(challengeAs(ALICE, _claims[next], 1, 1, 0));
        }
        vm.assertTrue(next > first, "does not run dry");
        rollTo(l1Block() + 1);
        for (uint256 i = first; i < next; ++i) proveAs(ALICE, _challenges[i], runOf(i), 1, 1);
        checkSolvent();
        pass(AIRGAP + 1);
        settle();
    }

    /// Everything that can be had now.
    function settle() internal {
        for (uint256 i = 0; i < _challenges.length; ++i) {
            _try(STRANGER, address(disputes), abi.encodeCall(disputes.refund, (_challenges[i])));
            _try(STRANGER, address(results), abi.encodeCall(results.collect, (_claims[i])));
        }
        _try(ALICE, address(results), abi.encodeCall(results.withdraw, ()));
        _try(ALICE, address(disputes), abi.encodeCall(disputes.withdraw, ()));
        checkSolvent();
    }

    function _try(address who, address target, bytes memory data) private {
        vm.prank(who);
        (bool done,) = target.call(data);
        done; // what is not due yet is refused
    }
}
