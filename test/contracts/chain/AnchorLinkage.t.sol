// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Anchored} from "./harness/Anchored.sol";

/// A header against its parent and the clock (docs/protocol.md P3.3).
contract AnchorLinkageTest is Anchored {
    using HeaderBuilder for TestHeader;

    // ------------------------------------------------------------------ linkage

    function test_anchor_noHeaders_reverts() public {
        vm.expectRevert(IHeaderAnchor.NoHeaders.selector);
        send(new bytes[](0), "", "");
    }

    function test_anchor_notTheChild_reverts() public {
        TestHeader memory h = child();
        h.parentHash = keccak256("another");
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.NotChild.selector, 1, genesisHash, h.parentHash));
    }

    function test_anchor_sameBatchTwice_reverts() public {
        TestHeader memory h = child();
        send(h);
        bytes memory signature = signatureOf(h);
        vm.expectRevert(
            abi.encodeWithSelector(IHeaderAnchor.NotChild.selector, 1, keccak256(h.encode()), genesisHash)
        );
        send(list(h), signature, "");
    }

    function test_anchor_gapInsideBatch_reverts() public {
        TestHeader memory a = child();
        TestHeader memory b = next(a);
        TestHeader memory c = next(b);
        bytes[] memory headers = new bytes[](2);
        headers[0] = a.encode();
        headers[1] = c.encode();
        bytes memory signature = signatureOf(c);
        vm.expectRevert(
            abi.encodeWithSelector(
                IHeaderAnchor.NotChild.selector, 3, keccak256(a.encode()), keccak256(b.encode())
            )
        );
        send(headers, signature, "");
    }

    function test_anchor_wrongNumber_reverts() public {
        uint64[4] memory wrong = [uint64(0), 2, type(uint64).max, 1 << 32];
        for (uint256 i = 0; i < wrong.length; ++i) {
            TestHeader memory h = child();
            h.number = wrong[i];
            refuse(h, abi.encodeWithSelector(IHeaderAnchor.NumberMismatch.selector, uint64(1), wrong[i]));
        }
    }

    // ------------------------------------------------------------------ times

    function test_anchor_timeBeforeParent_boundary() public {
        TestHeader memory h = child();
        h.timestamp = TIME - 1;
        refuse(h, abi.encodeWithSelector(IHeaderAnchor.TimeBeforeParent.selector, uint64(1), TIME, TIME - 1));
        h.timestamp = TIME;
        send(h);
    }

    function test_anchor_timeAfterL1_boundary() public {
        TestHeader memory h = child();
        h.timestamp = uint64(block.timestamp) + 1;
        refuse(
            h,
            abi.encodeWithSelector(
                IHeaderAnchor.TimeInFuture.selector, uint64(1), uint64(block.timestamp), h.timestamp
            )
        );
        h.timestamp = uint64(block.timestamp);
        send(h);
    }

    function test_anchor_inclusionWindow_boundary() public {
        TestHeader memory h = child();
        uint64 last = h.timestamp + WINDOW;
        vm.warp(last + 1);
        refuse(
            h, abi.encodeWithSelector(IHeaderAnchor.InclusionWindowOver.selector, uint64(1), last, last + 1)
        );
        vm.warp(last);
        send(h);
    }

    function test_anchor_oneSecondBeforeWindowEnds_succeeds() public {
        TestHeader memory h = child();
        vm.warp(h.timestamp + WINDOW - 1);
        send(h);
    }
}
