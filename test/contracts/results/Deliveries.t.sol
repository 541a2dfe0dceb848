// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDeliveries} from "../../../contracts/interfaces/IDeliveries.sol";
import {ClaimInput, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {Job} from "../../../contracts/types/Job.sol";
import {vm} from "../support/Vm.sol";
import {Commissioned} from "./harness/Commissioned.sol";
import {ToyCommission} from "./harness/ToyCommission.sol";
import {ToyRun} from "./harness/ToyRun.sol";

/// Weights are delivered unseen, then their samples are drawn; what becomes of their bonds (docs/protocol.md P13.2–P13.4).
contract DeliveriesTest is Commissioned {
    // ------------------------------------------------------------------ what may be delivered

    function test_deliver_badJob_revertsByField() public {
        Job memory j = asked();
        j.profile = 0;
        j.steps = 1;
        j.batchRows = 1;
        j.datasetRows = 1;
        j.trainGraph = j.evaluateGraph;
        refusedField(j, "property");
        j.property.samples = 0;
        refusedField(j, "kind");
        j = asked();
        j.windowSeconds = uint32(WINDOW - 1);
        refusedField(j, "windowSeconds");
        j = asked();
        j.evaluateGraph.root = 0;
        refusedField(j, "evaluateGraph");
        j = asked();
        j.property.samples = 11;
        refusedField(j, "samples");
        j.property.samples = 2 ** 24;
        refusedField(j, "samples");
        j = asked();
        j.property.minCorrect = 11;
        refusedField(j, "minCorrect");
    }

    function test_deliver_bondOffByOne_reverts() public {
        for (uint256 i = 0; i < 3; i += 2) {
            uint256 value = RESERVE_BOND + i - 1;
            refusedDelivery(
                asked(), value, abi.encodeWithSelector(IResultClaims.BondMismatch.selector, RESERVE_BOND, value)
            );
        }
    }

    function test_deliver_deadline() public {
        warpTo(ToyRun.DEADLINE + 1);
        refusedDelivery(
            asked(),
            RESERVE_BOND,
            abi.encodeWithSelector(IResultClaims.DeadlinePassed.selector, ToyRun.DEADLINE, ToyRun.DEADLINE + 1)
        );
        warpTo(ToyRun.DEADLINE);
        deliverAs(EXECUTOR, WEIGHTS);
    }

    /// A second one may not be laid beside the first, to see which of them is lucky.
    function test_deliver_whileOneWaits_reverts() public {
        deliverAs(EXECUTOR, WEIGHTS);
        bytes memory taken = abi.encodeWithSelector(IDeliveries.AlreadyDelivered.selector, id, EXECUTOR);
        refusedDelivery(asked(), 2 * RESERVE_BOND, taken);
        drawn();
        uint64 end = clock() + RESERVE;
        warpTo(end);
        refusedDelivery(asked(), 2 * RESERVE_BOND, taken);
        warpTo(end + 1);
        deliverAs(LIAR, OTHER_WEIGHTS);
        vm.assertEq(BURNED.balance, RESERVE_BOND, "the lapsed bond is burned");
        vm.assertEq(lockedWei(), 2 * RESERVE_BOND, "and no other");
        vm.assertEq(deliveries.deliveryOf(id).seedFixedAt, 0, "its samples are drawn anew");
        checkSolvent();
    }

    /// Nobody uses a commission up: whoever delivers nothing, again and again, pays twice as much each time, and all of it is
    /// gone. The honest one comes behind, and gets back what it put up.
    function test_deliver_behindAStrangersJunk() public {
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertEq(deliveries.bondWei(id), RESERVE_BOND << i, "doubles");
            lapsed(STRANGER, 1000 + i);
        }
        deliverAs(EXECUTOR, WEIGHTS);
        vm.assertEq(BURNED.balance, 63 * RESERVE_BOND, "what the stranger paid");
        vm.assertEq(STRANGER.balance, 1000 ether - 63 * RESERVE_BOND, "and has not any more");
        drawn();
        isFinal(claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT)));
        deliveries.release(id);
        vm.assertEq(deliveries.balanceOf(EXECUTOR), RESERVE_BOND << 6, "its own");
        checkSolvent();
    }

    /// Bonds end where nobody could pay them: there is no delivery number 33.
    function test_deliver_count_boundary() public {
        for (uint256 i = 0; i < 32; ++i) {
            vm.deal(STRANGER, RESERVE_BOND << i);
            lapsed(STRANGER, i);
        }
        vm.deal(EXECUTOR, RESERVE_BOND << 32);
        refusedDelivery(
            asked(), RESERVE_BOND << 32, abi.encodeWithSelector(IDeliveries.NoDeliveryLeft.selector, id, 32)
        );
        deliveries.forfeit(id);
        vm.assertEq(lockedWei(), 0, "none is locked for ever");
        checkSolvent();
    }

    // ------------------------------------------------------------------ who may deliver

    /// Whose requester shows its rows behind a delivery names who delivers: nobody else makes it show them.
    function test_deliver_named_byAnotherReverts() public {
        Job memory j = asked();
        j.property.deliverer = EXECUTOR;
        ask(j);
        uint256 bondWei = deliveries.bondWei(id);
        bytes32 commitment = ToyCommission.commitment(WEIGHTS, STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotDeliverer.selector, EXECUTOR, STRANGER));
        vm.prank(STRANGER);
        deliveries.deliver{value: bondWei}(j, commitment, "");
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        isFinal(claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT)));
    }

    /// Rows that were shown behind a delivery can be learnt by heart for the next: there is none.
    function test_deliver_named_onlyOnce() public {
        Job memory j = asked();
        j.property.deliverer = EXECUTOR;
        ask(j);
        lapsed(EXECUTOR, WEIGHTS);
        bytes memory none = abi.encodeWithSelector(IDeliveries.NoDeliveryLeft.selector, id, 1);
        refusedDelivery(j, 2 * RESERVE_BOND, none);
        deliveries.forfeit(id);
        refusedDelivery(j, 2 * RESERVE_BOND, none);
        vm.assertEq(lockedWei(), 0, "burned");
    }

    /// What reserves trainings has no hold on commissions.
    function test_deliver_reservedByAStranger() public {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 bondWei = results.reserveBondWei(id);
            vm.prank(STRANGER);
            results.reserve{value: bondWei}(id, "");
            warpTo(clock() + 100 * RESERVE);
            rollTo(l1Block() + 10_000);
        }
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
        checkSolvent();
    }

    // ------------------------------------------------------------------ drawing

    function test_draw_onlyAfterTheSeedBlock_once() public {
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NothingDelivered.selector, id));
        deliveries.draw(id, "");
        deliverAs(EXECUTOR, WEIGHTS);
        bytes memory header = seedHeader();
        uint64 seedBlock = 1000 + SEED_DELAY;
        for (uint64 number = seedBlock - 1; number <= seedBlock; ++number) {
            rollTo(number);
            vm.expectRevert(
                abi.encodeWithSelector(IResultClaims.SeedBlockNotReached.selector, seedBlock, number)
            );
            deliveries.draw(id, header);
        }
        rollTo(seedBlock + 1);
        vm.expectPartialRevert(IResultClaims.HeaderMismatch.selector); // its turn: L1 has another header here
        deliveries.draw(id, header);
        rollTo(seedBlock + 300);
        deliveries.draw(id, header);
        bytes32 seed = keccak256(abi.encode(id, uint256(keccak256("some root"))));
        vm.assertEq(deliveries.deliveryOf(id).seed, seed, "of the block after the delivery");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedFixedAlready.selector, id, seed));
        deliveries.draw(id, header);
    }

    /// A draw that nobody made while it could be made is a lapsed delivery, not another chance.
    function test_draw_tooLate_lapses() public {
        deliverAs(EXECUTOR, WEIGHTS);
        bytes memory header = seedHeader();
        uint64 last = 1000 + SEED_DELAY + 8191;
        rollTo(last);
        refusedDelivery(
            asked(), 2 * RESERVE_BOND, abi.encodeWithSelector(IDeliveries.AlreadyDelivered.selector, id, EXECUTOR)
        );
        rollTo(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedBlockTooOld.selector, 1000 + SEED_DELAY, last + 1));
        deliveries.draw(id, header);
        deliverAs(EXECUTOR, WEIGHTS);
        vm.assertEq(deliveries.deliveryOf(id).count, 2, "it counts");
        vm.assertEq(BURNED.balance, RESERVE_BOND, "and costs");
    }

    // ------------------------------------------------------------------ what is delivered stays unseen

    /// A thief with the same bytes from the mempool has nothing: what they stand for begins with who sent them.
    function test_deliver_copiedCommitment_isWorthNothing() public {
        commitAs(LIAR, ToyCommission.commitment(WEIGHTS, EXECUTOR)); // EXECUTOR's, a moment earlier
        drawn();
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        uint256 bond = results.bondWei(input.job.flags);
        bytes memory mismatch = abi.encodeWithSelector(
            IDeliveries.CommitmentMismatch.selector,
            ToyCommission.commitment(WEIGHTS, EXECUTOR),
            ToyCommission.commitment(WEIGHTS, LIAR)
        );
        vm.expectRevert(mismatch);
        vm.prank(LIAR);
        results.claim{value: bond}(input);
        warpTo(clock() + RESERVE + 1);
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        claimDelivered(EXECUTOR, input);
        vm.assertEq(BURNED.balance, RESERVE_BOND, "the thief's");
    }

    /// Equal weights are delivered twice without a sign of it: who has the claim of one knows nothing of the other's salt.
    function test_deliver_saltHidesEqualWeights() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        input.salt = "another";
        bytes32 actual = keccak256(abi.encode(input.inputRoot, EXECUTOR, input.salt));
        bytes32 expected = ToyCommission.commitment(WEIGHTS, EXECUTOR);
        refused(input, abi.encodeWithSelector(IDeliveries.CommitmentMismatch.selector, expected, actual));
    }

    function test_reveal_onlyResultClaims() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.OnlyResultClaims.selector, EXECUTOR));
        vm.prank(EXECUTOR);
        deliveries.reveal(id, EXECUTOR, 0, 0);
    }

    // ------------------------------------------------------------------ bonds

    function test_release_onlyOfFinalClaims() public {
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotClaimed.selector, id));
        deliveries.release(id);
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotClaimed.selector, id));
        deliveries.release(id);
        bytes32 hash = claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
        warpTo(clock() + WINDOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.ClaimNotFinal.selector, hash, 1));
        deliveries.release(id);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotLapsed.selector, id));
        deliveries.forfeit(id);
        results.finalize(hash);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotLapsed.selector, id));
        deliveries.forfeit(id);
        vm.prank(STRANGER);
        deliveries.release(id);
        vm.assertEq(deliveries.balanceOf(EXECUTOR), RESERVE_BOND, "whoever asks");
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotClaimed.selector, id));
        deliveries.release(id);
        vm.prank(EXECUTOR);
        deliveries.withdraw();
        vm.assertEq(address(deliveries).balance, 0, "all of it");
    }

    /// A claim that was overturned is a lapse, from the second of its overturn on.
    function test_forfeit_ofAnOverturnedClaim() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        bytes32 hash = claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
        warpTo(clock() + RESERVE + 1); // its time to be claimed is over, which it was
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotLapsed.selector, id));
        deliveries.forfeit(id);
        overturned(hash);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.ClaimNotFinal.selector, bytes32(0), 0));
        deliveries.release(id);
        deliveries.forfeit(id);
        vm.assertEq(BURNED.balance, RESERVE_BOND, "burned");
        vm.assertEq(lockedWei(), 0, "whole");
        checkSolvent();
    }

    /// The last bond of an id, which no delivery follows, waits for nobody: neither undrawn nor unclaimed.
    function test_forfeit_ofTheLast_boundary() public {
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NothingDelivered.selector, id));
        deliveries.forfeit(id);
        deliverAs(STRANGER, WEIGHTS);
        uint64 last = l1Block() + SEED_DELAY + 8191;
        rollTo(last);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotLapsed.selector, id));
        deliveries.forfeit(id);
        rollTo(last + 1);
        vm.prank(ALICE);
        deliveries.forfeit(id);
        deliverAs(STRANGER, OTHER_WEIGHTS);
        drawn();
        uint64 end = clock() + RESERVE;
        warpTo(end);
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NotLapsed.selector, id));
        deliveries.forfeit(id);
        warpTo(end + 1);
        deliveries.forfeit(id);
        vm.assertEq(lockedWei(), 0, "nothing locked");
        vm.assertEq(BURNED.balance, 3 * RESERVE_BOND, "all burned");
        vm.expectRevert(abi.encodeWithSelector(IDeliveries.NothingDelivered.selector, id));
        deliveries.forfeit(id);
        checkSolvent();
    }

    /// A lie that its own teller overturns: nothing that others lost becomes its, and its own bond is gone.
    function test_liar_gainsNothingFromAFalseClaim() public {
        for (uint256 i = 0; i < 5; ++i) lapsed(EXECUTOR, WEIGHTS + i);
        uint256 before = LIAR.balance + ALICE.balance;
        uint256 bondWei = deliveries.bondWei(id);
        deliverAs(LIAR, 1);
        drawn();
        bytes32 hash = claimDelivered(LIAR, inputOf(1, ToyCommission.EIGHT)); // seven were right
        overturned(hash); // ALICE is LIAR as well
        warpTo(clock() + AIRGAP + 1);
        results.collect(hash);
        vm.prank(ALICE);
        results.withdraw();
        deliveries.forfeit(id);
        uint256 claimBurnedWei = CLAIM_BOND - CLAIM_BOND / 2;
        vm.assertEq(before - LIAR.balance - ALICE.balance, bondWei + claimBurnedWei, "dearer than the lapse it avoids");
        checkSolvent();
    }
}
