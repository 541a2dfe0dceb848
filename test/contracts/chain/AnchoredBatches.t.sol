// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Anchored} from "./harness/Anchored.sol";

/// What HeaderAnchor keeps of batches, and finds again.
contract AnchoredBatchesTest is Anchored {
    using HeaderBuilder for TestHeader;

    function test_anchor_severalBatches_areFound() public {
        TestHeader memory h = child();
        send(h); // batch 1: block 1
        TestHeader memory b = next(h);
        TestHeader memory c = next(b);
        TestHeader memory d = next(c);
        bytes[] memory headers = new bytes[](3);
        headers[0] = b.encode();
        headers[1] = c.encode();
        headers[2] = d.encode();
        bytes memory signature = signatureOf(d, "x");
        vm.expectEmit();
        emit IHeaderAnchor.BatchAnchored(2, 2, 4, keccak256(d.encode()));
        send(headers, signature, "x"); // batch 2: blocks 2 … 4
        send(next(d)); // batch 3: block 5

        uint64[6] memory expected = [uint64(0), 1, 2, 2, 2, 3];
        for (uint64 number = 0; number < 6; ++number) {
            vm.assertEq(anchor.batchOf(number), expected[number], "batch of a number");
        }
        vm.assertEq(anchor.batch(2).firstNumber, 2, "first");
        vm.assertEq(anchor.batch(2).lastNumber, 4, "last");
        vm.assertEq(anchor.batchCount(), 4, "batches, genesis among them");
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotAnchored.selector, uint64(6), uint64(5)));
        anchor.batchOf(6);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotAnchored.selector, type(uint64).max, uint64(5)));
        anchor.batchOf(type(uint64).max);
    }

    /// Data roots at the edges of a piece, against leaves cut here.
    function test_anchor_dataRoot_pieces() public {
        uint256[6] memory lengths = [uint256(0), 1, 4095, 4096, 4097, 3 * 4096];
        TestHeader memory h = child();
        for (uint64 i = 0; i < lengths.length; ++i) {
            bytes memory data = new bytes(lengths[i]);
            for (uint256 j = 0; j < data.length; j += 97) data[j] = bytes1(uint8(j + i));
            bytes memory signature = signatureOf(h, data);
            send(list(h), signature, data);
            vm.assertEq(anchor.batch(i + 1).dataRoot, dataRoot(data), "data root");
            h = next(h);
        }
    }
}
