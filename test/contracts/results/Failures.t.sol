// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes, Link} from "../../../contracts/interfaces/IDisputes.sol";
import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {LeafContext} from "../../../contracts/interfaces/ILeafVerifier.sol";
import {CLAIM_FINAL, ClaimInput, ClaimRecord, IResultClaims} from "../../../contracts/interfaces/IResultClaims.sol";
import {SumNode} from "../../../contracts/libraries/SumTree.sol";
import {Failure} from "../../../contracts/types/Failure.sol";
import {GraphHeader, hashGraphHeader, hashNode, Node, PLACE_LOOSE} from "../../../contracts/types/Graph.sol";
import {GraphRef, Job} from "../../../contracts/types/Job.sol";
import {MessageKind} from "../../../contracts/types/MessageKind.sol";
import {hashSegmentLeaf, SegmentLeaf} from "../../../contracts/types/Trace.sol";
import {HeaderProof, NodeProof} from "../../../contracts/types/Witness.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {ToyLeaf} from "./harness/ToyLeaf.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";
import {Tree} from "./harness/Tree.sol";

/// Claims that a run fails (docs/protocol.md P15): the toy run of five steps, cut at the one that is said to fail.
contract FailuresTest is Acted {
    uint64 private constant LAST_ELEMENT = 303;

    /// The claim of the run's first `steps` steps, the last of which fails in its one node.
    function failing(Run memory run, uint32 steps) internal pure returns (ClaimInput memory input) {
        input = ToyRun.input(run, "salt");
        input.failure = Failure(steps, 0, LAST_ELEMENT);
        input.outputProof = abi.encode(ToyRun.headerProof(), ToyRun.nodeProof());
        (SegmentLeaf[] memory segments, bytes32[] memory leaves) = cut(run, steps);
        input.lastSegment = segments[segments.length - 1];
        input.lastSegmentProof = Tree.proof(leaves, leaves.length - 1);
        input.resultRoot = input.lastSegment.endState;
        input.trajectoryRoot = Tree.root(leaves);
    }

    function cut(Run memory run, uint32 steps)
        internal
        pure
        returns (SegmentLeaf[] memory segments, bytes32[] memory leaves)
    {
        uint256 count = (steps + 1) / 2;
        segments = new SegmentLeaf[](count);
        leaves = new bytes32[](count);
        for (uint256 s = 0; s < count; ++s) {
            segments[s] = run.segments[s];
            if (2 * s + 2 > steps) {
                segments[s].endState = run.traces[2 * s].stateOut;
                segments[s].stepsRoot = run.segments[s].stepsRoot == 0 ? bytes32(0) : ToyRun.traceLeaves(run, s)[0];
            }
            leaves[s] = hashSegmentLeaf(segments[s]);
        }
    }

    function cannot(ClaimInput memory input, bytes32 what) internal {
        refused(input, abi.encodeWithSelector(IResultClaims.CannotFail.selector, what));
    }

    function committed(ClaimInput memory input) internal returns (ClaimInput memory) {
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        return input;
    }

    // ------------------------------------------------------------------ what can be claimed

    function test_claim_coversTheStepsUpToTheFailure() public {
        for (uint32 steps = 1; steps <= 5; ++steps) {
            Run memory run = ToyRun.make(WITH_ROOTS, type(uint256).max, steps);
            bytes32 hash = claimAs(EXECUTOR, failing(run, steps));
            ClaimRecord memory record = results.claimOf(hash);
            vm.assertEq(uint256(record.steps), steps, "steps");
            vm.assertEq(uint256(record.failure.steps), steps, "failure");
            vm.assertEq(uint256(record.failure.element), LAST_ELEMENT, "element");
            uint32 segments = (steps + 1) / 2;
            vm.expectRevert(abi.encodeWithSelector(IDisputes.OutOfRange.selector, segments, segments));
            challengeAs(ALICE, hash, segments, 0, 0);
            uint32 left = steps % 2 == 0 ? 2 : 1;
            vm.expectRevert(abi.encodeWithSelector(IDisputes.OutOfRange.selector, left, left));
            challengeAs(ALICE, hash, segments - 1, left, 0);
        }
    }

    function test_claim_beyondTheRun_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 5);
        input.failure.steps = 6;
        cannot(committed(input), "step");
    }

    function test_claim_ofAnotherLength_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 3);
        input.failure.steps = 1;
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        uint256 bond = results.bondWei(input.job.flags);
        vm.expectPartialRevert(bytes4(keccak256("LeafOutOfRange(uint256,uint256)")));
        vm.prank(EXECUTOR);
        results.claim{value: bond}(input);
    }

    function test_claim_withOutput_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 3);
        input.output = hex"00";
        refused(committed(input), abi.encodeWithSelector(IResultClaims.OutputLength.selector, 0, 1));
    }

    function test_claim_otherNodeThanProven_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 3);
        input.failure.node = 1;
        cannot(committed(input), "node");
    }

    function test_claim_elementBeyondTheOutput_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 3);
        input.failure.element = LAST_ELEMENT + 1;
        cannot(committed(input), "element");
    }

    function test_claim_nodeOfAnotherGraph_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 3);
        NodeProof memory node = ToyRun.nodeProof();
        node.node.flops += 1;
        input.outputProof = abi.encode(ToyRun.headerProof(), node);
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        uint256 bond = results.bondWei(input.job.flags);
        vm.expectPartialRevert(bytes4(keccak256("RootMismatch(bytes32,bytes32)")));
        vm.prank(EXECUTOR);
        results.claim{value: bond}(input);
    }

    /// A graph whose one node is `node`; the rest of the claim says what it said.
    function withNode(Run memory run, Node memory node) internal pure returns (ClaimInput memory input) {
        SumNode[] memory leaves = ToyRun.leaves();
        leaves[5] = SumNode(hashNode(node), node.flops, node.bytes_);
        SumNode memory root = Tree.sumRoot(leaves);
        run.job.trainGraph = GraphRef(root.hash, root.flops, root.bytes_);
        input = failing(run, 3);
        input.job = run.job;
        HeaderProof memory header = HeaderProof(ToyRun.graphHeader(), Tree.sumProof(leaves, 0));
        input.outputProof = abi.encode(header, NodeProof(0, node, Tree.sumProof(leaves, 5)));
    }

    function test_claim_whatNobodyCouldDeny_reverts() public {
        Node memory node = ToyRun.graphNode();
        node.op = 60;
        cannot(committed(withNode(ToyRun.make(WITH_ROOTS), node)), "op");
        node.op = 40;
        node.inputs[0].value.shape[0] = 8193;
        cannot(committed(withNode(ToyRun.make(WITH_ROOTS), node)), "op");
    }

    function test_claim_ofLooseOperands_onlyWhereSizeDecides() public {
        Node memory node = ToyRun.graphNode();
        node.inputs[0].value.place = PLACE_LOOSE;
        uint8[6] memory sizes = [1, 2, 3, 40, 41, 42];
        uint8[4] memory others = [4, 5, 10, 64];
        for (uint256 i = 0; i < others.length; ++i) {
            node.op = others[i];
            cannot(committed(withNode(ToyRun.make(WITH_ROOTS), node)), "operand");
        }
        for (uint256 i = 0; i < sizes.length; ++i) {
            node.op = sizes[i];
            // alpha, beta, transA, transB; others read none
            if (node.op == 41) {
                node.attributes = abi.encode(uint32(0), uint32(0), false, false);
                node.inputs[0].value.shape = new uint32[](2);
            } else {
                node.attributes = "";
                node.inputs[0].value.shape = ToyRun.graphNode().inputs[0].value.shape;
            }
            claimAs(EXECUTOR, withNode(ToyRun.make(WITH_ROOTS, type(uint256).max, i + 1), node));
        }
    }

    function test_claim_tolerant_reverts() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 3);
        input.job.profile = 1;
        cannot(committed(input), "profile");
    }

    // ------------------------------------------------------------------ what follows

    function test_claim_isNeverSoft_andTellsL2() public {
        Run memory run = ToyRun.make(WITH_ROOTS | SOFT);
        ClaimInput memory input = committed(failing(run, 3));
        bytes32 hash = ToyRun.hashOf(input, EXECUTOR, 0);
        bytes memory body =
            abi.encode(run.task.id, hash, EXECUTOR, input.resultRoot, false, new bytes32[](0), bytes(""), uint32(3));
        uint256 bond = results.bondWei(input.job.flags);
        bytes32 next = keccak256(abi.encodePacked(inbox.hash(), keccak256(abi.encode(MessageKind.CLAIMED, body))));
        vm.expectEmit(address(inbox));
        emit IInbox.MessageQueued(inbox.count(), MessageKind.CLAIMED, body, next);
        vm.prank(EXECUTOR);
        results.claim{value: bond}(input);
    }

    function test_finalize_closesTheId_andNothingConsumesIt() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 hash = claimAs(EXECUTOR, failing(run, 3));
        ClaimInput memory infer = ToyRun.inferInput(run, hash);
        commitFor(EXECUTOR, infer);
        rollTo(l1Block() + 1);
        refused(infer, abi.encodeWithSelector(IResultClaims.ModelFailed.selector, hash));
        pass(WINDOW + 1);
        results.finalize(hash);
        vm.assertEq(uint256(results.claimOf(hash).status), CLAIM_FINAL, "final");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "bond");
        refused(infer, abi.encodeWithSelector(IResultClaims.ModelFailed.selector, hash));
        ClaimInput memory again = ToyRun.input(run, "again");
        commitFor(EXECUTOR, again);
        rollTo(l1Block() + 1);
        refused(again, abi.encodeWithSelector(IResultClaims.IdClosed.selector, run.task.id, hash));
        checkSolvent();
    }

    /// The leaf hears of the failure in the step that fails, and there alone; and of the steps that the claim covers.
    function test_prove_tellsTheLeafWhatFailed() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = failing(run, 4);
        bytes32 hash = claimAs(EXECUTOR, input);
        (run.segments,) = cut(run, 4);
        for (uint32 step = 0; step < 2; ++step) {
            bytes32 id = challengeAs(ALICE, hash, 1, step, 0);
            pass(1);
            Link memory link = linkOf(run, step);
            bytes memory w = abi.encode(link, abi.encode(uint256(1), uint256(3)));
            vm.prank(ALICE);
            try disputes.prove(id, 1, run.task, w) {
                vm.assertTrue(false, "judged");
            } catch (bytes memory reason) {
                (LeafContext memory context,) = abi.decode(rest(reason), (LeafContext, uint8));
                vm.assertEq(uint256(context.task.steps), 4, "steps");
                vm.assertEq(uint256(context.failure.steps), step == 1 ? 4 : 0, "failure");
                vm.assertEq(uint256(context.failure.element), step == 1 ? LAST_ELEMENT : 0, "element");
            }
        }
    }

    function linkOf(Run memory run, uint32 step) private pure returns (Link memory link) {
        bytes32[] memory leaves = new bytes32[](2);
        for (uint256 s = 0; s < 2; ++s) leaves[s] = hashSegmentLeaf(run.segments[s]);
        link.segment.leaf = run.segments[1];
        link.segment.proof = Tree.proof(leaves, 1);
        link.step = ToyRun.traceProof(run, 1, step);
    }

    /// Behind the selector.
    function rest(bytes memory reason) private pure returns (bytes memory data) {
        vm.assertEq(uint256(uint32(bytes4(reason))), uint256(uint32(ToyLeaf.Asked.selector)), "asked");
        data = new bytes(reason.length - 4);
        for (uint256 i = 0; i < data.length; ++i) data[i] = reason[i + 4];
    }
}
