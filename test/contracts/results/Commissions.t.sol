// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Delivery, IDeliveries} from "../../../contracts/interfaces/IDeliveries.sol";
import {ClaimInput, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {vm} from "../support/Vm.sol";
import {Commissioned} from "./harness/Commissioned.sol";
import {ToyCommission} from "./harness/ToyCommission.sol";
import {ToyRun} from "./harness/ToyRun.sol";

/// The count of right answers is claimed by who delivered (docs/protocol.md P13.5, P13.6).
contract CommissionsTest is Commissioned {
    function test_claim_undelivered_reverts() public {
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        refused(input, abi.encodeWithSelector(IDeliveries.NothingDelivered.selector, id));
        deliverAs(EXECUTOR, WEIGHTS);
        refused(input, abi.encodeWithSelector(IResultClaims.SeedNotFixed.selector, id));
        drawn();
        ClaimInput memory swapped = inputOf(OTHER_WEIGHTS, ToyCommission.EIGHT);
        refused(
            swapped,
            abi.encodeWithSelector(
                IDeliveries.CommitmentMismatch.selector,
                ToyCommission.commitment(WEIGHTS, EXECUTOR),
                ToyCommission.commitment(OTHER_WEIGHTS, EXECUTOR)
            )
        );
        uint256 bond = results.bondWei(STEP_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotDeliverer.selector, EXECUTOR, LIAR));
        vm.prank(LIAR);
        results.claim{value: bond}(input);
    }

    /// Weights that were swapped once the samples were known: what is measured ends in what was delivered.
    function test_claim_otherWeightsThanDelivered_reverts() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        ClaimInput memory input = inputOf(OTHER_WEIGHTS, ToyCommission.EIGHT);
        bytes32 swapped = input.inputRoot;
        (input.inputRoot, input.salt) = (ToyCommission.startRoot(WEIGHTS), ToyCommission.saltOf(WEIGHTS));
        refused(input, abi.encodeWithSelector(IResultClaims.NotDelivered.selector, input.inputRoot, swapped));
        // nor does a proof help that leads to what was delivered
        input.outputProof = ToyCommission.outputProof(WEIGHTS);
        bytes32 measured = ToyCommission.stateRoot(WEIGHTS, ToyCommission.EIGHT);
        refused(input, abi.encodeWithSelector(IResultClaims.OutputMismatch.selector, input.resultRoot, measured));
    }

    /// Weights whose counter does not begin at zero.
    function test_claim_counterWithAStart_reverts() public {
        bytes32 startRoot = ToyCommission.stateRoot(WEIGHTS, ToyCommission.SEVEN);
        commitAs(EXECUTOR, keccak256(abi.encode(startRoot, EXECUTOR, ToyCommission.saltOf(WEIGHTS))));
        drawn();
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        bytes32 zero = input.inputRoot;
        input.inputRoot = startRoot;
        refused(input, abi.encodeWithSelector(IResultClaims.NotDelivered.selector, startRoot, zero));
    }

    function test_claim_tally() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        refused(
            inputOf(WEIGHTS, ToyCommission.SEVEN),
            abi.encodeWithSelector(IResultClaims.PropertyMissed.selector, 8, 7)
        );
        refused(inputOf(WEIGHTS, new bytes(4)), abi.encodeWithSelector(IResultClaims.PropertyMissed.selector, 8, 0));
        uint32[6] memory floats = [
            uint32(0x41000001), // 8 and a bit
            0xc1000000, // −8
            0x7f800000, // ∞
            0x7fc00000, // NaN
            0x4b800000, // 2²⁴
            0x3f7fffff // nearly 1
        ];
        for (uint256 i = 0; i < floats.length; ++i) {
            uint32 bits = floats[i];
            bytes memory counter = abi.encodePacked(uint8(bits), uint8(bits >> 8), uint8(bits >> 16), uint8(bits >> 24));
            refused(inputOf(WEIGHTS, counter), abi.encodeWithSelector(IResultClaims.NotACount.selector, bits));
        }
        refused(inputOf(WEIGHTS, hex"000041"), abi.encodeWithSelector(IResultClaims.OutputLength.selector, 4, 3));
        claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
    }

    function test_claim_untilTheDeliveryLapses() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        uint64 end = clock() + RESERVE;
        warpTo(end + 1);
        refused(input, abi.encodeWithSelector(IDeliveries.DeliveryLapsed.selector, end, end + 1));
        warpTo(end);
        bytes32 hash = claimDelivered(EXECUTOR, input);
        vm.assertEq(results.liveClaim(id), hash, "claimed");
        vm.assertEq(lockedWei(), RESERVE_BOND, "the delivery's bond waits for the claim's end");
        checkSolvent();
    }

    /// A commission is not trained step by step, and a training is not measured.
    function test_claim_kindOfAnotherProfile_reverts() public {
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        input.kind = 1;
        input.inputRoot = 0;
        refused(input, abi.encodeWithSelector(IResultClaims.JobInvalid.selector, bytes32("kind")));
        input = ToyRun.input(ToyRun.make(WITH_ROOTS), 0);
        input.kind = 4;
        refused(input, abi.encodeWithSelector(IResultClaims.JobInvalid.selector, bytes32("kind")));
    }

    /// What waits may be claimed once. After an overturn it takes another delivery, another draw and a higher bond.
    function test_claim_afterOverturn_needsAnotherDelivery() public {
        deliverAs(EXECUTOR, WEIGHTS);
        bytes32 first = drawn();
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        bytes32 hash = claimDelivered(EXECUTOR, input);
        refusedDelivery(asked(), 2 * RESERVE_BOND, abi.encodeWithSelector(IResultClaims.IdClosed.selector, id, hash));
        overturned(hash);
        uint64 end = clock() + AIRGAP;
        refusedDelivery(
            asked(), 2 * RESERVE_BOND, abi.encodeWithSelector(IResultClaims.IdInAirgap.selector, id, end, clock())
        );
        warpTo(end + 1);
        refused(input, abi.encodeWithSelector(IDeliveries.NothingDelivered.selector, id));
        deliverAs(EXECUTOR, WEIGHTS);
        vm.assertEq(BURNED.balance, RESERVE_BOND, "the first bond is gone");
        Delivery memory second = deliveries.deliveryOf(id);
        vm.assertEq(second.count, 2, "counted");
        vm.assertEq(second.bondWei, 2 * RESERVE_BOND, "doubled");
        vm.assertTrue(second.l1Block > 1000 && second.seed != first, "drawn anew");
        checkSolvent();
    }

    /// An inference consumes a commission as it does a training.
    function test_claim_becomesFinal_andIsConsumed() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        bytes32 model = claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
        ClaimInput memory infer;
        infer.job = asked();
        infer.kind = 2;
        infer.inputRoot = keccak256("x");
        infer.output = hex"0000803f";
        infer.resultRoot = sha256(infer.output);
        infer.lastSegment.endState = infer.resultRoot;
        infer.trajectoryRoot = keccak256(abi.encode(keccak256("ANH.Segment.v1"), infer.lastSegment));
        infer.consumed = new bytes32[](1);
        infer.consumed[0] = model;
        bytes32 answer = claimAs(EXECUTOR, infer);
        warpTo(clock() + WINDOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotFinal.selector, model, 1));
        results.finalize(answer);
        results.finalize(model);
        results.finalize(answer);
        vm.assertEq(results.claimOf(answer).status, 2, "final");
        checkSolvent();
    }
}
