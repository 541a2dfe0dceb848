// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBridge} from "../../../contracts/interfaces/IBridge.sol";
import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {IPrepaidGas} from "../../../contracts/interfaces/IPrepaidGas.sol";
import {IStateClaims} from "../../../contracts/interfaces/IStateClaims.sol";
import {Outbox} from "../../../contracts/l2/Outbox.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {OutboxTree} from "../../../contracts/libraries/OutboxTree.sol";
import {StateClaim} from "../../../contracts/types/StateClaim.sol";
import {Withdrawal} from "../../../contracts/types/Withdrawal.sol";
import {ChainFixture} from "../support/ChainFixture.sol";
import {Proud, Refuser, ReturnBomb, Thief} from "../support/Payees.sol";
import {WithdrawalTree} from "../support/WithdrawalTree.sol";
import {vm} from "../support/Vm.sol";

contract BridgeTest is ChainFixture {
    using WithdrawalTree for Withdrawal[];

    Withdrawal[] list;
    uint64 number;

    receive() external payable {}

    function setUp() public {
        deployChain();
        vm.deal(address(this), 100 ether);
        bridge.depositEth{value: 50 ether}(address(0xD0));
    }

    function add(address to, uint256 amountWei) internal returns (uint256 index) {
        index = list.length;
        list.push(Withdrawal(index, address(0xF0), to, amountWei));
    }

    function settle() internal {
        number = settleOutbox(list.root(L2));
    }

    function proof(uint256 index) internal view returns (bytes32[32] memory) {
        return list.proof(L2, index);
    }

    // ------------------------------------------------------------------ in

    function test_deposit_nothing_reverts() public {
        vm.expectRevert(IBridge.ZeroAmount.selector);
        bridge.depositEth(address(1));
        vm.expectRevert(IPrepaidGas.ZeroAmount.selector);
        prepaidGas.deposit(address(1));
    }

    function test_deposit_toNobody_reverts() public {
        vm.expectRevert(IBridge.ZeroAddress.selector);
        bridge.depositEth{value: 1}(address(0));
        vm.expectRevert(IPrepaidGas.ZeroAddress.selector);
        prepaidGas.deposit{value: 1}(address(0));
    }

    function test_takeCustody_byStranger_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IBridge.NotACustomer.selector, address(this)));
        bridge.takeCustody{value: 1}();
    }

    function test_plainTransfer_reverts() public {
        address[3] memory targets = [address(bridge), address(prepaidGas), address(inbox)];
        for (uint256 i = 0; i < 3; ++i) {
            (bool success,) = targets[i].call{value: 1}("");
            vm.assertFalse(success, "no unaccounted ETH comes in");
        }
    }

    function testFuzz_deposits_areHeldAndQueued(uint96 gasWei, uint96 ethWei, address account) public {
        vm.assume(gasWei != 0 && ethWei != 0 && account != address(0));
        vm.deal(address(this), uint256(gasWei) + ethWei);
        uint256 held = address(bridge).balance;

        bytes memory body = abi.encode(account, uint256(gasWei));
        bytes32 hash = keccak256(abi.encodePacked(inbox.hash(), keccak256(abi.encode(uint8(1), body))));
        vm.expectEmit(address(inbox));
        emit IInbox.MessageQueued(1, 1, body, hash);
        vm.assertEq(prepaidGas.deposit{value: gasWei}(account), 1, "index of the gas deposit");

        body = abi.encode(address(this), account, uint256(ethWei));
        hash = keccak256(abi.encodePacked(hash, keccak256(abi.encode(uint8(2), body))));
        vm.expectEmit(address(inbox));
        emit IInbox.MessageQueued(2, 2, body, hash);
        vm.expectEmit(address(bridge));
        emit IBridge.EthDeposited(address(this), account, ethWei, 2);
        bridge.depositEth{value: ethWei}(account);

        vm.assertEq(address(bridge).balance, held + gasWei + ethWei, "custody");
        vm.assertEq(address(prepaidGas).balance, 0, "prepaid gas keeps nothing");
    }

    // ------------------------------------------------------------------ out

    function test_finalize_notSettled_reverts() public {
        add(address(0xCAFE), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotSettled.selector, uint64(1)));
        bridge.finalizeWithdrawal(1, list[0], proof(0));
    }

    function test_finalize_duringWindow_reverts() public {
        add(address(0xCAFE), 1 ether);
        StateClaimPosted memory posted = postOnly();
        vm.assertEq(bridge.withdrawableAt(posted.number), posted.settleableAt, "the exact date is known");
        vm.warp(posted.settleableAt);
        vm.expectRevert(abi.encodeWithSelector(IStateClaims.NotSettled.selector, posted.number));
        bridge.finalizeWithdrawal(posted.number, list[0], proof(0));
        stateClaims.settle(posted.number);
        bridge.finalizeWithdrawal(posted.number, list[0], proof(0));
    }

    struct StateClaimPosted {
        uint64 number;
        uint64 settleableAt;
    }

    function postOnly() internal returns (StateClaimPosted memory) {
        StateClaim memory claim = claimOf(anchorBatch(1), list.root(L2));
        uint64 posted = claim.number;
        vm.prank(POSTER);
        stateClaims.post(claim);
        return StateClaimPosted(posted, stateClaims.settleableAt(posted));
    }

    function test_finalize_paysOnce() public {
        add(address(0xCAFE), 1 ether);
        add(address(0xCAFE), 1 ether); // equal but for its index: another withdrawal
        settle();
        vm.expectEmit(address(bridge));
        emit IBridge.WithdrawalPaid(0, address(0xCAFE), 1 ether);
        bridge.finalizeWithdrawal(number, list[0], proof(0));
        vm.assertEq(address(0xCAFE).balance, 1 ether, "paid");
        vm.assertTrue(bridge.isPaid(0), "known as paid");
        vm.assertFalse(bridge.isPaid(1), "the other is not");

        vm.expectRevert(abi.encodeWithSelector(IBridge.AlreadyPaid.selector, 0));
        bridge.finalizeWithdrawal(number, list[0], proof(0));
        bridge.finalizeWithdrawal(number, list[1], proof(1));
        vm.assertEq(address(0xCAFE).balance, 2 ether, "both paid");
    }

    /// The same leaf under a later settled root is the same withdrawal.
    function test_finalize_againUnderLaterRoot_reverts() public {
        add(address(0xCAFE), 1 ether);
        settle();
        bridge.finalizeWithdrawal(number, list[0], proof(0));
        add(address(0xCAFE), 2 ether);
        settle();
        vm.expectRevert(abi.encodeWithSelector(IBridge.AlreadyPaid.selector, 0));
        bridge.finalizeWithdrawal(number, list[0], proof(0));
    }

    /// Every field of the withdrawal, its chain, and every sibling are bound by the root.
    function test_finalize_anythingChanged_reverts() public {
        for (uint160 i = 0; i < 5; ++i) add(address(0xCAFE + i), i + 1);
        settle();
        for (uint256 change = 0; change < 9; ++change) {
            Withdrawal memory w = list[2];
            bytes32[32] memory siblings = proof(2);
            if (change == 0) w.index = 3;
            if (change == 1) w.from = address(1);
            if (change == 2) w.to = address(this);
            if (change == 3) w.amountWei += 1;
            if (change == 4) siblings[0] ^= bytes32(uint256(1));
            if (change == 5) siblings[31] ^= bytes32(uint256(1));
            if (change == 6) siblings = proof(3);
            if (change == 7) w.index = 2 + 2 ** 31;
            if (change == 8) (w, siblings) = (list[2], list.proof(L2 + 1, 2));
            vm.expectPartialRevert(IBridge.ProofMismatch.selector);
            bridge.finalizeWithdrawal(number, w, siblings);
        }
    }

    /// An index with the same low bits walks the same path: it must not open a second payment.
    function test_finalize_indexBeyondTree_reverts() public {
        add(address(0xCAFE), 1);
        settle();
        uint256[3] memory indices = [uint256(2 ** 32 - 1), 2 ** 32, 2 ** 255];
        for (uint256 i = 0; i < 3; ++i) {
            Withdrawal memory w = list[0];
            w.index = indices[i];
            vm.expectRevert(abi.encodeWithSelector(Merkle.LeafOutOfRange.selector, indices[i], 2 ** 32 - 1));
            bridge.finalizeWithdrawal(number, w, proof(0));
        }
    }

    /// An inner node is no leaf: its preimage is 64 bytes, a leaf's is 192.
    function test_finalize_zeroLeaf_reverts() public {
        add(address(0xCAFE), 1);
        settle();
        bytes32[32] memory siblings = list.proof(L2, 1); // of an empty position
        Withdrawal memory empty;
        empty.index = 1;
        vm.expectPartialRevert(IBridge.ProofMismatch.selector);
        bridge.finalizeWithdrawal(number, empty, siblings);
    }

    function test_finalize_toOurselves_reverts() public {
        address[6] memory ours = [
            address(bridge), address(inbox), address(prepaidGas), address(anchor), address(stateClaims), address(results)
        ];
        for (uint256 i = 0; i < 6; ++i) add(ours[i], 1);
        settle();
        for (uint256 i = 0; i < 6; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBridge.TargetRefused.selector, ours[i]));
            bridge.finalizeWithdrawal(number, list[i], proof(i));
        }
    }

    function test_finalize_payeeReverts_staysUnpaid() public {
        Refuser refuser = new Refuser();
        add(address(refuser), 1 ether);
        settle();
        vm.expectRevert(abi.encodeWithSelector(IBridge.PayoutFailed.selector, address(refuser)));
        bridge.finalizeWithdrawal(number, list[0], proof(0));
        vm.assertFalse(bridge.isPaid(0), "unpaid");
        refuser.accept();
        bridge.finalizeWithdrawal(number, list[0], proof(0));
        vm.assertEq(address(refuser).balance, 1 ether, "paid at last");
    }

    function test_finalize_reentered_paysOnce() public {
        Thief thief = new Thief(bridge);
        add(address(thief), 1 ether);
        settle();
        thief.aim(number, list[0], proof(0));
        bridge.finalizeWithdrawal(number, list[0], proof(0));
        vm.assertEq(address(thief).balance, 1 ether, "once");
        vm.assertTrue(thief.refused(), "the second entry was refused");
    }

    function test_finalize_returnBomb_isNotCopied() public {
        ReturnBomb bomb = new ReturnBomb();
        add(address(bomb), 1 ether);
        settle();
        bytes32[32] memory siblings = proof(0);
        uint256 before = gasleft();
        bridge.finalizeWithdrawal{gas: 3_000_000}(number, list[0], siblings);
        vm.assertTrue(before - gasleft() < 2_000_000, "200 KB of return data cost the caller nothing beyond the payee's own");
        vm.assertEq(address(bomb).balance, 1 ether, "paid");
    }

    /// Whoever finalizes cannot starve the payee: at every gas limit either the payee gets its 100,000, or nothing happens.
    function test_finalize_everyGasLimit_payeeIsNeverStarved() public {
        Proud proud = new Proud();
        add(address(proud), 1 ether);
        settle();
        bytes32[32] memory siblings = proof(0);
        bool paid;
        for (uint256 gas = 60_000; gas < 400_000; gas += 1_500) {
            try bridge.finalizeWithdrawal{gas: gas}(number, list[0], siblings) {
                paid = true;
                break;
            } catch {
                vm.assertFalse(bridge.isPaid(0), "a failed attempt leaves no trace");
            }
        }
        vm.assertTrue(paid, "enough gas pays");
        vm.assertTrue(proud.gasSeen() >= 100_000 - 2_500, "the payee had its gas");
    }

    function test_finalize_moreThanCustody_reverts() public {
        add(address(0xCAFE), 50 ether + 1);
        settle();
        vm.expectRevert(abi.encodeWithSelector(IBridge.PayoutFailed.selector, address(0xCAFE)));
        bridge.finalizeWithdrawal(number, list[0], proof(0));
    }

    /// The L2 predeploy and the fixture's tree agree: what L2 commits to, L1 pays.
    function testFuzz_outboxLeaf_isPaidOnL1(uint8 count, uint256 seed) public {
        count = count % 20 + 1;
        vm.chainId(L2);
        Outbox outbox = new Outbox();
        for (uint256 i = 0; i < count; ++i) {
            address to = address(uint160(uint256(keccak256(abi.encode(seed, i)))));
            uint256 amountWei = 1 + i * 1e9;
            outbox.withdraw{value: amountWei}(to);
            list.push(Withdrawal(i, address(this), to, amountWei));
        }
        vm.chainId(31337);
        vm.assertEq(outbox.root(), list.root(L2), "root on L2 and from all leaves");
        number = settleOutbox(outbox.root());
        uint256 index = seed % count;
        bridge.finalizeWithdrawal(number, list[index], proof(index));
        vm.assertEq(list[index].to.balance, list[index].amountWei, "paid");
    }
}
