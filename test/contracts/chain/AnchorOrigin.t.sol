// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Anchored} from "./harness/Anchored.sol";

/// A header against L1: its origin, and the Inbox as it stood there (docs/protocol.md P3.3).
contract AnchorOriginTest is Anchored {
    using HeaderBuilder for TestHeader;

    address constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// The history contract's code as EIP-2935 gives it.
    bytes constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

    // ------------------------------------------------------------------ origin

    function test_anchor_originBackwards_reverts() public {
        TestHeader memory h = child();
        h.originNumber = ORIGIN - 1;
        h.originHash = blockhash(ORIGIN - 1);
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.OriginBackwards.selector, uint64(1), ORIGIN, ORIGIN - 1));
    }

    function test_anchor_originIsNotPast_reverts() public {
        TestHeader memory h = child();
        uint64[3] memory origins = [uint64(block.number), uint64(block.number) + 1, type(uint64).max];
        for (uint256 i = 0; i < origins.length; ++i) {
            h.originNumber = origins[i];
            refuse(
                h,
                abi.encodeWithSelector(IHeaderAnchor.OriginNotPast.selector, origins[i], uint64(block.number))
            );
        }
        h.originNumber = uint64(block.number) - 1;
        h.originHash = blockhash(block.number - 1);
        send(h);
    }

    function test_anchor_originNotCanonical_reverts() public {
        TestHeader memory h = child();
        h.originHash = keccak256("a fork");
        refuse(
            h,
            abi.encodeWithSelector(
                IHeaderAnchor.OriginNotCanonical.selector, ORIGIN, blockhash(ORIGIN), h.originHash
            )
        );
    }

    /// A hash of zero never matches the zero that L1 answers for blocks it has forgotten.
    function test_anchor_originForgottenByL1_reverts() public {
        TestHeader memory h = child();
        h.originHash = bytes32(0);
        h.timestamp = TIME + 120;
        vm.roll(ORIGIN + 9000);
        vm.etch(HISTORY, HISTORY_CODE);
        refuse(
            h,
            abi.encodeWithSelector(IHeaderAnchor.OriginNotCanonical.selector, ORIGIN, bytes32(0), bytes32(0))
        );
    }

    /// Beyond the 256 blocks of BLOCKHASH the history contract answers (EIP-2935).
    function test_anchor_originInHistory_succeeds() public {
        TestHeader memory h = child();
        h.timestamp = TIME + 120;
        h.originHash = keccak256("canonical, long ago");
        vm.roll(ORIGIN + 8191);
        vm.etch(HISTORY, HISTORY_CODE);
        vm.store(HISTORY, bytes32(uint256(ORIGIN % 8191)), h.originHash);
        send(h);
    }

    // ------------------------------------------------------------------ inbox

    function test_anchor_inboxFieldsMustMatchCheckpoint() public {
        inbox.queue(1, "a");
        uint64 queuedAt = uint64(block.number);
        bytes32 empty = inbox.checkpointAt(ORIGIN).hash;
        bytes32 full = inbox.hash();
        vm.roll(queuedAt + 5);

        TestHeader memory h = child();
        (h.originNumber, h.originHash) = (queuedAt - 1, blockhash(queuedAt - 1));
        (h.inboxCount, h.inboxHash) = (1, full);
        refuse(h, mismatch(0, empty, 1, full)); // ahead of its origin
        (h.originNumber, h.originHash) = (queuedAt, blockhash(queuedAt));
        (h.inboxCount, h.inboxHash) = (0, empty);
        refuse(h, mismatch(1, full, 0, empty)); // behind its origin
        (h.inboxCount, h.inboxHash) = (1, empty);
        refuse(h, mismatch(1, full, 1, empty));
        (h.inboxCount, h.inboxHash) = (2, full);
        refuse(h, mismatch(1, full, 2, full));
        (h.inboxCount, h.inboxHash) = (1, full);
        send(h);
        vm.assertEq(anchor.batch(1).inboxCount, 1, "count of the batch");
    }

    function mismatch(uint64 count, bytes32 hash, uint64 claimed, bytes32 claimedHash)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IHeaderAnchor.InboxMismatch.selector, uint64(1), count, hash, claimed, claimedHash
        );
    }

    /// Also a header that is not the last is held to its own origin's checkpoint.
    function test_anchor_inboxOfMiddleHeader_reverts() public {
        TestHeader memory a = child();
        a.inboxCount = 1;
        TestHeader memory b = next(a);
        b.inboxCount = 0;
        bytes[] memory headers = new bytes[](2);
        headers[0] = a.encode();
        headers[1] = b.encode();
        bytes memory signature = signatureOf(b);
        vm.expectRevert(mismatch(0, inbox.hash(), 1, inbox.hash()));
        send(headers, signature, "");
    }

    /// A sequencer cannot keep a message out for longer than 1800 s by staying on an old origin.
    function test_anchor_heldBackInbox_boundary() public {
        uint64 queuedAt = uint64(block.timestamp);
        bytes32 empty = inbox.hash();
        inbox.queue(1, "waits");
        TestHeader memory h = child();
        h.inboxHash = empty;
        vm.roll(block.number + 20);
        vm.warp(queuedAt + 1801);
        h.timestamp = queuedAt + 1801;
        refuse(
            h,
            abi.encodeWithSelector(IHeaderAnchor.InboxHeldBack.selector, uint64(1), queuedAt, queuedAt + 1801)
        );
        h.timestamp = queuedAt + 1800;
        send(h);
    }
}
