// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Withdrawal} from "../../../contracts/types/Withdrawal.sol";
import {ChainFixture} from "../support/ChainFixture.sol";
import {WithdrawalTree} from "../support/WithdrawalTree.sol";
import {vm} from "../support/Vm.sol";

/// Whatever people do in whatever order: the Bridge holds exactly what came in and was not paid out, nobody else holds any, and
/// each withdrawal is paid once.
contract CustodyTest is ChainFixture {
    using WithdrawalTree for Withdrawal[];

    Withdrawal[] list;
    bool[] paid;
    uint256 settledCount; // withdrawals under the last settled root
    uint64 settledNumber;
    uint256 inWei;
    uint256 outWei;
    uint64 messages;

    function setUp() public {
        deployChain();
    }

    function testFuzz_custody_anySequence(uint256 seed) public {
        for (uint256 step = 0; step < 12; ++step) {
            uint256 draw = uint256(keccak256(abi.encode(seed, step)));
            act(draw % 5, draw / 8);
            vm.assertEq(address(bridge).balance, inWei - outWei, "custody");
            vm.assertEq(
                address(prepaidGas).balance + address(inbox).balance + address(anchor).balance
                    + address(stateClaims).balance,
                0,
                "nobody else holds ETH"
            );
            vm.assertEq(inbox.count(), messages, "one message per deposit and settlement");
        }
    }

    function act(uint256 action, uint256 draw) internal {
        uint256 amountWei = draw % 1 ether + 1;
        if (action == 0) deposit(amountWei, true);
        if (action == 1) deposit(amountWei, false);
        if (action == 2 && outstanding() > 0) burnOnL2(draw % outstanding() + 1);
        if (action == 3) settle();
        if (action == 4 && settledCount > 0) finalize(draw % settledCount);
    }

    /// What L2 could still send out: all that came in and was not burned there.
    function outstanding() internal view returns (uint256 amountWei) {
        amountWei = inWei;
        for (uint256 i = 0; i < list.length; ++i) amountWei -= list[i].amountWei;
    }

    function deposit(uint256 amountWei, bool asGas) internal {
        vm.deal(address(this), amountWei);
        if (asGas) prepaidGas.deposit{value: amountWei}(address(0xACC));
        else bridge.depositEth{value: amountWei}(address(0xACC));
        inWei += amountWei;
        messages += 1;
    }

    function burnOnL2(uint256 amountWei) internal {
        list.push(Withdrawal(list.length, address(0xACC), address(uint160(0xCAFE00 + list.length)), amountWei));
        paid.push(false);
    }

    function settle() internal {
        settledNumber = settleOutbox(list.root(L2));
        settledCount = list.length;
        messages += 1;
    }

    function finalize(uint256 index) internal {
        // Proofs are of the settled tree: later leaves are not in it yet.
        Withdrawal[] memory later = new Withdrawal[](list.length - settledCount);
        for (uint256 i = later.length; i > 0; --i) {
            later[i - 1] = list[list.length - 1];
            list.pop();
        }
        bytes32[32] memory proof = list.proof(L2, index);
        for (uint256 i = 0; i < later.length; ++i) list.push(later[i]);

        try bridge.finalizeWithdrawal(settledNumber, list[index], proof) {
            vm.assertFalse(paid[index], "paid twice");
            paid[index] = true;
            outWei += list[index].amountWei;
            vm.assertEq(list[index].to.balance, list[index].amountWei, "the payee has it");
        } catch {
            vm.assertTrue(paid[index], "a settled, unpaid withdrawal is always paid");
        }
    }
}
