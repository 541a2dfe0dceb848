// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IForcedTransactions} from "../../../contracts/interfaces/IForcedTransactions.sol";
import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {ForcedLane} from "../../../contracts/libraries/ForcedLane.sol";
import {ChainFixture} from "../support/ChainFixture.sol";
import {vm} from "../support/Vm.sol";

contract ForcedTransactionsTest is ChainFixture {
    uint64 constant MAX = 2 ** 24;
    uint128 constant FLOOR = 1_000_000;
    address constant BURNED = 0x000000000000000000000000000000000000dEaD;
    address constant TO = address(0x70);

    function setUp() public {
        deployChain();
        vm.deal(address(this), 1 ether);
    }

    receive() external payable {}

    function hashAfter(uint8 kind, bytes memory body) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(inbox.hash(), keccak256(abi.encode(kind, body))));
    }

    // ------------------------------------------------------------------ refusals

    function test_force_gasLimit_boundaries() public {
        vm.expectRevert(
            abi.encodeWithSelector(IForcedTransactions.GasLimitOutOfRange.selector, uint64(21_000), MAX, uint64(20_999))
        );
        forced.forceEnvelope{value: 1 ether}("", 20_999);
        vm.expectRevert(
            abi.encodeWithSelector(IForcedTransactions.GasLimitOutOfRange.selector, uint64(21_000), MAX, MAX + 1)
        );
        forced.forceEnvelope{value: 0.5 ether}("", MAX + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IForcedTransactions.GasLimitOutOfRange.selector, uint64(21_080), MAX, uint64(21_079))
        );
        forced.forceCall{value: 1 ether}(TO, 0, 21_079, hex"0102");
        forced.forceCall{value: 1 ether}(TO, 0, 21_080, hex"0102");
    }

    function test_force_dataLength_boundary() public {
        vm.expectRevert(abi.encodeWithSelector(IForcedTransactions.DataTooLong.selector, 90_000, 90_001));
        forced.forceEnvelope{value: 1 ether}(new bytes(90_001), 21_000);
        forced.forceEnvelope{value: 1 ether}(new bytes(90_000), 21_000);
    }

    function test_forceCall_toLedger_reverts() public {
        vm.expectRevert(IForcedTransactions.LedgerRefused.selector);
        forced.forceCall{value: 1 ether}(address(0x414e4802), 0, 30_000, "");
    }

    function test_force_value_boundary() public {
        uint256 cost = 30_000 * uint256(FLOOR);
        vm.expectRevert(abi.encodeWithSelector(IForcedTransactions.ValueTooLow.selector, cost, cost - 1));
        forced.forceCall{value: cost - 1}(TO, 0, 30_000, "");
        vm.expectRevert(abi.encodeWithSelector(IForcedTransactions.ValueTooLow.selector, cost, cost - 1));
        forced.forceEnvelope{value: cost - 1}("", 30_000);
        forced.forceCall{value: cost}(TO, 0, 30_000, "");
    }

    // ------------------------------------------------------------------ what is queued and paid

    function test_forceEnvelope_burnsItsPrice_returnsTheRest() public {
        uint256 before = address(this).balance;
        bytes32 expected = hashAfter(7, abi.encode(bytes(hex"c0ffee"), uint64(50_000)));
        uint64 index = forced.forceEnvelope{value: 1 ether}(hex"c0ffee", 50_000);
        vm.assertEq(index, 0, "index");
        vm.assertEq(inbox.hash(), expected, "message");
        vm.assertEq(BURNED.balance, 50_000 * uint256(FLOOR), "burned");
        vm.assertEq(before - address(this).balance, 50_000 * uint256(FLOOR), "the rest came back");
        vm.assertEq(address(forced).balance, 0, "keeps nothing");
    }

    function test_forceCall_fromContract_isAliased_andCustodyHoldsAll() public {
        address alias_;
        unchecked {
            alias_ = address(uint160(address(this)) + uint160(0x1111111111111111111111111111111111111111));
        }
        bytes memory body = abi.encode(
            alias_, TO, 1 ether - 40_000 * uint256(FLOOR), uint256(5), uint64(40_000), uint256(FLOOR), bytes(hex"01")
        );
        bytes32 expected = hashAfter(8, body);
        vm.prank(address(this), address(0xE0A));
        forced.forceCall{value: 1 ether}(TO, 5, 40_000, hex"01");
        vm.assertEq(inbox.hash(), expected, "message");
        vm.assertEq(address(bridge).balance, 1 ether, "custody");
    }

    function test_forceCall_fromOrigin_isItself() public {
        address user = address(0x0513);
        vm.deal(user, 1 ether);
        bytes memory body = abi.encode(user, TO, uint256(0), uint256(5), uint64(40_000), uint256(FLOOR), bytes(""));
        bytes32 expected = hashAfter(8, body);
        vm.prank(user, user);
        forced.forceCall{value: 40_000 * uint256(FLOOR)}(TO, 5, 40_000, "");
        vm.assertEq(inbox.hash(), expected, "message");
    }

    // ------------------------------------------------------------------ lane

    function test_lane_cap_perL1Block() public {
        forced.forceEnvelope{value: 0.5 ether}("", MAX);
        forced.forceEnvelope{value: 0.5 ether}("", MAX - 21_000);
        vm.expectRevert(abi.encodeWithSelector(ForcedLane.LaneFull.selector, uint64(21_000), uint64(21_001)));
        forced.forceEnvelope{value: 0.5 ether}("", 21_001);
        forced.forceEnvelope{value: 0.5 ether}("", 21_000);
        vm.roll(block.number + 1);
        forced.forceEnvelope{value: 0.5 ether}("", 21_001);
    }

    /// Full blocks raise it by an eighth each, empty ones lower it, never below the floor.
    function test_lane_price_movesLikeABaseFee() public {
        uint256 expected = FLOOR;
        for (uint256 i = 0; i < 12; ++i) {
            forced.forceEnvelope{value: 0.5 ether}("", MAX);
            (uint128 within,) = forced.lane();
            vm.assertEq(within, expected, "one price within a block");
            forced.forceEnvelope{value: 0.5 ether}("", MAX);
            vm.roll(block.number + 1);
            expected += expected / 8;
            (uint128 priceWei, uint64 leftGas) = forced.lane();
            vm.assertEq(priceWei, expected, "up an eighth");
            vm.assertEq(leftGas, 2 * MAX, "all of a new block");
        }
        forced.forceEnvelope{value: 0.5 ether}("", MAX);
        vm.roll(block.number + 1);
        (uint128 same,) = forced.lane();
        vm.assertEq(same, expected, "at the target it stays");
        vm.roll(block.number + 1);
        (uint128 lower,) = forced.lane();
        vm.assertEq(lower, expected - expected / 8, "down an eighth");
        vm.roll(block.number + 1_000_000);
        (uint128 floor,) = forced.lane();
        vm.assertEq(floor, FLOOR, "never below the floor");
    }
}
