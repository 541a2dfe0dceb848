// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDeliveries} from "../../../../contracts/interfaces/IDeliveries.sol";
import {IDemands} from "../../../../contracts/interfaces/IDemands.sol";
import {IDisputes, Link, NO_STEP} from "../../../../contracts/interfaces/IDisputes.sol";
import {IInbox} from "../../../../contracts/interfaces/IInbox.sol";
import {ClaimInput, IResultClaims} from "../../../../contracts/interfaces/IResultClaims.sol";
import {IVoids} from "../../../../contracts/interfaces/IVoids.sol";
import {DemandKeys} from "../../../../contracts/libraries/DemandKeys.sol";
import {Clocks} from "../../../../contracts/types/Clocks.sol";
import {Prices} from "../../../../contracts/types/Prices.sol";
import {SegmentProof, StepPage, TraceProof} from "../../../../contracts/types/Opening.sol";
import {HeaderProof} from "../../../../contracts/types/Witness.sol";
import {Artifact} from "../../support/Artifact.sol";
import {vm} from "../../support/Vm.sol";
import {ToyLeaf} from "./ToyLeaf.sol";
import {Run, ToyRun} from "./ToyRun.sol";

interface StorageVm {
    function load(address target, bytes32 slot) external view returns (bytes32);
}

/// Deploys the contracts of results, which name each other.
contract Stage {
    IInbox public inbox;
    IResultClaims public results;
    IDisputes public disputes;
    IDemands public demands;
    IDeliveries public deliveries;
    IVoids public voids;
    ToyLeaf public leaf;

    constructor(Clocks memory clocks, Prices memory prices) {
        address resultsAt = _child(3);
        address disputesAt = _child(4);
        address demandsAt = _child(6);
        address deliveriesAt = _child(7);
        address voidsAt = _child(9);
        leaf = new ToyLeaf();
        inbox = IInbox(_deploy("Inbox", abi.encode(ToyRun.L2, address(1), address(2), resultsAt, address(3), address(4))));
        results = IResultClaims(
            _deploy(
                "ResultClaims",
                abi.encode(inbox, disputesAt, demandsAt, deliveriesAt, voidsAt, _child(10), ToyRun.L2, clocks, prices)
            )
        );
        disputes = IDisputes(_deploy("Disputes", abi.encode(resultsAt, demandsAt, leaf, clocks, prices)));
        address openings = _deploy("Openings", "");
        demands = IDemands(_deploy("Demands", abi.encode(resultsAt, disputesAt, openings, clocks, prices)));
        deliveries = IDeliveries(_deploy("Deliveries", abi.encode(resultsAt, ToyRun.L2, clocks, prices)));
        address rules = Artifact.deploy("contracts/l1/verifiers/GraphRules.sol:GraphRules", "");
        voids = IVoids(_deploy("Voids", abi.encode(resultsAt, rules, ToyRun.L2)));
        require(_deploy("Endings", "") == _child(10), "predicted address");
        require(address(demands) == demandsAt && address(deliveries) == deliveriesAt, "predicted address");
        require(address(voids) == voidsAt, "predicted address");
    }

    function _deploy(string memory name, bytes memory arguments) private returns (address) {
        return Artifact.deploy(string.concat("contracts/l1/", name, ".sol:", name), arguments);
    }

    /// Address of this contract's `nonce`-th creation, for nonces below 128.
    function _child(uint8 nonce) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), nonce)))));
    }
}

