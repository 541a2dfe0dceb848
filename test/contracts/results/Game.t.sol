// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Challenge, CHALLENGE_LIVE, NO_STEP} from "../../../contracts/interfaces/IDisputes.sol";
import {CLAIM_FINAL, CLAIM_OPEN, CLAIM_OVERTURNED} from "../../../contracts/interfaces/IResultClaims.sol";
import {DemandKeys} from "../../../contracts/libraries/DemandKeys.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Games of random moves (docs/protocol.md P7): a claimant who answers everything that is asked of it, in the order of the due
/// times and at the last second, against challengers who ask, point and prove whatever comes to their minds.
///
/// - Always: the wei held is the wei owed, in each contract.
/// - An honest claim becomes final, whatever is done against it; an honest claimant loses nothing.
/// - A lying claim is overturned by one honest challenger who knows where the lie is, whatever others do in between.
/// - Finality is reached in bounded time once nobody may ask any more.
contract GameTest is Acted {
    struct Game {
        Run run;
        bytes32 hash;
        address claimant;
        bool stepRoots;
        uint256 lie; // 0 or 1
        uint64 windowEnd;
        uint256 random;
        bytes32[] challenges;
        address[] challengers;
    }

    uint256 constant MOVES = 16;

    function begin(uint256 seed, bool lying) internal returns (Game memory g) {
        g.stepRoots = seed & 1 == 0;
        uint8 flags = (g.stepRoots ? STEP_ROOTS : 0) | SEQUENTIAL | (seed & 2 == 0 ? SOFT : 0);
        g.run = ToyRun.make(flags, lying ? 3 : type(uint256).max, 0);
        g.lie = lying ? 1 : 0;
        if (lying) leaf.mark(g.run.traces[3].exactRoot);
        g.claimant = lying ? LIAR : EXECUTOR;
        g.hash = claimAs(g.claimant, g.run);
        g.windowEnd = clock() + WINDOW;
        g.random = seed;
        g.challenges = new bytes32[](0);
        g.challengers = new address[](0);
    }

    function draw(Game memory g, uint256 bound) internal pure returns (uint256) {
        g.random = uint256(keccak256(abi.encode(g.random)));
        return g.random % bound;
    }

    function isOpen(Game memory g) internal view returns (bool) {
        return results.claimOf(g.hash).status == CLAIM_OPEN;
    }

    /// The claimant answers one path, if it was asked for and has not been answered.
    function answer(Game memory g, bytes32 key, uint256 kind, uint32 segment, uint32 step) internal {
        uint64 due = demands.demandOf(key).due;
        if (due == 0 || demands.demandOf(key).answeredAt != 0) return;
        if (kind == 0) {
            vm.prank(g.claimant);
            demands.answerSegment(g.hash, ToyRun.segmentProof(g.run, segment));
        } else if (kind == 1) {
            openSegmentAs(g.claimant, g.hash, g.run, segment);
        } else {
            openStepAs(g.claimant, g.hash, g.run, segment, step, 2 * segment + step == 3 ? g.lie : 0);
        }
    }

    function answerAll(Game memory g) internal {
        for (uint32 s = 0; s < 3; ++s) {
            answer(g, DemandKeys.segment(g.hash, s), 0, s, 0);
            answer(g, DemandKeys.traces(g.hash, s), 1, s, 0);
            for (uint32 t = 0; t < ToyRun.stepsIn(s); ++t) answer(g, DemandKeys.step(g.hash, s, t, 0), 2, s, t);
        }
    }

    function call(address who, address target, uint256 value, bytes memory data) internal returns (bool done, bytes memory out) {
        vm.prank(who);
        (done, out) = target.call{value: value}(data);
    }

    /// One move of somebody; most are refused, none may break the books.
    function move(Game memory g, bool mayProve) internal {
        address who = draw(g, 2) == 0 ? ALICE : BOB;
        uint32 segment = uint32(draw(g, 4));
        uint32 step = uint32(draw(g, 3));
        uint256 choice = draw(g, 9);
        if (choice == 0) {
            call(who, address(demands), OPEN_FEE, abi.encodeCall(demands.demandSegment, (g.hash, segment)));
        } else if (choice == 1) {
            call(who, address(demands), OPEN_FEE, abi.encodeCall(demands.demandTraces, (g.hash, segment)));
        } else if (choice == 2) {
            call(who, address(demands), STEP_FEE, abi.encodeCall(demands.demandStep, (g.hash, segment, step, 0)));
        } else if (choice <= 4) {
            challenge(g, who, segment, step);
        } else if (choice == 5) {
            warpTo(clock() + uint64(draw(g, 9)));
            rollTo(l1Block() + 1);
        } else if (g.challenges.length > 0) {
            uint256 chosen = draw(g, g.challenges.length);
            if (choice == 6) pointOne(g, chosen, step);
            else if (choice == 7) endOne(g, chosen, segment);
            else if (mayProve) proveOne(g, chosen);
        }
    }

    function challenge(Game memory g, address who, uint32 segment, uint32 step) internal {
        if (step == 2 || !g.stepRoots) step = NO_STEP;
        uint256 value = CHALLENGE_BOND + (draw(g, 2) == 0 ? OPEN_FEE : 0);
        (bool done, bytes memory out) =
            call(who, address(disputes), value, abi.encodeCall(disputes.challenge, (g.hash, segment, step)));
        if (done) remember(g, abi.decode(out, (bytes32)), who);
    }

    function pointOne(Game memory g, uint256 chosen, uint32 step) internal {
        uint256 value = draw(g, 2) == 0 ? STEP_FEE : 0;
        bytes memory data = abi.encodeCall(disputes.point, (g.challenges[chosen], step));
        call(g.challengers[chosen], address(disputes), value, data);
    }

    function endOne(Game memory g, uint256 chosen, uint32 segment) internal {
        bytes32 id = g.challenges[chosen];
        bytes memory data = abi.encodeCall(disputes.waitFor, (id, DemandKeys.segment(g.hash, segment)));
        call(g.challengers[chosen], address(disputes), 0, data);
        call(STRANGER, address(disputes), 0, abi.encodeCall(disputes.lapse, (id)));
    }

    function proveOne(Game memory g, uint256 chosen) internal {
        bytes32 id = g.challenges[chosen];
        Challenge memory made = disputes.challengeOf(id);
        if (made.step == NO_STEP) return;
        bytes memory w = witness(g.run, made.segment, made.step, 0);
        call(g.challengers[chosen], address(disputes), 0, abi.encodeCall(disputes.prove, (id, 1, g.run.task, w)));
    }

    function remember(Game memory g, bytes32 id, address who) internal pure {
        bytes32[] memory ids = new bytes32[](g.challenges.length + 1);
        address[] memory owners = new address[](ids.length);
        for (uint256 i = 0; i < g.challenges.length; ++i) (ids[i], owners[i]) = (g.challenges[i], g.challengers[i]);
        (ids[ids.length - 1], owners[ids.length - 1]) = (id, who);
        (g.challenges, g.challengers) = (ids, owners);
    }

    /// Everybody gets what is theirs; then the contracts hold nothing but what they owe.
    function settle(Game memory g) internal {
        pass(AIRGAP + 1);
        for (uint256 i = 0; i < g.challenges.length; ++i) {
            call(STRANGER, address(disputes), 0, abi.encodeCall(disputes.refund, (g.challenges[i])));
        }
        disputes.collect(g.hash);
        call(STRANGER, address(results), 0, abi.encodeCall(results.collect, (g.hash)));
        for (uint32 s = 0; s < 3; ++s) {
            call(STRANGER, address(demands), 0, abi.encodeCall(demands.collect, (DemandKeys.segment(g.hash, s))));
            call(STRANGER, address(demands), 0, abi.encodeCall(demands.collect, (DemandKeys.traces(g.hash, s))));
            for (uint32 t = 0; t < 2; ++t) {
                call(STRANGER, address(demands), 0, abi.encodeCall(demands.collect, (DemandKeys.step(g.hash, s, t, 0))));
            }
        }
        checkSolvent();
        address[5] memory actors = [EXECUTOR, LIAR, ALICE, BOB, STRANGER];
        for (uint256 i = 0; i < 5; ++i) {
            call(actors[i], address(results), 0, abi.encodeCall(results.withdraw, ()));
            call(actors[i], address(disputes), 0, abi.encodeCall(disputes.withdraw, ()));
            call(actors[i], address(demands), 0, abi.encodeCall(demands.withdraw, ()));
        }
        vm.assertEq(address(results).balance, 0, "ResultClaims is empty");
        vm.assertEq(address(disputes).balance, 0, "Disputes is empty");
        vm.assertEq(address(demands).balance, 0, "Demands is empty");
    }

    /// Once nobody may ask, finality comes within a bounded time: the challengers' clocks, and the airgap.
    function toFinality(Game memory g) internal {
        answerAll(g);
        if (clock() <= g.windowEnd) warpTo(g.windowEnd + 1);
        warpTo(clock() + CHALLENGER_CLOCK + 1);
        for (uint256 i = 0; i < g.challenges.length; ++i) {
            if (disputes.challengeOf(g.challenges[i]).status == CHALLENGE_LIVE) disputes.lapse(g.challenges[i]);
        }
        warpTo(clock() + AIRGAP + 1);
        results.finalize(g.hash);
    }

    function testFuzz_honestClaim_becomesFinal_losesNothing(uint256 seed) public {
        Game memory g = begin(seed, false);
        uint256 wealth = EXECUTOR.balance + CLAIM_BOND + (g.run.job.flags & SOFT == 0 ? 0 : SOFT_BOND);
        for (uint256 i = 0; i < MOVES; ++i) {
            move(g, true);
            // At the latest possible moment: no answer is late before the first due time has passed.
            if (i % 3 == 2) answerAll(g);
            checkSolvent();
            vm.assertTrue(isOpen(g), "stands");
        }
        toFinality(g);
        vm.assertEq(results.claimOf(g.hash).status, CLAIM_FINAL, "final");
        settle(g);
        vm.assertTrue(EXECUTOR.balance >= wealth, "an honest claimant loses nothing");
    }

    function testFuzz_lyingClaim_isOverturned_byOneHonestChallenger(uint256 seed) public {
        Game memory g = begin(seed, true);
        uint256 before = STRANGER.balance;
        for (uint256 i = 0; i < MOVES; ++i) {
            move(g, false);
            if (i % 3 == 2) answerAll(g);
            checkSolvent();
        }
        if (clock() > g.windowEnd) warpTo(g.windowEnd); // the honest one is late, but within the window
        bool opened = g.stepRoots || demands.stepsRootOf(g.hash, 1) != 0;
        uint256 askingWei = BURNED.balance;
        bytes32 id = challengeAs(STRANGER, g.hash, 1, opened ? 1 : NO_STEP, opened ? 0 : OPEN_FEE);
        askingWei = BURNED.balance - askingWei; // half of the open fee, unless the path was asked before
        remember(g, id, STRANGER);
        answerAll(g);
        if (!opened) {
            vm.prank(STRANGER);
            disputes.point(id, 1);
        }
        rollTo(l1Block() + 1);
        proveAs(STRANGER, id, g.run, 1, 1);
        vm.assertEq(results.claimOf(g.hash).status, CLAIM_OVERTURNED, "overturned");
        checkSolvent();
        settle(g);
        vm.assertEq(STRANGER.balance, before + CLAIM_BOND / 2 - askingWei, "all other costs back, and the reward");
        vm.assertTrue(BURNED.balance >= CLAIM_BOND / 2, "at least half of the bond is burned");
    }

    /// Silence loses as surely as a wrong element does.
    function testFuzz_silentClaim_isOverturned(uint256 seed) public {
        Game memory g = begin(seed, true);
        for (uint256 i = 0; i < MOVES; ++i) move(g, false);
        if (clock() > g.windowEnd) warpTo(g.windowEnd);
        bytes32 key = DemandKeys.segment(g.hash, 0);
        if (demands.demandOf(key).due == 0) {
            vm.prank(STRANGER);
            demands.demandSegment{value: OPEN_FEE}(g.hash, 0);
        }
        uint64 due = demands.demandOf(key).due;
        vm.assertTrue(due <= clock() + (MOVES + 1) * ANSWER, "the queue is as long as what was asked");
        if (clock() <= due) warpTo(due + 1);
        vm.assertFalse(results.finalizable(g.hash), "not final while it owes an answer");
        demands.timeout(key);
        vm.assertEq(results.claimOf(g.hash).status, CLAIM_OVERTURNED, "overturned");
        settle(g);
    }
}
