// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInbox} from "../../../contracts/interfaces/IInbox.sol";
import {Checkpoint} from "../../../contracts/types/Checkpoint.sol";
import {Artifact} from "../support/Artifact.sol";
import {vm} from "../support/Vm.sol";

contract InboxTest {
    uint256 constant L2 = 424242;
    address constant PREPAID_GAS = address(0xA1);
    address constant BRIDGE = address(0xA2);
    address constant RESULT_CLAIMS = address(0xA3);
    address constant STATE_CLAIMS = address(0xA4);
    address constant FORCED = address(0xA5);

    IInbox inbox;
    bytes32 first;

    function setUp() public {
        vm.roll(1000);
        vm.warp(10_000);
        inbox = deploy();
        first = keccak256(abi.encode(L2, address(inbox)));
    }

    function deploy() internal returns (IInbox) {
        bytes memory arguments = abi.encode(L2, PREPAID_GAS, BRIDGE, RESULT_CLAIMS, STATE_CLAIMS, FORCED);
        return IInbox(Artifact.deploy("contracts/l1/Inbox.sol:Inbox", arguments));
    }

    function owner(uint8 kind) internal pure returns (address) {
        if (kind == 1) return PREPAID_GAS;
        if (kind == 2) return BRIDGE;
        if (kind == 6) return STATE_CLAIMS;
        if (kind == 7 || kind == 8) return FORCED;
        return RESULT_CLAIMS;
    }

    function queue(uint8 kind, bytes memory body) internal returns (uint64) {
        vm.prank(owner(kind));
        return inbox.queue(kind, body);
    }

    /// Every kind against every contract that may queue, and a stranger: only the owner of the kind may.
    function test_queue_foreignKind_reverts() public {
        address[6] memory senders = [PREPAID_GAS, BRIDGE, RESULT_CLAIMS, STATE_CLAIMS, FORCED, address(this)];
        for (uint8 kind = 0; kind < 11; ++kind) {
            for (uint256 i = 0; i < senders.length; ++i) {
                if (kind >= 1 && kind <= 9 && senders[i] == owner(kind)) continue;
                vm.expectRevert(abi.encodeWithSelector(IInbox.KindNotYours.selector, kind, senders[i]));
                vm.prank(senders[i]);
                inbox.queue(kind, "");
            }
        }
        vm.assertEq(inbox.count(), 0, "nothing was queued");
    }

    function test_queue_unknownKindFromZeroAddress_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IInbox.KindNotYours.selector, uint8(10), address(0)));
        vm.prank(address(0));
        inbox.queue(10, "");
    }

    function test_empty_hasFirstHashEverywhere() public view {
        vm.assertEq(inbox.hash(), first, "hash before any message");
        Checkpoint memory c = inbox.checkpointAt(0);
        vm.assertEq(c.hash, first, "at block 0");
        c = inbox.checkpointAt(type(uint64).max);
        vm.assertEq(c.hash, first, "at the last block there can be");
        vm.assertEq(c.count, 0, "count");
    }

    function test_queue_chainsHashes_succeeds() public {
        bytes memory body = abi.encode(address(7), uint256(3));
        bytes32 one = keccak256(abi.encodePacked(first, keccak256(abi.encode(uint8(1), body))));
        vm.expectEmit();
        emit IInbox.MessageQueued(0, 1, body, one);
        vm.assertEq(queue(1, body), 0, "index of the first message");
        vm.assertEq(inbox.hash(), one, "hash after one");

        bytes32 two = keccak256(abi.encodePacked(one, keccak256(abi.encode(uint8(4), bytes("")))));
        vm.assertEq(queue(4, ""), 1, "index of the second message");
        vm.assertEq(inbox.hash(), two, "hash after two");
        vm.assertEq(inbox.count(), 2, "count");
    }

    /// What suffices for the first message of a block is asked of the ones after it: estimates are made in another block.
    function test_queue_sameBlockWithLittleGas_reverts() public {
        queue(1, "a");
        vm.expectPartialRevert(IInbox.GasTooLow.selector);
        vm.prank(PREPAID_GAS);
        inbox.queue{gas: 95_000}(1, "b");
        vm.prank(PREPAID_GAS);
        inbox.queue{gas: 125_000}(1, "b");
        vm.roll(1001);
        vm.prank(PREPAID_GAS);
        inbox.queue{gas: 95_000}(1, "c");
        vm.assertEq(inbox.count(), 3, "count");
    }

    /// A body moved from one kind to another, or split otherwise, is another message.
    function testFuzz_queue_kindAndBodyAreBound(uint8 kind, bytes calldata body) public {
        vm.assume(kind >= 1 && kind <= 6);
        queue(kind, body);
        bytes32 expected = keccak256(abi.encodePacked(first, keccak256(abi.encode(kind, body))));
        vm.assertEq(inbox.hash(), expected, "hash");
    }

    function test_checkpointAt_beforeAtAfter() public {
        queue(1, "a");
        queue(1, "b");
        bytes32 at1000 = inbox.hash();
        vm.roll(1005);
        vm.warp(10_060);
        queue(1, "c");
        bytes32 at1005 = inbox.hash();
        vm.roll(2000);

        check(999, 0, 0, first, 10_000);
        check(1000, 1000, 2, at1000, 10_060);
        check(1001, 1000, 2, at1000, 10_060);
        check(1004, 1000, 2, at1000, 10_060);
        check(1005, 1005, 3, at1005, type(uint64).max);
        check(1006, 1005, 3, at1005, type(uint64).max);
        check(type(uint64).max, 1005, 3, at1005, type(uint64).max);
    }

    function check(uint64 l1Block, uint64 lies, uint64 count, bytes32 hash, uint64 next) internal view {
        (Checkpoint memory c, uint64 nextTimestamp) = inbox.checkpointAndNext(l1Block);
        vm.assertEq(c.l1Block, lies, "checkpoint's block");
        vm.assertEq(c.count, count, "checkpoint's count");
        vm.assertEq(c.hash, hash, "checkpoint's hash");
        vm.assertEq(nextTimestamp, next, "next message's time");
        vm.assertEq(inbox.checkpointAt(l1Block).hash, hash, "both views agree");
    }

    /// Searching finds the same checkpoint as looking at each, whatever the gaps.
    function testFuzz_checkpointAt_anyGaps(uint256 seed, uint64 asked) public {
        uint64 number = 1000;
        uint64[] memory blocks = new uint64[](seed % 24);
        for (uint256 i = 0; i < blocks.length; ++i) {
            number += uint64(uint256(keccak256(abi.encode(seed, i))) % 7) + 1;
            blocks[i] = number;
            vm.roll(number);
            queue(2, abi.encode(i));
        }
        asked = 990 + asked % (number - 980);
        uint64 expected = 0;
        uint64 count = 0;
        for (uint256 i = 0; i < blocks.length; ++i) {
            if (blocks[i] <= asked) (expected, count) = (blocks[i], uint64(i + 1));
        }
        Checkpoint memory c = inbox.checkpointAt(asked);
        vm.assertEq(c.l1Block, expected, "block");
        vm.assertEq(c.count, count, "count");
    }

    function test_sameMessages_otherChainOrInbox_otherHash() public {
        IInbox other = deploy();
        vm.assertTrue(other.hash() != inbox.hash(), "the inbox's address is in the chain");
        bytes32 otherChain = keccak256(abi.encode(L2 + 1, address(inbox)));
        vm.assertTrue(otherChain != first, "the chain id is in the chain");
    }
}
