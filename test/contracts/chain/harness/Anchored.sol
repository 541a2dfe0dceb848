// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHeaderAnchor} from "../../../../contracts/interfaces/IHeaderAnchor.sol";
import {IInbox} from "../../../../contracts/interfaces/IInbox.sol";
import {Merkle} from "../../../../contracts/libraries/Merkle.sol";
import {Batch} from "../../../../contracts/types/Batch.sol";
import {Artifact} from "../../support/Artifact.sol";
import {HeaderBuilder, TestHeader} from "../../support/HeaderBuilder.sol";
import {SequencerWord} from "../../support/SequencerWord.sol";
import {vm} from "../../support/Vm.sol";

/// A HeaderAnchor after genesis, and a good batch to be spoilt. The test itself may queue in its Inbox.
abstract contract Anchored {
    using HeaderBuilder for TestHeader;

    uint256 constant L2 = 424242;
    uint64 constant WINDOW = 12 hours;
    uint256 constant KEY = 0xA11CE;
    address constant SENDER = address(0xBEEF);
    uint64 constant ORIGIN = 1000;
    uint64 constant TIME = 50_000;

    IInbox inbox;
    IHeaderAnchor anchor;
    bytes32 genesisHash = keccak256("genesis");

    function setUp() public {
        vm.roll(ORIGIN);
        vm.warp(TIME);
        bytes memory arguments =
            abi.encode(L2, address(this), address(this), address(this), address(this), address(this));
        inbox = IInbox(Artifact.deploy("contracts/l1/Inbox.sol:Inbox", arguments));
        Batch memory genesis;
        genesis.lastHash = genesisHash;
        genesis.lastTimestamp = TIME;
        genesis.originNumber = ORIGIN;
        genesis.anchoredAt = TIME + 100;
        arguments = abi.encode(L2, inbox, vm.addr(KEY), WINDOW, genesis);
        anchor = IHeaderAnchor(Artifact.deploy("contracts/l1/HeaderAnchor.sol:HeaderAnchor", arguments));
        vm.roll(ORIGIN + 10);
        vm.warp(TIME + 120);
    }

    function child() internal view returns (TestHeader memory h) {
        h.parentHash = genesisHash;
        h.number = 1;
        h.timestamp = TIME + 60;
        h.originNumber = ORIGIN;
        h.originHash = blockhash(ORIGIN);
        h.inboxHash = inbox.hash();
    }

    function next(TestHeader memory parent) internal pure returns (TestHeader memory h) {
        h = TestHeader(
            keccak256(parent.encode()),
            parent.number + 1,
            parent.timestamp,
            parent.originNumber,
            parent.originHash,
            parent.inboxCount,
            parent.inboxHash
        );
    }

    function digest(
        address target,
        uint256 l1,
        uint256 l2,
        uint64 first,
        uint64 last,
        bytes32 hash,
        bytes memory data
    ) internal pure returns (bytes32) {
        return SequencerWord.digest(l1, target, SequencerWord.anchoredBatch(l2, first, last, hash, dataRoot(data)));
    }

    function sign(bytes32 message) internal pure returns (bytes memory) {
        return SequencerWord.sign(KEY, message);
    }

    /// Of a batch that ends with `h` and begins after what is anchored.
    function signatureOf(TestHeader memory h, bytes memory data) internal view returns (bytes memory) {
        uint64 first = anchor.batch(anchor.batchCount() - 1).lastNumber + 1;
        return sign(digest(address(anchor), block.chainid, L2, first, h.number, keccak256(h.encode()), data));
    }

    function signatureOf(TestHeader memory h) internal view returns (bytes memory) {
        return signatureOf(h, "");
    }

    function list(TestHeader memory h) internal pure returns (bytes[] memory headers) {
        headers = new bytes[](1);
        headers[0] = h.encode();
    }

    function send(bytes[] memory headers, bytes memory signature, bytes memory data) internal {
        vm.prank(SENDER, SENDER);
        anchor.anchor(headers, signature, data);
    }

    function send(TestHeader memory h) internal {
        send(list(h), signatureOf(h), "");
    }

    function refuse(TestHeader memory h, bytes memory reason) internal {
        bytes memory signature = signatureOf(h);
        vm.expectRevert(reason);
        send(list(h), signature, "");
        vm.assertEq(anchor.batchCount(), 1, "nothing was anchored");
    }

    function sendOutside(bytes[] memory headers, bytes memory signature) external {
        send(headers, signature, "");
    }

    function dataRoot(bytes memory data) internal pure returns (bytes32) {
        bytes32[] memory leaves = new bytes32[]((data.length + 4095) / 4096);
        for (uint256 i = 0; i < leaves.length; ++i) {
            uint256 length = data.length - 4096 * i < 4096 ? data.length - 4096 * i : 4096;
            bytes memory piece = new bytes(length);
            for (uint256 j = 0; j < length; ++j) piece[j] = data[4096 * i + j];
            leaves[i] = keccak256(piece);
        }
        return Merkle.root(leaves);
    }
}
