// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Docket, DueQueue} from "../../../contracts/libraries/DueQueue.sol";
import {vm} from "../support/Vm.sol";

/// The queue of due times under floods of random demands (docs/protocol.md P7.2):
///
/// - Every demand has its whole answer time.
/// - A claimant who begins at the last second that leaves it one spacing, and answers one demand per spacing in the order of
///   asking, is never late.
/// - Whoever makes a demand of now due n answer times later than alone has burned at least 2ⁿ − 1 open fees per answer time
///   and spacing, and so has anybody for him.
contract DueQueueTest {
    using DueQueue for Docket;

    uint64 constant ANSWER = 86_400;

    Docket private _docket;

    function warpTo(uint64 instant) internal {
        vm.warp(instant);
    }

    function ask(uint64 spacing) internal returns (uint64 due, uint256 feeUnits) {
        due = _docket.nextDue(ANSWER, spacing);
        feeUnits = uint256(1) << DueQueue.doublings(due, ANSWER);
        _docket.push(due);
    }

    function testFuzz_due_honestIsNeverLate(uint256 seed, uint64 spacing) public {
        spacing = 1 + spacing % ANSWER;
        uint64 time = 1_000_000;
        uint64 free = time; // when the claimant has answered everything so far, one per spacing
        for (uint256 i = 0; i < 64; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 3 == 0) time += uint64((seed >> 8) % (2 * spacing));
            warpTo(time);
            while (_docket.pending != 0 && free <= time) _docket.pop();
            (uint64 due,) = ask(spacing);
            vm.assertTrue(due >= time + ANSWER, "a whole answer time");
            free = (free > time ? free : time) + spacing;
            vm.assertTrue(free + (ANSWER - spacing) <= due, "answered, even after a pause of an answer time less a spacing");
        }
    }

    /// A flood that is never answered: what it burns against what it delays.
    function testFuzz_due_delayIsDear(uint64 spacing) public {
        spacing = ANSWER / 128 + spacing % (ANSWER / 8);
        warpTo(1_000_000);
        uint256 burnedHalves = 0;
        (uint64 due,) = ask(spacing);
        uint256 perAnswer = ANSWER / spacing;
        for (uint256 i = 0; i < 6 * (perAnswer + 1); ++i) {
            uint256 feeUnits;
            (due, feeUnits) = ask(spacing);
            burnedHalves += feeUnits;
            uint256 delays = (due - 1_000_000) / ANSWER - 1;
            vm.assertTrue(burnedHalves >= perAnswer * ((uint256(1) << delays) - 1), "doubling");
        }
        vm.assertTrue((due - 1_000_000) / ANSWER - 1 >= 5, "it takes six answer times' worth of demands to get there");
    }

    function test_doublings_boundaries() public {
        warpTo(1_000_000);
        uint64 alone = 1_000_000 + ANSWER;
        vm.assertEq(DueQueue.doublings(alone, ANSWER), 0, "alone");
        vm.assertEq(DueQueue.doublings(alone + ANSWER - 1, ANSWER), 0, "a second less");
        vm.assertEq(DueQueue.doublings(alone + ANSWER, ANSWER), 1, "one answer time");
        vm.assertEq(DueQueue.doublings(alone + 2 * ANSWER, ANSWER), 2, "two");
        vm.assertEq(DueQueue.doublings(alone + 1000 * ANSWER, ANSWER), 64, "no shift beyond the word");
    }

    function test_challengeableUntil_boundaries() public {
        warpTo(1_000_000);
        vm.assertEq(_docket.challengeableUntil(7, 10), 7, "nothing was asked");
        _docket.push(5);
        vm.assertEq(_docket.challengeableUntil(7, 10), type(uint64).max, "waits");
        vm.assertFalse(_docket.isQuiet(10), "pending");
        _docket.pop();
        vm.assertEq(_docket.challengeableUntil(7, 10), 1_000_010, "after the answer");
        vm.assertEq(_docket.challengeableUntil(2_000_000, 10), 2_000_000, "the window is longer");
        warpTo(1_000_010);
        vm.assertFalse(_docket.isQuiet(10), "its last second");
        warpTo(1_000_011);
        vm.assertTrue(_docket.isQuiet(10), "over");
    }
}
