// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBridge} from "../../../contracts/interfaces/IBridge.sol";
import {IForcedTransactions} from "../../../contracts/interfaces/IForcedTransactions.sol";
import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {IPrepaidGas} from "../../../contracts/interfaces/IPrepaidGas.sol";
import {IStateClaims} from "../../../contracts/interfaces/IStateClaims.sol";
import {Batch} from "../../../contracts/types/Batch.sol";
import {Checkpoint} from "../../../contracts/types/Checkpoint.sol";
import {StateClaim} from "../../../contracts/types/StateClaim.sol";
import {Artifact} from "./Artifact.sol";
import {HeaderBuilder, TestHeader} from "./HeaderBuilder.sol";
import {SequencerWord} from "./SequencerWord.sol";
import {vm} from "./Vm.sol";

/// In place of ResultClaims, which needs trained networks to have anything open.
contract OpenResults {
    IInbox public inbox;
    uint64 public firstOpen = type(uint64).max;

    constructor(IInbox inbox_) {
        inbox = inbox_;
    }

    function set(uint64 index) external {
        firstOpen = index;
    }

    function queue(uint8 kind, bytes calldata body) external returns (uint64) {
        return inbox.queue(kind, body);
    }
}

/// The chain's L1 contracts as `deploy/` wires them, and a sequencer to anchor blocks.
abstract contract ChainFixture {
    using HeaderBuilder for TestHeader;

    uint256 constant L2 = 424242;
    uint64 constant INCLUSION_WINDOW = 600;
    uint64 constant STATE_WINDOW = 20;
    uint256 constant SEQUENCER_KEY = 0xA11CE;
    address constant POSTER = address(0x9057E6);

    IInbox inbox;
    IPrepaidGas prepaidGas;
    IBridge bridge;
    IHeaderAnchor anchor;
    IStateClaims stateClaims;
    OpenResults results;
    IForcedTransactions forced;

    function deploy(string memory name, bytes memory arguments) private returns (address) {
        return Artifact.deploy(string.concat("contracts/l1/", name, ".sol:", name), arguments);
    }

    function deployChain() internal {
        vm.roll(1000);
        vm.warp(1_000_000);
        uint64 nonce = vm.getNonce(address(this));
        address[7] memory where;
        for (uint256 i = 0; i < 7; ++i) where[i] = vm.computeCreateAddress(address(this), nonce + i);
        inbox = IInbox(deploy("Inbox", abi.encode(L2, where[1], where[2], where[5], where[4], where[6])));
        prepaidGas = IPrepaidGas(deploy("PrepaidGas", abi.encode(inbox, where[2])));
        address[] memory refused = new address[](6);
        for (uint256 i = 0; i < 6; ++i) refused[i] = where[i < 2 ? i : i + 1];
        bridge = IBridge(deploy("Bridge", abi.encode(L2, inbox, where[4], where[1], where[6], refused)));
        Batch memory genesis;
        genesis.lastHash = keccak256("genesis");
        genesis.lastTimestamp = uint64(block.timestamp);
        genesis.originNumber = uint64(block.number);
        genesis.anchoredAt = uint64(block.timestamp);
        anchor = IHeaderAnchor(
            deploy("HeaderAnchor", abi.encode(L2, inbox, vm.addr(SEQUENCER_KEY), INCLUSION_WINDOW, genesis))
        );
        stateClaims = IStateClaims(deploy("StateClaims", abi.encode(inbox, anchor, where[5], POSTER, STATE_WINDOW)));
        results = new OpenResults(inbox);
        forced = IForcedTransactions(deploy("ForcedTransactions", abi.encode(inbox, bridge)));
        vm.roll(1001);
    }

    /// Anchors a batch of `count` blocks on the Inbox as it is now.
    function anchorBatch(uint64 count) internal returns (Batch memory) {
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + 1);
        Batch memory last = anchor.batch(anchor.batchCount() - 1);
        uint64 origin = uint64(block.number - 1);
        Checkpoint memory checkpoint = inbox.checkpointAt(origin);
        bytes[] memory headers = new bytes[](count);
        bytes32 parent = last.lastHash;
        for (uint64 i = 0; i < count; ++i) {
            headers[i] = TestHeader(
                    parent,
                    last.lastNumber + 1 + i,
                    uint64(block.timestamp),
                    origin,
                    blockhash(origin),
                    checkpoint.count,
                    checkpoint.hash
                ).encode();
            parent = keccak256(headers[i]);
        }
        bytes32 message =
            SequencerWord.anchoredBatch(L2, last.lastNumber + 1, last.lastNumber + count, parent, bytes32(0));
        bytes memory signature =
            SequencerWord.sign(SEQUENCER_KEY, SequencerWord.digest(block.chainid, address(anchor), message));
        vm.prank(address(0xBEEF), address(0xBEEF));
        anchor.anchor(headers, signature, "");
        return anchor.batch(anchor.batchCount() - 1);
    }

    function claimOf(Batch memory batch, bytes32 outboxRoot) internal pure returns (StateClaim memory) {
        return StateClaim(
            batch.lastNumber,
            batch.lastHash,
            keccak256(abi.encode("state", batch.lastNumber)),
            outboxRoot,
            keccak256(abi.encode("credits", batch.lastNumber)),
            bytes32(0),
            7
        );
    }

    /// A settled block whose outbox has this root.
    function settleOutbox(bytes32 outboxRoot) internal returns (uint64 number) {
        Batch memory batch = anchorBatch(1);
        number = batch.lastNumber;
        vm.prank(POSTER);
        stateClaims.post(claimOf(batch, outboxRoot));
        vm.warp(stateClaims.settleableAt(number));
        stateClaims.settle(number);
    }
}
