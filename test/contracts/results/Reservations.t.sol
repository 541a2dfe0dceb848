// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {ClaimInput, IResultClaims, Reservation} from "../../../contracts/interfaces/IResultClaims.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Reservations and seeds (docs/protocol.md P6.2).
contract ReservationsTest is Acted {
    address constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// The history contract's code as EIP-2935 gives it.
    bytes constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
    uint64 constant SEED_BLOCK = 1064;

    bytes private _run;
    bytes32 id;
    bytes header;
    bytes32 seed;

    function setUp() public override {
        super.setUp();
        Run memory run = ToyRun.make(STEP_ROOTS);
        _run = abi.encode(run);
        id = run.task.id;
        vm.etch(HISTORY, HISTORY_CODE);
        TestHeader memory h;
        h.number = SEED_BLOCK;
        header = HeaderBuilder.encode(h);
        seed = keccak256(abi.encode(id, uint256(keccak256("some root"))));
        vm.store(HISTORY, bytes32(uint256(SEED_BLOCK % 8191)), keccak256(header));
    }

    /// What was made before: making hashes with sha256, which is a call, and an expected revert would be looked for there.
    function reserved() internal view returns (Run memory) {
        return abi.decode(_run, (Run));
    }

    function reserveAs(address who) internal {
        uint256 bondWei = results.reserveBondWei(id);
        vm.prank(who);
        results.reserve{value: bondWei}(id, "http://executor");
    }

    /// A reservation that nobody uses, and the second after it.
    function lapseAs(address who) internal {
        reserveAs(who);
        warpTo(clock() + RESERVE + 1);
    }

    function fixSeed() internal {
        rollTo(SEED_BLOCK + 300);
        results.fixSeed(id, header);
    }

    function claimReserved(address who) internal returns (bytes32) {
        ClaimInput memory input = ToyRun.input(reserved(), 0);
        vm.prank(who);
        return results.claim{value: CLAIM_BOND}(input);
    }

    // ------------------------------------------------------------------ reserve

    function test_reserve_bondOffByOne_reverts() public {
        for (uint256 i = 0; i < 3; i += 2) {
            uint256 value = RESERVE_BOND + i - 1;
            vm.expectRevert(abi.encodeWithSelector(IResultClaims.BondMismatch.selector, RESERVE_BOND, value));
            results.reserve{value: value}(id, "");
        }
    }

    function test_reserve_takenWhileSeedIsOpen_reverts() public {
        reserveAs(EXECUTOR);
        warpTo(clock() + 100 * RESERVE);
        rollTo(SEED_BLOCK + 8191);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.AlreadyReserved.selector, id, EXECUTOR));
        vm.prank(LIAR);
        results.reserve{value: RESERVE_BOND}(id, "");
    }

    /// The claim right ends RESERVE seconds behind the later of reservation and seed: there it is still the reserver's.
    function test_reserve_afterLapse_halfBurnedHalfCarried() public {
        reserveAs(EXECUTOR);
        fixSeed();
        uint64 end = clock() + RESERVE;
        warpTo(end);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.AlreadyReserved.selector, id, EXECUTOR));
        vm.prank(LIAR);
        results.reserve{value: RESERVE_BOND}(id, "");
        warpTo(end + 1);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ReservationLapsed.selector, end, end + 1));
        claimReserved(EXECUTOR);

        reserveAs(LIAR);
        vm.assertEq(BURNED.balance, RESERVE_BOND / 2, "burned");
        checkSolvent();
        Reservation memory r = results.reservationOf(id);
        vm.assertEq(r.seed, seed, "a later reservation does not redraw");
        vm.assertEq(r.firstBlock, 1000, "nor move r");
        claimReserved(LIAR);
        vm.assertEq(results.balanceOf(LIAR), 3 * RESERVE_BOND - RESERVE_BOND / 2, "own bond, twice as high, and the other half");
        vm.assertEq(results.reservationOf(id).lapses, 0, "who claims ends the row of lapses");
        vm.assertEq(results.balanceOf(EXECUTOR), 0, "who lapsed gets nothing");
        checkSolvent();
    }

    /// Holding an id back costs more and more, and ends after three reservations.
    function test_reserve_bondDoublesPerLapse_thenOpenToAll() public {
        reserveAs(EXECUTOR);
        fixSeed();
        warpTo(clock() + RESERVE);
        vm.assertEq(results.reserveBondWei(id), RESERVE_BOND, "at the last second");
        warpTo(clock() + 1);
        vm.assertEq(results.reserveBondWei(id), 2 * RESERVE_BOND, "a second later");
        for (uint256 i = 0; i < 3; i += 2) {
            uint256 value = 2 * RESERVE_BOND + i - 1;
            vm.expectRevert(abi.encodeWithSelector(IResultClaims.BondMismatch.selector, 2 * RESERVE_BOND, value));
            results.reserve{value: value}(id, "");
        }
        lapseAs(LIAR);
        vm.assertEq(results.reserveBondWei(id), 4 * RESERVE_BOND, "two lapses");
        reserveAs(LIAR);
        uint64 end = clock() + RESERVE;
        warpTo(end);
        vm.assertFalse(results.isOpenToAll(id), "the third still holds it");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotReserver.selector, LIAR, EXECUTOR));
        claimReserved(EXECUTOR);
        warpTo(end + 1);
        vm.assertTrue(results.isOpenToAll(id), "open");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.OpenToAll.selector, id));
        results.reserve{value: 8 * RESERVE_BOND}(id, "");
        checkSolvent();

        // Nobody can copy it: it is committed to first, as where there is no reservation at all.
        ClaimInput memory input = ToyRun.input(reserved(), "salt");
        bytes32 commitment = keccak256(abi.encode(ToyRun.hashOf(input, EXECUTOR, seed), EXECUTOR, input.salt));
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotCommitted.selector, commitment));
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND}(input);
        vm.prank(EXECUTOR);
        results.commit(commitment);
        rollTo(l1Block() + 1);
        vm.prank(EXECUTOR);
        results.claim{value: CLAIM_BOND}(input);
        // 1 + 2 + 4 bonds were lost: half of each is burned, the rest is the claimant's.
        uint256 burned = RESERVE_BOND / 2 + RESERVE_BOND + 2 * RESERVE_BOND;
        vm.assertEq(BURNED.balance, burned, "burned");
        vm.assertEq(results.balanceOf(EXECUTOR), 7 * RESERVE_BOND - burned, "carried");
        vm.assertEq(results.balanceOf(LIAR), 0, "who lapsed gets nothing");
        checkSolvent();
    }

    /// A seed that is lost must be drawn by a reservation, whatever lapsed before; who draws it keeps its right.
    function test_reserve_lostSeed_isNotOpenToAll() public {
        for (uint256 i = 0; i < 4; ++i) {
            vm.assertEq(results.reserveBondWei(id), RESERVE_BOND << (i < 3 ? i : 3), "bond");
            reserveAs(LIAR);
            rollTo(l1Block() + SEED_DELAY + 8192);
            vm.assertFalse(results.isOpenToAll(id), "no seed");
        }
        rollTo(SEED_BLOCK - SEED_DELAY + 8191 * 8);
        reserveAs(EXECUTOR);
        uint64 seedBlock = l1Block() + SEED_DELAY;
        TestHeader memory h;
        h.number = seedBlock;
        header = HeaderBuilder.encode(h);
        vm.store(HISTORY, bytes32(uint256(seedBlock % 8191)), keccak256(header));
        rollTo(seedBlock + 300); // where the history contract is asked, which this test fills
        results.fixSeed(id, header);
        vm.assertFalse(results.isOpenToAll(id), "reserved");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotReserver.selector, EXECUTOR, LIAR));
        claimReserved(LIAR);
        claimReserved(EXECUTOR);
        checkSolvent();
    }

    function test_reserve_clockRunsFromTheLaterOfSeedAndReservation() public {
        reserveAs(EXECUTOR);
        fixSeed();
        warpTo(clock() + RESERVE + 1);
        reserveAs(LIAR);
        uint64 end = clock() + RESERVE;
        warpTo(end);
        claimReserved(LIAR);
        vm.assertTrue(results.liveClaim(id) != 0, "at the last second");
    }

    // ------------------------------------------------------------------ seed

    function test_fixSeed_notReserved_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotReserved.selector, id));
        results.fixSeed(id, header);
    }

    function test_fixSeed_atSeedBlock_reverts() public {
        reserveAs(EXECUTOR);
        rollTo(SEED_BLOCK);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedBlockNotReached.selector, SEED_BLOCK, SEED_BLOCK));
        results.fixSeed(id, header);
    }

    function test_fixSeed_oneBlockLater_asksForItsHash() public {
        reserveAs(EXECUTOR);
        rollTo(SEED_BLOCK + 1);
        vm.expectPartialRevert(IResultClaims.HeaderMismatch.selector);
        results.fixSeed(id, header);
    }

    function test_fixSeed_otherHeader_reverts() public {
        reserveAs(EXECUTOR);
        rollTo(SEED_BLOCK + 300);
        bytes memory other = bytes.concat(header);
        other[460] ^= 0x01;
        vm.expectRevert(
            abi.encodeWithSelector(IResultClaims.HeaderMismatch.selector, keccak256(header), keccak256(other))
        );
        results.fixSeed(id, other);
    }

    function test_fixSeed_lastBlockOfHistory() public {
        reserveAs(EXECUTOR);
        rollTo(SEED_BLOCK + 8192);
        vm.expectRevert(
            abi.encodeWithSelector(IResultClaims.SeedBlockTooOld.selector, SEED_BLOCK, SEED_BLOCK + 8192)
        );
        results.fixSeed(id, header);
        rollTo(SEED_BLOCK + 8191);
        results.fixSeed(id, header);
        vm.assertEq(results.reservationOf(id).seed, seed, "seed");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedFixedAlready.selector, id, seed));
        results.fixSeed(id, header);
    }

    /// Only a seed that nobody could fix any more is drawn anew, by the next reservation, which is the first lapsed one's loss.
    function test_reserve_afterLostSeed_drawsAnew() public {
        reserveAs(EXECUTOR);
        rollTo(SEED_BLOCK + 8192);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedNotFixed.selector, id));
        claimReserved(EXECUTOR);
        reserveAs(LIAR);
        vm.assertEq(results.reservationOf(id).firstBlock, SEED_BLOCK + 8192, "r moves");
        vm.assertEq(results.reservationOf(id).reserver, LIAR, "reserver");
        checkSolvent();
    }

    // ------------------------------------------------------------------ claim under a reservation

    function test_claim_notReserved_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotReserved.selector, id));
        claimReserved(EXECUTOR);
    }

    function test_claim_byAnother_reverts() public {
        reserveAs(EXECUTOR);
        fixSeed();
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotReserver.selector, EXECUTOR, LIAR));
        claimReserved(LIAR);
    }

    function test_claim_seedNotFixed_reverts() public {
        reserveAs(EXECUTOR);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedNotFixed.selector, id));
        claimReserved(EXECUTOR);
    }

    function test_claim_bindsSeed_andReturnsBond() public {
        reserveAs(EXECUTOR);
        fixSeed();
        bytes32 hash = claimReserved(EXECUTOR);
        vm.assertEq(hash, ToyRun.hashOf(ToyRun.input(reserved(), 0), EXECUTOR, seed), "hash with the seed");
        vm.assertEq(results.claimOf(hash).seed, seed, "seed kept");
        vm.assertEq(results.balanceOf(EXECUTOR), RESERVE_BOND, "reservation bond");
        vm.assertEq(results.reservationOf(id).reserver, address(0), "reservation used up");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.IdClosed.selector, id, hash));
        vm.prank(LIAR);
        results.reserve{value: RESERVE_BOND}(id, "");
        checkSolvent();
    }

    /// Reserving an id whose task reads no random value must not keep others from claiming it.
    function test_reserve_seedlessId_doesNotBlock() public {
        Run memory seedless = ToyRun.make(STEP_ROOTS | SEQUENTIAL);
        id = seedless.task.id;
        reserveAs(LIAR);
        claimAs(EXECUTOR, seedless);
        vm.assertEq(results.balanceOf(EXECUTOR), 0, "another's bond stays");
        vm.assertEq(results.reservationOf(id).reserver, LIAR, "and the reservation");
        checkSolvent();
    }

    function test_headerBuilder_isReadByField13() public pure {
        TestHeader memory h;
        bytes[] memory fields = HeaderBuilder.fields(h);
        vm.assertEq(keccak256(fields[13]), keccak256(RLP.encode(keccak256("some root"))), "mixHash");
    }
}
