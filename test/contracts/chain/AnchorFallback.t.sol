// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Anchored} from "./harness/Anchored.sol";

/// The block that anybody may anchor when the sequencer is silent (docs/protocol.md P3.8).
contract AnchorFallbackTest is Anchored {
    using HeaderBuilder for TestHeader;

    /// From the second after the window on, the sequencer's own block is refused, however young it is.
    function test_anchor_fallbackDue_boundary() public {
        TestHeader memory h = child();
        uint64 last = TIME + 100 + WINDOW;
        vm.assertEq(anchor.fallbackDueAfter(), last, "counted from the last anchoring");
        vm.warp(last + 1);
        h.timestamp = last;
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.FallbackDue.selector, last, last + 1));
        vm.warp(last);
        send(h);
        vm.assertEq(anchor.fallbackDueAfter(), last + WINDOW, "each anchoring starts the window anew");
    }

    function sendFallback(bytes memory header, bytes memory originHeader) internal {
        vm.prank(SENDER, SENDER);
        anchor.anchorFallback(header, originHeader);
    }

    function test_anchorFallback_notDue_boundary() public {
        TestHeader memory h = child();
        uint64 last = TIME + 100 + WINDOW;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.FallbackNotDue.selector, last, last));
        sendFallback(h.encode(), "");
        vm.warp(last + 1);
        h.timestamp = last;
        // Due now; what is refused next is that the bytes are not the origin's header.
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotTheOrigin.selector, h.originHash, keccak256("")));
        sendFallback(h.encode(), "");
    }

    function test_anchorFallback_throughContract_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotPlainAccount.selector, SENDER));
        vm.prank(SENDER, address(0xCAFE));
        anchor.anchorFallback("", "");
    }

    /// An old origin would leave messages out.
    function test_anchorFallback_oldOrigin_boundary() public {
        TestHeader memory h = child();
        vm.roll(ORIGIN + 65);
        vm.warp(TIME + 101 + WINDOW);
        h.timestamp = TIME + WINDOW;
        h.originHash = blockhash(ORIGIN);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.FallbackOriginTooOld.selector, ORIGIN, ORIGIN + 1));
        sendFallback(h.encode(), "");
        vm.roll(ORIGIN + 64);
        h.originHash = blockhash(ORIGIN);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotTheOrigin.selector, h.originHash, keccak256("")));
        sendFallback(h.encode(), "");
    }

    function test_anchorFallback_wrongParentOrInbox_reverts() public {
        vm.warp(TIME + 101 + WINDOW);
        TestHeader memory h = child();
        h.timestamp = TIME + WINDOW;
        h.parentHash = keccak256("another");
        vm.expectPartialRevert(IHeaderAnchor.NotChild.selector);
        sendFallback(h.encode(), "");
        h = child();
        h.timestamp = TIME + WINDOW;
        h.inboxCount = 1;
        vm.expectPartialRevert(IHeaderAnchor.InboxMismatch.selector);
        sendFallback(h.encode(), "");
    }
}
