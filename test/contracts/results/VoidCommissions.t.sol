// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDeliveries} from "../../../contracts/interfaces/IDeliveries.sol";
import {CLAIM_FINAL, CLAIM_VOID, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {vm} from "../support/Vm.sol";
import {Commissioned} from "./harness/Commissioned.sol";
import {ToyCommission} from "./harness/ToyCommission.sol";

/// Commissions whose evaluation has a flaw (docs/protocol.md P14.3): what was delivered for them.
contract VoidCommissionsTest is Commissioned {
    uint8 private constant EVALUATE = 3;
    uint8 private constant COMMISSION = 4;

    /// As the proof of a flaw does.
    function voided() internal {
        vm.prank(address(voids));
        results.voidGraph(id, COMMISSION);
    }

    function test_waitingDelivery_comesBack_andNoneFollows() public {
        deliverAs(EXECUTOR, WEIGHTS);
        voided();
        vm.assertEq(uint256(results.voidedAt(id, EVALUATE)), clock(), "the graph is that of evaluations");
        warpTo(clock() + 100 * RESERVE);
        rollTo(l1Block() + 20_000);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotLapsed.selector, id));
        deliveries.forfeit(id);
        deliveries.release(id);
        vm.assertEq(deliveries.balanceOf(EXECUTOR), RESERVE_BOND, "back");
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotClaimed.selector, id));
        deliveries.release(id);
        refusedDelivery(
            asked(), 2 * RESERVE_BOND, abi.encodeWithSelector(IResultClaims.JobVoid.selector, id, EVALUATE)
        );
        checkSolvent();
    }

    function test_claimedDelivery_comesBackWithItsClaim() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        bytes32 hash = claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
        voided();
        vm.assertEq(uint256(results.claimOf(hash).status), CLAIM_VOID, "void");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "claim bond");
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotLapsed.selector, id));
        deliveries.forfeit(id);
        deliveries.release(id);
        vm.assertEq(deliveries.balanceOf(EXECUTOR), RESERVE_BOND, "delivery bond");
        checkSolvent();
    }

    /// Whoever lied had lost before: voiding its own job does not save the bond.
    function test_overturnedBefore_staysLost() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        overturned(claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT)));
        voided();
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.ClaimNotFinal.selector, bytes32(0), 0));
        deliveries.release(id);
        deliveries.forfeit(id);
        vm.assertEq(BURNED.balance, RESERVE_BOND, "burned");
        checkSolvent();
    }

    function test_lapsedBefore_boundary() public {
        for (uint64 late = 0; late < 2; ++late) {
            setUp();
            deliverAs(EXECUTOR, WEIGHTS);
            drawn();
            warpTo(clock() + RESERVE + late);
            voided();
            if (late == 1) {
                vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotClaimed.selector, id));
                deliveries.release(id);
                deliveries.forfeit(id);
            } else {
                deliveries.release(id);
                vm.assertEq(deliveries.balanceOf(EXECUTOR), RESERVE_BOND, "in time");
            }
            checkSolvent();
        }
    }

    function test_final_staysFinal_andIsReleasedAsAlways() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        bytes32 hash = claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
        isFinal(hash);
        voided();
        vm.assertEq(uint256(results.claimOf(hash).status), CLAIM_FINAL, "final");
        vm.assertEq(results.liveClaim(id), hash, "live");
        deliveries.release(id);
        vm.assertEq(deliveries.balanceOf(EXECUTOR), RESERVE_BOND, "delivery bond");
        checkSolvent();
    }
}
