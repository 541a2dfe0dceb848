// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IHeaderAnchor} from "../../../contracts/interfaces/IHeaderAnchor.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Anchored} from "./harness/Anchored.sol";

/// Who may send a batch, and what the sequencer signs of it (docs/protocol.md P3.4).
contract AnchorSignatureTest is Anchored {
    using HeaderBuilder for TestHeader;

    uint256 constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    uint256 constant ORDER = 2 * HALF_ORDER + 1;

    // ------------------------------------------------------------------ who

    function test_anchor_throughContract_reverts() public {
        TestHeader memory h = child();
        bytes memory signature = signatureOf(h);
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotPlainAccount.selector, SENDER));
        vm.prank(SENDER, address(0xCAFE));
        anchor.anchor(list(h), signature, "");
    }

    /// EIP-7702: the account itself is the origin and has code.
    function test_anchor_delegatedAccount_reverts() public {
        TestHeader memory h = child();
        bytes memory signature = signatureOf(h);
        vm.etch(SENDER, hex"ef010000000000000000000000000000000000000000aa");
        vm.expectRevert(abi.encodeWithSelector(IHeaderAnchor.NotPlainAccount.selector, SENDER));
        send(list(h), signature, "");
    }

    // ------------------------------------------------------------------ signature

    function test_anchor_strangersSignature_reverts() public {
        TestHeader memory h = child();
        bytes32 message = digest(address(anchor), block.chainid, L2, 1, 1, keccak256(h.encode()), "");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY + 1, message);
        vm.expectRevert(
            abi.encodeWithSelector(IHeaderAnchor.NotSequencer.selector, vm.addr(KEY), vm.addr(KEY + 1))
        );
        send(list(h), abi.encodePacked(r, s, v), "");
    }

    /// Each thing the signature binds: L1 chain, contract, L2 chain, numbers, hash, data.
    function test_anchor_signatureForSomethingElse_reverts() public {
        TestHeader memory h = child();
        bytes32 hash = keccak256(h.encode());
        bytes32[7] memory others = [
            digest(address(anchor), block.chainid + 1, L2, 1, 1, hash, ""),
            digest(address(inbox), block.chainid, L2, 1, 1, hash, ""),
            digest(address(anchor), block.chainid, L2 + 1, 1, 1, hash, ""),
            digest(address(anchor), block.chainid, L2, 0, 1, hash, ""),
            digest(address(anchor), block.chainid, L2, 1, 2, hash, ""),
            digest(address(anchor), block.chainid, L2, 1, 1, bytes32(uint256(hash) ^ 1), ""),
            digest(address(anchor), block.chainid, L2, 1, 1, hash, hex"00")
        ];
        for (uint256 i = 0; i < others.length; ++i) {
            bytes memory signature = sign(others[i]);
            vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
            this.sendOutside(list(h), signature);
        }
    }

    /// Headers and signature of a pending `anchor` are public. Over other bytes, whichever end or piece of them was changed, a
    /// stranger who comes first gets nowhere, and the sequencer's own call still passes.
    function test_anchor_sameHeadersAndSignatureOtherData_reverts() public {
        TestHeader memory h = child();
        bytes memory data = new bytes(5000);
        for (uint256 i = 0; i < data.length; ++i) data[i] = bytes1(uint8(i | 1));
        bytes memory signature = signatureOf(h, data);
        bytes[] memory others = new bytes[](6);
        (others[1], others[2], others[3]) = (hex"00", bytes.concat(data, hex"00"), new bytes(5000));
        (others[4], others[5]) = (bytes.concat(data), bytes.concat(data));
        (others[4][0], others[5][4999]) = (0, 0);
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
            vm.prank(address(0xBAD), address(0xBAD));
            anchor.anchor(list(h), signature, others[i]);
        }
        vm.assertEq(anchor.batchCount(), 1, "nothing was anchored");
        send(list(h), signature, data);
        vm.assertEq(anchor.batch(1).dataRoot, dataRoot(data), "data root");
    }

    /// A signed batch whose first block was anchored by itself does not pass as the rest of it.
    function test_anchor_restOfSignedBatch_reverts() public {
        TestHeader memory a = child();
        TestHeader memory b = next(a);
        bytes memory signature = signatureOf(b);
        send(a);
        vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
        send(list(b), signature, "");
        send(b);
    }

    function test_anchor_highS_reverts() public {
        TestHeader memory h = child();
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(KEY, digest(address(anchor), block.chainid, L2, 1, 1, keccak256(h.encode()), ""));
        bytes32 high = bytes32(ORDER - uint256(s));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, high));
        send(list(h), abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)), "");
    }

    function test_anchor_signatureLength_reverts() public {
        TestHeader memory h = child();
        bytes memory good = signatureOf(h);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 0));
        send(list(h), "", "");
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 66));
        send(list(h), abi.encodePacked(good, uint8(0)), "");
    }

    /// The signature must reach to the last header: a signed first header does not carry an unsigned second.
    function test_anchor_signatureOfFirstOfTwo_reverts() public {
        TestHeader memory a = child();
        bytes[] memory headers = new bytes[](2);
        headers[0] = a.encode();
        headers[1] = next(a).encode();
        bytes memory signature = signatureOf(a);
        vm.expectPartialRevert(IHeaderAnchor.NotSequencer.selector);
        send(headers, signature, "");
    }
}
