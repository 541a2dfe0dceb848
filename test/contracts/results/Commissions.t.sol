// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimInput, Delivery, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {Job} from "../../../contracts/types/Job.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {ToyCommission} from "./harness/ToyCommission.sol";
import {ToyRun} from "./harness/ToyRun.sol";

/// Weights are delivered, then the samples are drawn, then their count is claimed (docs/protocol.md P13.2–P13.6).
contract CommissionsTest is Acted {
    address constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// The history contract's code as EIP-2935 gives it.
    bytes constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
    uint256 constant WEIGHTS = 71;
    uint256 constant OTHER_WEIGHTS = 72;

    bytes private _job;
    bytes32 id;

    function setUp() public override {
        super.setUp();
        _job = abi.encode(ToyCommission.job(STEP_ROOTS));
        id = ToyCommission.id(asked());
        vm.etch(HISTORY, HISTORY_CODE);
    }

    function asked() internal view returns (Job memory) {
        return abi.decode(_job, (Job));
    }

    /// Roots are hashed with sha256, which is a call: a prank or an expected revert would be spent on it.
    function deliverAs(address who, uint256 weights) internal {
        uint256 bondWei = results.deliverBondWei(id);
        bytes32 startRoot = ToyCommission.startRoot(weights);
        Job memory job = asked();
        vm.prank(who);
        results.deliver{value: bondWei}(job, startRoot, "http://executor");
    }

    function refusedDelivery(Job memory job, uint256 bondWei, bytes memory reason) internal {
        vm.expectRevert(reason);
        vm.prank(EXECUTOR);
        results.deliver{value: bondWei}(job, "start", "");
    }

    function refusedField(Job memory job, bytes32 field) internal {
        refusedDelivery(job, RESERVE_BOND, abi.encodeWithSelector(IResultClaims.JobInvalid.selector, field));
    }

    /// The header of the waiting delivery's seed block, as far behind it as only the history contract reaches.
    function seedHeader() internal returns (bytes memory header) {
        TestHeader memory h;
        h.number = results.deliveryOf(id).l1Block + SEED_DELAY;
        header = HeaderBuilder.encode(h);
        vm.store(HISTORY, bytes32(uint256(h.number % 8191)), keccak256(header));
        rollTo(uint64(h.number) + 300);
    }

    function drawn() internal returns (bytes32) {
        results.draw(id, seedHeader());
        return results.deliveryOf(id).seed;
    }

    function inputOf(uint256 weights, bytes memory counter) internal view returns (ClaimInput memory) {
        return ToyCommission.input(asked(), weights, counter);
    }

    function claimDelivered(address who, ClaimInput memory input) internal returns (bytes32) {
        uint256 bond = results.bondWei(input.job.flags);
        vm.prank(who);
        return results.claim{value: bond}(input);
    }

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
        j = asked();
        j.property.deliveries = 33;
        refusedField(j, "deliveries");
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
        bytes memory taken = abi.encodeWithSelector(IResultClaims.AlreadyDelivered.selector, id, EXECUTOR);
        refusedDelivery(asked(), 2 * RESERVE_BOND, taken);
        drawn();
        uint64 end = clock() + RESERVE;
        warpTo(end);
        refusedDelivery(asked(), 2 * RESERVE_BOND, taken);
        warpTo(end + 1);
        deliverAs(LIAR, OTHER_WEIGHTS);
        vm.assertEq(BURNED.balance, RESERVE_BOND / 2, "half of the lapsed bond is burned");
        vm.assertEq(results.deliveryOf(id).carriedWei, RESERVE_BOND - RESERVE_BOND / 2, "half waits");
        vm.assertEq(results.deliveryOf(id).seedFixedAt, 0, "its samples are drawn anew");
        checkSolvent();
    }

    /// Trying one's luck costs more each time, and ends.
    function test_deliver_asOftenAsTheJobSays() public {
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(results.deliverBondWei(id), RESERVE_BOND << i, "doubles");
            deliverAs(LIAR, WEIGHTS + i);
            drawn();
            warpTo(clock() + RESERVE + 1);
        }
        refusedDelivery(
            asked(), 8 * RESERVE_BOND, abi.encodeWithSelector(IResultClaims.NoDeliveryLeft.selector, id, 3)
        );
        checkSolvent();
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
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NothingDelivered.selector, id));
        results.draw(id, "");
        deliverAs(EXECUTOR, WEIGHTS);
        bytes memory header = seedHeader();
        uint64 seedBlock = 1000 + SEED_DELAY;
        for (uint64 number = seedBlock - 1; number <= seedBlock; ++number) {
            rollTo(number);
            vm.expectRevert(
                abi.encodeWithSelector(IResultClaims.SeedBlockNotReached.selector, seedBlock, number)
            );
            results.draw(id, header);
        }
        rollTo(seedBlock + 1);
        vm.expectPartialRevert(IResultClaims.HeaderMismatch.selector); // its turn: L1 has another header here
        results.draw(id, header);
        rollTo(seedBlock + 300);
        results.draw(id, header);
        bytes32 seed = keccak256(abi.encode(id, uint256(keccak256("some root"))));
        vm.assertEq(results.deliveryOf(id).seed, seed, "of the block after the delivery");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedFixedAlready.selector, id, seed));
        results.draw(id, header);
    }

    /// A draw that nobody made while it could be made is a lapsed delivery, not another chance.
    function test_draw_tooLate_lapses() public {
        deliverAs(EXECUTOR, WEIGHTS);
        bytes memory header = seedHeader();
        uint64 last = 1000 + SEED_DELAY + 8191;
        rollTo(last);
        refusedDelivery(
            asked(), 2 * RESERVE_BOND, abi.encodeWithSelector(IResultClaims.AlreadyDelivered.selector, id, EXECUTOR)
        );
        rollTo(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.SeedBlockTooOld.selector, 1000 + SEED_DELAY, last + 1));
        results.draw(id, header);
        deliverAs(EXECUTOR, WEIGHTS);
        vm.assertEq(results.deliveryOf(id).count, 2, "it counts");
        vm.assertEq(BURNED.balance, RESERVE_BOND / 2, "and costs");
    }

    // ------------------------------------------------------------------ claiming

    function test_claim_undelivered_reverts() public {
        ClaimInput memory input = inputOf(WEIGHTS, ToyCommission.EIGHT);
        refused(input, abi.encodeWithSelector(IResultClaims.NothingDelivered.selector, id));
        deliverAs(EXECUTOR, WEIGHTS);
        refused(input, abi.encodeWithSelector(IResultClaims.SeedNotFixed.selector, id));
        drawn();
        ClaimInput memory swapped = inputOf(OTHER_WEIGHTS, ToyCommission.EIGHT);
        refused(
            swapped,
            abi.encodeWithSelector(IResultClaims.NotDelivered.selector, input.inputRoot, swapped.inputRoot)
        );
        uint256 bond = results.bondWei(STEP_ROOTS);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotReserver.selector, EXECUTOR, LIAR));
        vm.prank(LIAR);
        results.claim{value: bond}(input);
    }

    /// Weights that were swapped once the samples were known: what is measured ends in what was delivered.
    function test_claim_otherWeightsThanDelivered_reverts() public {
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        ClaimInput memory input = inputOf(OTHER_WEIGHTS, ToyCommission.EIGHT);
        bytes32 swapped = input.inputRoot;
        input.inputRoot = ToyCommission.startRoot(WEIGHTS);
        refused(input, abi.encodeWithSelector(IResultClaims.NotDelivered.selector, input.inputRoot, swapped));
        // nor does a proof help that leads to what was delivered
        input.outputProof = ToyCommission.outputProof(WEIGHTS);
        bytes32 measured = ToyCommission.stateRoot(WEIGHTS, ToyCommission.EIGHT);
        refused(input, abi.encodeWithSelector(IResultClaims.OutputMismatch.selector, input.resultRoot, measured));
    }

    /// Weights whose counter does not begin at zero.
    function test_claim_counterWithAStart_reverts() public {
        bytes32 startRoot = ToyCommission.stateRoot(WEIGHTS, ToyCommission.SEVEN);
        Job memory job = asked();
        vm.prank(EXECUTOR);
        results.deliver{value: RESERVE_BOND}(job, startRoot, "");
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
        refused(input, abi.encodeWithSelector(IResultClaims.ReservationLapsed.selector, end, end + 1));
        warpTo(end);
        bytes32 hash = claimDelivered(EXECUTOR, input);
        vm.assertEq(results.liveClaim(id), hash, "claimed");
        vm.assertEq(results.balanceOf(EXECUTOR), RESERVE_BOND, "the delivery's bond is back");
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
        vm.prank(address(disputes));
        results.overturn(hash, ALICE);
        uint64 end = clock() + AIRGAP;
        refusedDelivery(
            asked(), 2 * RESERVE_BOND, abi.encodeWithSelector(IResultClaims.IdInAirgap.selector, id, end, clock())
        );
        warpTo(end + 1);
        refused(input, abi.encodeWithSelector(IResultClaims.NothingDelivered.selector, id));
        deliverAs(EXECUTOR, WEIGHTS);
        Delivery memory second = results.deliveryOf(id);
        vm.assertEq(second.count, 2, "counted");
        vm.assertEq(second.bondWei, 2 * RESERVE_BOND, "doubled");
        vm.assertTrue(second.l1Block > 1000 && second.seed != first, "drawn anew");
        checkSolvent();
    }

    /// The next who claims has what lapsed deliveries left.
    function test_claim_carriedHalves() public {
        deliverAs(LIAR, OTHER_WEIGHTS);
        drawn();
        warpTo(clock() + RESERVE + 1);
        deliverAs(EXECUTOR, WEIGHTS);
        drawn();
        claimDelivered(EXECUTOR, inputOf(WEIGHTS, ToyCommission.EIGHT));
        vm.assertEq(results.balanceOf(EXECUTOR), 3 * RESERVE_BOND - RESERVE_BOND / 2, "own bond and the other half");
        vm.assertEq(results.balanceOf(LIAR), 0, "who lapsed gets nothing");
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
