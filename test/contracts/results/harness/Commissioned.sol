// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimInput, IResultClaims} from "../../../../contracts/interfaces/IResultClaims.sol";
import {Job} from "../../../../contracts/types/Job.sol";
import {HeaderBuilder, TestHeader} from "../../support/HeaderBuilder.sol";
import {vm} from "../../support/Vm.sol";
import {Acted} from "./Stage.sol";
import {ToyCommission} from "./ToyCommission.sol";

/// What the tests of commissions share: one that everybody may deliver for, and moves.
abstract contract Commissioned is Acted {
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// The history contract's code as EIP-2935 gives it.
    bytes internal constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
    uint256 internal constant WEIGHTS = 71;
    uint256 internal constant OTHER_WEIGHTS = 72;

    bytes private _job;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        vm.etch(HISTORY, HISTORY_CODE);
        ask(ToyCommission.job(STEP_ROOTS));
    }

    /// From here on the tests are about this one.
    function ask(Job memory job) internal {
        _job = abi.encode(job);
        id = ToyCommission.id(job);
    }

    function asked() internal view returns (Job memory) {
        return abi.decode(_job, (Job));
    }

    /// Roots are hashed with sha256, which is a call: a prank or an expected revert would be spent on it.
    function deliverAs(address who, uint256 weights) internal {
        commitAs(who, ToyCommission.commitment(weights, who));
    }

    function commitAs(address who, bytes32 commitment) internal {
        uint256 bondWei = deliveries.bondWei(id);
        Job memory job = asked();
        vm.prank(who);
        deliveries.deliver{value: bondWei}(job, commitment, "http://executor");
    }

    /// Delivered, drawn and not claimed.
    function lapsed(address who, uint256 weights) internal {
        deliverAs(who, weights);
        drawn();
        warpTo(clock() + RESERVE + 1);
    }

    function refusedDelivery(Job memory job, uint256 bondWei, bytes memory reason) internal {
        vm.expectRevert(reason);
        vm.prank(EXECUTOR);
        deliveries.deliver{value: bondWei}(job, "commitment", "");
    }

    function refusedField(Job memory job, bytes32 field) internal {
        refusedDelivery(job, RESERVE_BOND, abi.encodeWithSelector(IResultClaims.JobInvalid.selector, field));
    }

    /// The header of the waiting delivery's seed block, as far behind it as only the history contract reaches.
    function seedHeader() internal returns (bytes memory header) {
        TestHeader memory h;
        h.number = deliveries.deliveryOf(id).l1Block + SEED_DELAY;
        header = HeaderBuilder.encode(h);
        vm.store(HISTORY, bytes32(uint256(h.number % 8191)), keccak256(header));
        rollTo(uint64(h.number) + 300);
    }

    function drawn() internal returns (bytes32) {
        deliveries.draw(id, seedHeader());
        return deliveries.deliveryOf(id).seed;
    }

    function inputOf(uint256 weights, bytes memory counter) internal view returns (ClaimInput memory) {
        return ToyCommission.input(asked(), weights, counter);
    }

    function claimDelivered(address who, ClaimInput memory input) internal returns (bytes32) {
        uint256 bond = results.bondWei(input.job.flags);
        vm.prank(who);
        return results.claim{value: bond}(input);
    }

    function overturned(bytes32 hash) internal {
        vm.prank(address(disputes));
        results.overturn(hash, ALICE);
    }

    function isFinal(bytes32 hash) internal {
        warpTo(clock() + WINDOW + 1);
        results.finalize(hash);
    }

    function lockedWei() internal view returns (uint256 amountWei) {
        (amountWei,) = bookOf(address(deliveries), 0);
    }
}
