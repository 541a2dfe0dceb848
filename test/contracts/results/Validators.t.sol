// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier, LeafContext} from "../../../contracts/interfaces/ILeafVerifier.sol";
import {ValidatorVerifier} from "../../../contracts/l1/verifiers/ValidatorVerifier.sol";
import {Job, trainId} from "../../../contracts/types/Job.sol";
import {Artifact} from "../support/Artifact.sol";
import {vm} from "../support/Vm.sol";
import {HostileValidator} from "./harness/HostileValidator.sol";
import {ToyCommission} from "./harness/ToyCommission.sol";
import {ToyValidator} from "./harness/ToyValidator.sol";

/// A contract that a job names may judge weights, and do nothing else (docs/protocol.md P13.7).
contract ValidatorsTest {
    ILeafVerifier verifier;
    ToyValidator good;
    HostileValidator hostile;

    function setUp() public {
        verifier = ILeafVerifier(Artifact.deploy("contracts/l1/verifiers/ValidatorVerifier.sol:ValidatorVerifier", ""));
        good = new ToyValidator();
        hostile = new HostileValidator();
    }

    function naming(address validator) internal view returns (Job memory job) {
        job = ToyCommission.job(1);
        job.property.validator = validator;
        job.property.validatorCodeHash = validator.codehash;
    }

    function contextOf(Job memory job) internal pure returns (LeafContext memory context) {
        context.task.id = trainId(job);
        context.task.kind = 4;
        context.task.startRoot = "weights";
    }

    function refused(LeafContext memory context, Job memory job, bytes memory own, bytes memory reason) internal {
        bytes memory witness = abi.encode(job, own);
        vm.expectRevert(reason);
        verifier.judge(context, 10, witness);
    }

    function test_judge_asTheValidatorSays() public view {
        Job memory job = naming(address(good));
        vm.assertTrue(verifier.judge(contextOf(job), 10, abi.encode(job, abi.encode(true))), "wrong");
        vm.assertFalse(verifier.judge(contextOf(job), 10, abi.encode(job, abi.encode(false))), "not wrong");
    }

    function test_judge_ofAnotherKind_reverts() public {
        Job memory job = naming(address(good));
        LeafContext memory context = contextOf(job);
        vm.expectRevert(abi.encodeWithSelector(ValidatorVerifier.NotMyKind.selector, 9));
        verifier.judge(context, 9, "");
        context.task.kind = 1;
        refused(context, job, abi.encode(true), abi.encodeWithSelector(ValidatorVerifier.NotCommissioned.selector, 1));
    }

    /// Nobody brings a validator of his own.
    function test_judge_ofAnotherJob_reverts() public {
        Job memory job = naming(address(0));
        LeafContext memory context = contextOf(job);
        refused(context, job, "", abi.encodeWithSelector(ValidatorVerifier.NoValidator.selector, context.task.id));
        Job memory other = naming(address(good));
        refused(
            context,
            other,
            abi.encode(true),
            abi.encodeWithSelector(ValidatorVerifier.JobMismatch.selector, context.task.id, trainId(other))
        );
    }

    /// Another contract at the address, or none any more: no verdict.
    function test_judge_changedCode_reverts() public {
        Job memory job = naming(address(good));
        bytes32 expected = address(good).codehash;
        vm.etch(address(good), address(hostile).code);
        refused(
            contextOf(job),
            job,
            abi.encode(true),
            abi.encodeWithSelector(ValidatorVerifier.CodeChanged.selector, expected, address(hostile).codehash)
        );
        vm.etch(address(good), "");
        refused(
            contextOf(job),
            job,
            abi.encode(true),
            abi.encodeWithSelector(ValidatorVerifier.CodeChanged.selector, expected, address(good).codehash)
        );
    }

    /// 1 reverts · 2 burns all gas · 3 to 5 no bool · 6 a bomb of an answer · 7 writes: none of it is a verdict.
    function test_judge_hostileValidator_noVerdict() public {
        Job memory job = naming(address(hostile));
        LeafContext memory context = contextOf(job);
        bytes memory reason = abi.encodeWithSelector(ValidatorVerifier.NoVerdict.selector, address(hostile));
        for (uint8 mode = 1; mode <= 7; ++mode) {
            uint256 gas = gasleft();
            refused(context, job, abi.encodePacked(mode), reason);
            vm.assertTrue(gas - gasleft() < 2_500_000, "what it can burn is bounded");
        }
        vm.assertTrue(verifier.judge(context, 10, abi.encode(job, abi.encodePacked(uint8(0)))), "it can answer, too");
    }

    /// Whoever calls with little gas does not make the validator fail.
    function test_judge_tooLittleGas_reverts() public {
        Job memory job = naming(address(good));
        bytes memory call = abi.encodeCall(verifier.judge, (contextOf(job), 10, abi.encode(job, abi.encode(true))));
        (bool ok, bytes memory answer) = address(verifier).staticcall{gas: 2_000_000}(call);
        vm.assertFalse(ok, "refused");
        vm.assertEq(bytes32(bytes4(answer)), bytes32(ValidatorVerifier.TooLittleGas.selector), "for its gas");
        (ok, answer) = address(verifier).staticcall{gas: 2_200_000}(call);
        vm.assertTrue(ok && abi.decode(answer, (bool)), "enough");
    }
}