/// What the tests of results share: actors, clocks, moves.
abstract contract Acted {
    uint64 internal constant START = 100_000;
    uint64 internal constant WINDOW = 60;
    uint64 internal constant ANSWER = 30;
    uint64 internal constant CHALLENGER_CLOCK = 31;
    uint64 internal constant AIRGAP = 5;
    uint64 internal constant RESERVE = 120;
    uint64 internal constant SEED_DELAY = 64;
    uint256 internal constant RESERVE_BOND = 0.1 ether + 1;
    uint256 internal constant CLAIM_BOND = 1 ether + 1;
    uint256 internal constant SOFT_BOND = 0.5 ether;
    uint256 internal constant CHALLENGE_BOND = 0.2 ether + 1;
    uint256 internal constant OPEN_FEE = 0.01 ether + 1;
    /// What is not burned when it is asked: the odd wei is kept.
    uint256 internal constant KEPT_FEE = OPEN_FEE - OPEN_FEE / 2;
    uint256 internal constant CHUNK_FEE = 0.001 ether;
    /// Of a page of 256 roots: as many bytes as 8 chunks.
    uint256 internal constant PAGE_FEE = 8 * CHUNK_FEE;
    uint256 internal constant STEP_FEE = OPEN_FEE + PAGE_FEE;

    uint8 internal constant STEP_ROOTS = 1;
    uint8 internal constant SOFT = 2;
    uint8 internal constant SEQUENTIAL = 4;
    uint8 internal constant WITH_ROOTS = STEP_ROOTS | SEQUENTIAL;
    uint8 internal constant BARE = SEQUENTIAL;

    address internal constant EXECUTOR = address(0xE1);
    address internal constant LIAR = address(0xE2);
    address internal constant ALICE = address(0xC1);
    address internal constant BOB = address(0xC2);
    address internal constant STRANGER = address(0xD1);
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;

    IInbox internal inbox;
    IResultClaims internal results;
    IDisputes internal disputes;
    IDemands internal demands;
    IDeliveries internal deliveries;
    IVoids internal voids;
    ToyLeaf internal leaf;
    uint64 private _seconds;
    uint64 private _block;

    function setUp() public virtual {
        vm.roll(1000);
        vm.warp(START);
        _seconds = START;
        _block = 1000;
        Stage stage = new Stage(
            Clocks(SEED_DELAY, WINDOW, ANSWER, CHALLENGER_CLOCK, AIRGAP, RESERVE),
            Prices(RESERVE_BOND, CLAIM_BOND, SOFT_BOND, CHALLENGE_BOND, OPEN_FEE, CHUNK_FEE)
        );
        inbox = stage.inbox();
        results = stage.results();
        disputes = stage.disputes();
        demands = stage.demands();
        deliveries = stage.deliveries();
        voids = stage.voids();
        leaf = stage.leaf();
        address[5] memory actors = [EXECUTOR, LIAR, ALICE, BOB, STRANGER];
        for (uint256 i = 0; i < actors.length; ++i) vm.deal(actors[i], 1000 ether);
    }

    // Solidity may cache block.timestamp and block.number within a call, so the stage keeps its own.
    function clock() internal view returns (uint64) {
        return _seconds;
    }

    function l1Block() internal view returns (uint64) {
        return _block;
    }

    function warpTo(uint64 instant) internal {
        _seconds = instant;
        vm.warp(instant);
    }

    function rollTo(uint64 number) internal {
        _block = number;
        vm.roll(number);
    }

    function pass(uint64 time) internal {
        warpTo(_seconds + time);
        rollTo(_block + 1);
    }

    function commitFor(address who, ClaimInput memory input) internal {
        vm.prank(who);
        results.commit(keccak256(abi.encode(ToyRun.hashOf(input, who, 0), who, input.salt)));
    }

    /// Expects the executor's claim to revert.
    function refused(ClaimInput memory input, bytes memory reason) internal {
        uint256 bond = results.bondWei(input.job.flags);
        vm.expectRevert(reason);
        vm.prank(EXECUTOR);
        results.claim{value: bond}(input);
    }

    function claimAs(address claimant, ClaimInput memory input) internal returns (bytes32 claimHash) {
        commitFor(claimant, input);
        rollTo(_block + 1);
        uint256 bond = results.bondWei(input.job.flags);
        vm.prank(claimant);
        claimHash = results.claim{value: bond}(input);
    }

    function claimAs(address claimant, Run memory run) internal returns (bytes32) {
        return claimAs(claimant, ToyRun.input(run, "salt"));
    }

    function honest(uint8 flags) internal returns (Run memory run, bytes32 hash) {
        run = ToyRun.make(flags);
        hash = claimAs(EXECUTOR, run);
    }

    /// A claim that lies in step 3 (segment 1, step 1).
    function lying(uint8 flags) internal returns (Run memory run, bytes32 hash) {
        run = ToyRun.make(flags, 3, 0);
        leaf.mark(run.traces[3].exactRoot);
        hash = claimAs(LIAR, run);
    }

    function demandSegmentAs(address who, bytes32 hash, uint32 segment) internal returns (bytes32) {
        vm.prank(who);
        return demands.demandSegment{value: OPEN_FEE}(hash, segment);
    }

    function challengeAs(address challenger, bytes32 claimHash, uint32 segment, uint32 step, uint256 feeWei)
        internal
        returns (bytes32)
    {
        vm.prank(challenger);
        return disputes.challenge{value: CHALLENGE_BOND + feeWei}(claimHash, segment, step);
    }

    function statusOf(bytes32 challengeId) internal view returns (uint8) {
        return disputes.challengeOf(challengeId).status;
    }

    function witness(Run memory run, uint32 segment, uint32 step, uint256 mode) internal pure returns (bytes memory) {
        Link memory link = Link(ToyRun.segmentProof(run, segment), ToyRun.traceProof(run, segment, step));
        return abi.encode(link, abi.encode(uint256(1), mode));
    }

    function proveAs(address challenger, bytes32 challengeId, Run memory run, uint32 segment, uint32 step) internal {
        bytes memory w = witness(run, segment, step, 0);
        vm.prank(challenger);
        disputes.prove(challengeId, 1, run.task, w);
    }

    function openSegmentAs(address claimant, bytes32 claimHash, Run memory run, uint32 segment) internal {
        SegmentProof memory previous;
        if (segment > 0) previous = ToyRun.segmentProof(run, segment - 1);
        SegmentProof memory own = ToyRun.segmentProof(run, segment);
        vm.prank(claimant);
        demands.openSegment(claimHash, run.task, own, previous, ToyRun.tracesOf(run, segment));
    }

    function openStepAs(address claimant, bytes32 claimHash, Run memory run, uint32 segment, uint32 step, uint256 lie)
        internal
    {
        SegmentProof memory own = ToyRun.segmentProof(run, segment);
        TraceProof memory trace = ToyRun.traceProof(run, segment, step);
        HeaderProof memory header = ToyRun.headerProof();
        // Hashing with sha256 is a call, which a prank would be spent on: everything is made before.
        StepPage memory page = ToyRun.page(2 * segment + step, lie);
        vm.prank(claimant);
        demands.openStep(claimHash, run.task, own, step, trace, header, 0, page);
    }

    function answerMetricsAs(address claimant, bytes32 claimHash, Run memory run, uint32 segment) internal {
        SegmentProof memory own = ToyRun.segmentProof(run, segment);
        HeaderProof memory header = ToyRun.headerProof();
        bytes32[] memory metrics = ToyRun.metrics(segment);
        vm.prank(claimant);
        demands.answerMetrics(claimHash, run.task, own, header, metrics);
    }

    /// Σ bonds + credits = balance (docs design: bonds), in each contract that holds wei.
    function checkSolvent() internal view {
        (uint256 lockedWei, uint256 creditedWei) = bookOf(address(results), 0);
        vm.assertEq(lockedWei + creditedWei, address(results).balance, "ResultClaims");
        (lockedWei, creditedWei) = bookOf(address(disputes), 0);
        vm.assertEq(lockedWei + creditedWei, address(disputes).balance, "Disputes");
        (lockedWei, creditedWei) = bookOf(address(demands), 0);
        vm.assertEq(lockedWei + creditedWei, address(demands).balance, "Demands");
        (lockedWei, creditedWei) = bookOf(address(deliveries), 0);
        vm.assertEq(lockedWei + creditedWei, address(deliveries).balance, "Deliveries");
    }

    /// The book is each contract's first storage.
    function bookOf(address holder, uint256 slot) internal view returns (uint256 lockedWei, uint256 creditedWei) {
        lockedWei = uint256(StorageVm(address(vm)).load(holder, bytes32(slot)));
        creditedWei = uint256(StorageVm(address(vm)).load(holder, bytes32(slot + 1)));
    }
}
