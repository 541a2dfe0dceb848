// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    CLAIM_FINAL,
    CLAIM_OPEN,
    CLAIM_SUNK,
    CLAIM_VOID,
    ClaimInput,
    IResultClaims
} from "../../../contracts/interfaces/IResultClaims.sol";
import {IVoids} from "../../../contracts/interfaces/IVoids.sol";
import {SumNode, SumTree} from "../../../contracts/libraries/SumTree.sol";
import {VoidGraphs} from "../../../contracts/libraries/VoidGraphs.sol";
import {FLAW_LEAF, FLAW_SUM, LeafWitness, SumPath, SumWitness} from "../../../contracts/types/Flaw.sol";
import {CONSTANT_TYPE, GRAPH_HEADER_TYPE, NODE_TYPE} from "../../../contracts/types/Graph.sol";
import {Job, trainId} from "../../../contracts/types/Job.sol";
import {Task} from "../../../contracts/types/Task.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";
import {Tree} from "./harness/Tree.sol";

/// Jobs whose graphs have a flaw (docs/protocol.md P14): the toy graph's one node is an addition of one operand, which none is.
contract VoidsTest is Acted {
    uint8 private constant TRAIN = 1;
    uint8 private constant INFER = 2;

    function leafWitness(uint256 index, bytes memory encoded, SumNode memory leaf) internal pure returns (bytes memory) {
        return abi.encode(LeafWitness(ToyRun.headerProof(), index, encoded, leaf, ToyRun.siblings(index)));
    }

    function flawed() internal pure returns (bytes memory) {
        bytes memory encoded = abi.encode(NODE_TYPE, ToyRun.graphNode());
        return leafWitness(5, encoded, SumNode(keccak256(encoded), 304, 1216));
    }

    function sound() internal pure returns (bytes memory) {
        bytes memory encoded = abi.encode(GRAPH_HEADER_TYPE, ToyRun.graphHeader());
        return leafWitness(0, encoded, SumNode(keccak256(encoded), 0, 0));
    }

    function voidAs(address who, Job memory job, uint8 kind) internal {
        bytes memory witness = flawed();
        vm.prank(who);
        voids.voidJob(job, kind, FLAW_LEAF, witness);
    }

    function statusAt(bytes32 claimHash) internal view returns (uint8) {
        return results.claimOf(claimHash).status;
    }

    // ------------------------------------------------------------------ what is a flaw

    function test_voidJob_withoutAnyClaim() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        uint64 count = inbox.count();
        vm.expectEmit(address(voids));
        emit IVoids.FlawProven(run.task.id, TRAIN, STRANGER, FLAW_LEAF);
        voidAs(STRANGER, run.job, TRAIN);
        vm.assertEq(uint256(results.voidedAt(run.task.id, TRAIN)), clock(), "when");
        vm.assertEq(uint256(inbox.count()), count + 1, "one message");
        ClaimInput memory input = ToyRun.input(run, "salt");
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        refused(input, abi.encodeWithSelector(IResultClaims.JobVoid.selector, run.task.id, TRAIN));
    }

    function test_voidJob_soundLeaf_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes memory witness = sound();
        vm.expectRevert(abi.encodeWithSelector(IVoids.NothingWrong.selector, FLAW_LEAF));
        voids.voidJob(run.job, TRAIN, FLAW_LEAF, witness);
    }

    /// Running dry inside the judge is no verdict, wherever it happens.
    function test_voidJob_soundLeaf_whateverGas_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes memory witness = sound();
        for (uint256 amount = 60_000; amount < 900_000; amount += amount / 60) {
            try voids.voidJob{gas: amount}(run.job, TRAIN, FLAW_LEAF, witness) {
                vm.assertTrue(false, "voided");
            } catch {}
        }
        vm.assertEq(uint256(results.voidedAt(run.task.id, TRAIN)), 0, "not void");
    }

    function test_voidJob_constantOfRankOne_isNoInnerNode() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        // Its six words could be read as two children: the tree's depth says that they are a leaf.
        uint32[] memory shape = new uint32[](1);
        shape[0] = 304;
        bytes memory encoded = abi.encode(CONSTANT_TYPE, uint8(1), shape, ToyRun.CONSTANT_ROOT);
        vm.assertEq(encoded.length, 192, "six words");
        bytes memory witness = leafWitness(1, encoded, SumNode(keccak256(encoded), 0, 1216));
        vm.expectRevert(abi.encodeWithSelector(IVoids.NothingWrong.selector, FLAW_LEAF));
        voids.voidJob(run.job, TRAIN, FLAW_LEAF, witness);
        SumPath memory header = path(0);
        SumPath memory longer = path(1);
        longer.siblings = new SumNode[](4);
        witness = abi.encode(SumWitness(ToyRun.graphHeader(), header, 2, longer));
        vm.expectRevert(abi.encodeWithSelector(IVoids.PathLength.selector, 3, 4));
        voids.voidJob(run.job, TRAIN, FLAW_SUM, witness);
    }

    function test_voidJob_leafOfAnotherGraph_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        run.job.trainGraph.root = keccak256("another");
        bytes memory witness = flawed();
        vm.expectPartialRevert(bytes4(keccak256("RootMismatch(bytes32,bytes32)")));
        voids.voidJob(run.job, TRAIN, FLAW_LEAF, witness);
    }

    function test_voidJob_otherLeafThanEncoded_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes memory encoded = abi.encode(NODE_TYPE, ToyRun.graphNode());
        bytes memory witness = leafWitness(5, bytes.concat(encoded, bytes32(0)), SumNode(keccak256(encoded), 304, 1216));
        vm.expectPartialRevert(IVoids.LeafMismatch.selector);
        voids.voidJob(run.job, TRAIN, FLAW_LEAF, witness);
        // A leaf that is there is not nothing.
        witness = leafWitness(5, "", SumNode(keccak256(encoded), 304, 1216));
        vm.expectPartialRevert(IVoids.LeafMismatch.selector);
        voids.voidJob(run.job, TRAIN, FLAW_LEAF, witness);
    }

    function test_voidJob_unknownFlaw_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        for (uint8 flaw = 0; flaw < 7; flaw += 6) {
            vm.expectRevert(abi.encodeWithSelector(IVoids.NoSuchFlaw.selector, flaw));
            voids.voidJob(run.job, TRAIN, flaw, "");
        }
    }

    function test_voidJob_anotherChain_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        run.job.chainId = 1;
        bytes memory witness = flawed();
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.JobInvalid.selector, bytes32("chainId")));
        voids.voidJob(run.job, TRAIN, FLAW_LEAF, witness);
    }

    // ------------------------------------------------------------------ sums

    function path(uint256 index) internal pure returns (SumPath memory p) {
        SumNode[] memory level = Tree.sumPad(ToyRun.leaves());
        p.leaf = level[index].hash;
        p.siblings = ToyRun.siblings(index);
        (p.flops, p.bytes_) = (new uint64[](3), new uint64[](3));
        for (uint256 height = 0; height < 3; ++height) {
            (p.flops[height], p.bytes_[height]) = (level[index].flops, level[index].bytes_);
            level = Tree.sumUp(level);
            index /= 2;
        }
    }

    function test_voidJob_mispriced() public {
        for (uint256 i = 0; i < 2; ++i) {
            Run memory run = ToyRun.make(WITH_ROOTS);
            run.job.salt = bytes32(i);
            bytes memory witness = abi.encode(SumWitness(ToyRun.graphHeader(), path(0), 5, path(5)));
            if (i == 0) {
                vm.expectRevert(abi.encodeWithSelector(IVoids.NothingWrong.selector, FLAW_SUM));
                voids.voidJob(run.job, TRAIN, FLAW_SUM, witness);
                continue;
            }
            // The root's hash does not say its sums: a job may.
            run.job.trainGraph.flops -= 1;
            voids.voidJob(run.job, TRAIN, FLAW_SUM, witness);
            vm.assertEq(uint256(results.voidedAt(trainId(run.job), TRAIN)), clock(), "when");
        }
    }

    /// A tree in which the node above the last two leaves says other flops than they have.
    function test_voidJob_falseInnerSum() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        SumNode[] memory leaves = Tree.sumPad(ToyRun.leaves());
        SumNode[] memory low = Tree.sumUp(leaves);
        low[2].flops += 1;
        SumNode[] memory high = Tree.sumUp(low);
        SumNode memory root = SumTree.node(high[0], high[1]);
        (run.job.trainGraph.root, run.job.trainGraph.flops, run.job.trainGraph.bytes_) =
            (root.hash, root.flops, root.bytes_);
        SumPath memory header = path(0);
        header.siblings[2] = high[1];
        SumPath memory false_ = path(5);
        (false_.flops[1], false_.bytes_[1]) = (low[2].flops, low[2].bytes_);
        (false_.flops[2], false_.bytes_[2]) = (high[1].flops, high[1].bytes_);
        bytes memory witness = abi.encode(SumWitness(ToyRun.graphHeader(), header, 5, false_));
        voids.voidJob(run.job, TRAIN, FLAW_SUM, witness);
        vm.assertEq(uint256(results.voidedAt(trainId(run.job), TRAIN)), clock(), "when");
    }

    /// A header of another size than the leaf it stands at is none of this tree.
    function test_voidJob_falseHeader_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        SumWitness memory w = SumWitness(ToyRun.graphHeader(), path(0), 5, path(5));
        w.header.nodes = 99;
        vm.expectPartialRevert(IVoids.LeafMismatch.selector);
        voids.voidJob(run.job, TRAIN, FLAW_SUM, abi.encode(w));
    }

    // ------------------------------------------------------------------ what follows

    function test_voidJob_endsTheOpenClaim() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        uint64 count = inbox.count();
        voidAs(ALICE, run.job, TRAIN);
        vm.assertEq(uint256(statusAt(hash)), CLAIM_VOID, "void");
        vm.assertEq(results.liveClaim(run.task.id), bytes32(0), "no live claim");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "the bond is back");
        vm.assertEq(uint256(inbox.count()), count + 2, "overturned, voided");
        vm.assertEq(uint256(results.firstOpen()), inbox.count(), "nothing is open");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ClaimNotOpen.selector, hash, CLAIM_VOID));
        results.finalize(hash);
        checkSolvent();
    }

    function test_voidJob_softClaim_losesWhatKeepsOthersFromWaitingInVain() public {
        uint8 flags = WITH_ROOTS | SOFT;
        (Run memory run,) = honest(flags);
        uint256 burned = BURNED.balance;
        voidAs(EXECUTOR, run.job, TRAIN);
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "without the soft bond");
        vm.assertEq(BURNED.balance, burned + SOFT_BOND, "which is burned");
        checkSolvent();
    }

    function test_voidJob_finalStaysFinal() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        warpTo(clock() + WINDOW + 1);
        results.finalize(hash);
        voidAs(ALICE, run.job, TRAIN);
        vm.assertEq(uint256(statusAt(hash)), CLAIM_FINAL, "final");
        vm.assertEq(results.liveClaim(run.task.id), hash, "live");
        // What consumes it goes on: the other graphs are others.
        bytes32 infer = claimAs(EXECUTOR, ToyRun.inferInput(run, hash));
        vm.assertEq(uint256(statusAt(infer)), CLAIM_OPEN, "open");
    }

    function test_voidJob_lastSecondOfTheWindow() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        warpTo(clock() + WINDOW + 1);
        vm.assertTrue(results.finalizable(hash), "it could be final");
        voidAs(ALICE, run.job, TRAIN);
        vm.assertFalse(results.finalizable(hash), "and cannot any more");
        vm.assertEq(uint256(statusAt(hash)), CLAIM_VOID, "void");
    }

    function test_voidJob_twice_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        voidAs(ALICE, run.job, TRAIN);
        bytes memory witness = flawed();
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.JobVoid.selector, run.task.id, TRAIN));
        voids.voidJob(run.job, TRAIN, FLAW_LEAF, witness);
    }

    function test_voidClaimed_byTheTaskOfAClaim() public {
        (Run memory run, bytes32 hash) = honest(WITH_ROOTS);
        bytes memory witness = flawed();
        Task memory other = run.task;
        other.profile = 1;
        vm.expectPartialRevert(IVoids.TaskMismatch.selector);
        voids.voidClaimed(hash, other, FLAW_LEAF, witness);
        other.profile = 0;
        voids.voidClaimed(hash, run.task, FLAW_LEAF, witness);
        vm.assertEq(uint256(statusAt(hash)), CLAIM_VOID, "void");
    }

    function test_voidGraph_byOthers_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.OnlyVoids.selector, STRANGER));
        vm.prank(STRANGER);
        results.voidGraph("model", TRAIN);
    }

    /// An inference of a model has an id that nobody can know: each claim of one is ended by itself.
    function test_inferGraph_endsInferencesAndNothingElse() public {
        (Run memory run, bytes32 model) = honest(WITH_ROOTS);
        bytes32 hash = claimAs(EXECUTOR, ToyRun.inferInput(run, model));
        // Header of another kind: the training's graph is none to infer with.
        bytes memory witness = sound();
        voids.voidJob(run.job, INFER, FLAW_LEAF, witness);
        vm.assertEq(uint256(statusAt(model)), CLAIM_OPEN, "the training is none of it");
        vm.assertFalse(results.isVoid(model), "model");
        vm.assertTrue(results.isVoid(hash), "inference");
        warpTo(clock() + WINDOW + 1);
        results.finalize(model);
        vm.assertFalse(results.finalizable(hash), "not final");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.JobVoid.selector, run.task.id, INFER));
        results.finalize(hash);
        results.sink(hash);
        vm.assertEq(uint256(statusAt(hash)), CLAIM_VOID, "void");
        ClaimInput memory again = ToyRun.inferInput(run, model);
        again.salt = "again";
        commitFor(EXECUTOR, again);
        rollTo(l1Block() + 1);
        refused(again, abi.encodeWithSelector(IResultClaims.JobVoid.selector, run.task.id, INFER));
        checkSolvent();
    }

    function test_trainGraph_takesWhatConsumedItAlong() public {
        (Run memory run, bytes32 model) = honest(WITH_ROOTS);
        bytes32 hash = claimAs(LIAR, ToyRun.inferInput(run, model));
        voidAs(ALICE, run.job, TRAIN);
        results.sink(hash);
        vm.assertEq(uint256(statusAt(hash)), CLAIM_SUNK, "sunk");
        vm.assertEq(results.balanceOf(LIAR), CLAIM_BOND, "bond");
        ClaimInput memory again = ToyRun.inferInput(run, model);
        again.salt = "again";
        commitFor(EXECUTOR, again);
        rollTo(l1Block() + 1);
        refused(again, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, bytes32(0), model));
        checkSolvent();
    }

    function test_challenges_endWithTheClaim_andFeesComeBack() public {
        (Run memory run, bytes32 hash) = honest(BARE);
        bytes32 challengeId = challengeAs(BOB, hash, 1, type(uint32).max, OPEN_FEE);
        bytes32 key = disputes.challengeOf(challengeId).waitsFor;
        openSegmentAs(EXECUTOR, hash, run, 1);
        voidAs(ALICE, run.job, TRAIN);
        disputes.refund(challengeId);
        vm.assertEq(disputes.balanceOf(BOB), CHALLENGE_BOND, "challenge bond");
        demands.collect(key);
        vm.assertEq(demands.balanceOf(BOB), KEPT_FEE, "what was not burned");
        vm.assertEq(demands.balanceOf(EXECUTOR), 0, "nobody earns by a void job");
        checkSolvent();
    }

    // ------------------------------------------------------------------ reservations

    function test_reservation_comesBack() public {
        Run memory run = ToyRun.make(STEP_ROOTS);
        vm.prank(EXECUTOR);
        results.reserve{value: RESERVE_BOND}(run.task.id, "");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotVoid.selector, run.task.id));
        results.releaseReservation(run.task.id);
        voidAs(ALICE, run.job, TRAIN);
        warpTo(clock() + 100 * RESERVE);
        rollTo(l1Block() + 20_000);
        results.releaseReservation(run.task.id);
        vm.assertEq(results.balanceOf(EXECUTOR), RESERVE_BOND, "all of it");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.NotReserved.selector, run.task.id));
        results.releaseReservation(run.task.id);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.JobVoid.selector, run.task.id, TRAIN));
        vm.prank(BOB);
        results.reserve{value: RESERVE_BOND}(run.task.id, "");
        checkSolvent();
    }

    function test_kinds_thatAreNone_revert() public {
        for (uint8 kind = 0; kind < 6; kind += 5) {
            vm.expectRevert(abi.encodeWithSelector(VoidGraphs.NoSuchKind.selector, kind));
            results.voidedAt("model", kind);
        }
    }
}
