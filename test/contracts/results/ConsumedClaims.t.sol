// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    CLAIM_FINAL,
    CLAIM_NONE,
    CLAIM_OPEN,
    CLAIM_OVERTURNED,
    CLAIM_SUNK,
    ClaimInput,
    IResultClaims
} from "../../../contracts/interfaces/IResultClaims.sol";
import {Merkle} from "../../../contracts/libraries/Merkle.sol";
import {hashSegmentLeaf} from "../../../contracts/types/Trace.sol";
import {vm} from "../support/Vm.sol";
import {Acted} from "./harness/Stage.sol";
import {Run, ToyRun} from "./harness/ToyRun.sol";

/// Claims that build on a model (docs/protocol.md P6.4, P6.5).
contract ConsumedClaimsTest is Acted {
    function test_infer_consumesTheLiveModelOnly() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        ClaimInput memory input = ToyRun.inferInput(run, keccak256("model"));
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        refused(
            input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, bytes32(0), keccak256("model"))
        );
        bytes32 model = claimAs(EXECUTOR, run);
        refused(input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, model, keccak256("model")));
        input.consumed = new bytes32[](0);
        refused(input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, model, bytes32(0)));
        input.consumed = new bytes32[](2);
        (input.consumed[0], input.consumed[1]) = (model, model);
        refused(input, abi.encodeWithSelector(IResultClaims.ConsumedMismatch.selector, model, bytes32(0)));
        input = ToyRun.inferInput(run, model);
        input.output = hex"0000803e";
        commitFor(EXECUTOR, input);
        rollTo(l1Block() + 1);
        refused(
            input,
            abi.encodeWithSelector(IResultClaims.OutputMismatch.selector, input.resultRoot, sha256(input.output))
        );
        claimAs(EXECUTOR, ToyRun.inferInput(run, model));
        checkSolvent();
    }

    function test_infer_outputLength() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 model = claimAs(EXECUTOR, run);
        uint256[3] memory lengths = [uint256(0), 1025, 1024];
        for (uint256 i = 0; i < 3; ++i) {
            ClaimInput memory input = ToyRun.inferInput(run, model);
            input.output = new bytes(lengths[i]);
            input.resultRoot = sha256(input.output);
            input.lastSegment.endState = input.resultRoot;
            input.trajectoryRoot = hashSegmentLeaf(input.lastSegment);
            commitFor(EXECUTOR, input);
            rollTo(l1Block() + 1);
            if (i < 2) {
                refused(input, abi.encodeWithSelector(IResultClaims.OutputLength.selector, 1024, lengths[i]));
            } else {
                vm.prank(EXECUTOR);
                results.claim{value: CLAIM_BOND}(input);
            }
        }
    }

    function test_infer_neverFinalBeforeItsModel_sinksWithIt() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 model = claimAs(LIAR, run);
        bytes32 infer = claimAs(EXECUTOR, ToyRun.inferInput(run, model));
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotLost.selector, model, CLAIM_OPEN));
        results.sink(infer);
        pass(WINDOW + 1);
        vm.assertFalse(results.finalizable(infer), "model open");
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotFinal.selector, model, CLAIM_OPEN));
        results.finalize(infer);
        vm.prank(address(disputes));
        results.overturn(model, ALICE);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotFinal.selector, model, CLAIM_OVERTURNED));
        results.finalize(infer);
        results.sink(infer);
        vm.assertEq(results.claimOf(infer).status, CLAIM_SUNK, "sunk");
        vm.assertEq(results.balanceOf(EXECUTOR), CLAIM_BOND, "bond returned whole");
        vm.assertEq(results.firstOpen(), inbox.count(), "nothing open");
        checkSolvent();
    }

    function test_infer_finalAfterItsModel() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 model = claimAs(EXECUTOR, run);
        bytes32 infer = claimAs(EXECUTOR, ToyRun.inferInput(run, model));
        pass(WINDOW + 1);
        results.finalize(model);
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotLost.selector, model, CLAIM_FINAL));
        results.sink(infer);
        results.finalize(infer);
        vm.assertEq(results.balanceOf(EXECUTOR), 2 * CLAIM_BOND, "both bonds");
        checkSolvent();
    }

    function test_sink_training_reverts() public {
        bytes32 hash = claimAs(EXECUTOR, ToyRun.make(WITH_ROOTS));
        vm.expectRevert(abi.encodeWithSelector(IResultClaims.ConsumedNotLost.selector, bytes32(0), CLAIM_NONE));
        results.sink(hash);
    }

    function test_evaluate_counterMustBeTheLastStateTensor() public {
        Run memory run = ToyRun.make(WITH_ROOTS);
        bytes32 model = claimAs(EXECUTOR, run);
        ClaimInput memory i;
        i.job = run.job;
        i.kind = 3;
        i.rows = 4;
        i.inputRoot = keccak256("test set");
        i.output = hex"00004040";
        i.resultRoot = sha256(i.output);
        i.lastSegment.endState = i.resultRoot;
        i.trajectoryRoot = hashSegmentLeaf(i.lastSegment);
        i.consumed = new bytes32[](1);
        i.consumed[0] = model;
        i.outputProof = abi.encode(ToyRun.headerProof(), new bytes32[](0));
        bytes memory proof = i.outputProof;

        i.output = hex"000040";
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(IResultClaims.OutputLength.selector, 4, 3));
        i.output = hex"00004041";
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(IResultClaims.OutputMismatch.selector, i.resultRoot, sha256(i.output)));
        i.output = hex"00004040";
        i.outputProof = abi.encode(ToyRun.headerProof(), new bytes32[](1));
        commitFor(EXECUTOR, i);
        rollTo(l1Block() + 1);
        refused(i, abi.encodeWithSelector(Merkle.ProofLength.selector, 0, 1));
        i.outputProof = proof;
        vm.prank(EXECUTOR);
        bytes32 hash = results.claim{value: CLAIM_BOND}(i);
        vm.assertEq(results.claimOf(hash).steps, 2, "rows / evaluateBatchRows");
        vm.assertEq(results.claimOf(hash).segmentSteps, 2, "min(segmentSteps, steps)");
    }
}
