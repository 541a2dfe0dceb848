// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {HeaderRlp} from "../../../contracts/libraries/HeaderRlp.sol";
import {Batch} from "../../../contracts/types/Batch.sol";
import {HeaderBuilder, TestHeader} from "../support/HeaderBuilder.sol";
import {vm} from "../support/Vm.sol";
import {Anchored} from "./harness/Anchored.sol";

/// The bytes of a header: decoded exactly, or refused (docs/protocol.md P3.1).
contract AnchorHeaderRlpTest is Anchored {
    using HeaderBuilder for TestHeader;

    /// Every fixed prefix, each changed by one: never decoded, and never mistaken for another field.
    function test_anchor_prefixByte_reverts() public {
        bytes memory good = child().encode();
        uint256 extra = 449 + 1 + 5 + 1 + 3; // after number, gasLimit, gasUsed and timestamp, each with its prefix
        uint256[20] memory prefixes = [
            uint256(0),
            3, // parentHash
            36, // ommersHash
            69, // beneficiary
            90, // stateRoot
            123, // transactionsRoot
            156, // receiptsRoot
            189, // bloom, three bytes
            190,
            191,
            448, // difficulty
            449, // number
            extra, // extraData, two bytes
            extra + 1,
            extra + 82, // mixHash
            extra + 115, // nonce
            good.length - 101, // withdrawalsRoot
            good.length - 68, // blobGasUsed
            good.length - 66, // parentBeaconBlockRoot
            good.length - 33 // requestsHash
        ];
        for (uint256 i = 0; i < prefixes.length; ++i) {
            bytes memory bad = child().encode();
            uint256 position = prefixes[i];
            bad[position] = position == 449 ? bytes1(0x00) : bytes1(uint8(bad[position]) ^ 1);
            expectMalformed(bad);
        }
    }

    function test_anchor_truncatedOrExtended_reverts() public {
        bytes memory good = child().encode();
        for (uint256 length = 0; length < good.length; length += 13) {
            bytes memory bad = new bytes(length);
            for (uint256 i = 0; i < length; ++i) bad[i] = good[i];
            expectMalformed(bad);
        }
        expectMalformed(bytes.concat(good, hex"00"));
    }

    function test_anchor_fieldCount_reverts() public {
        bytes[] memory fields = HeaderBuilder.fields(child());
        bytes[] memory fewer = new bytes[](20);
        bytes[] memory more = new bytes[](22);
        for (uint256 i = 0; i < 21; ++i) {
            if (i < 20) fewer[i] = fields[i];
            more[i] = fields[i];
        }
        more[21] = RLP.encode(bytes32(uint256(1)));
        expectMalformed(RLP.encode(fewer));
        expectMalformed(RLP.encode(more));
    }

    /// Integers that are not canonical, too wide, or of the wrong length.
    function test_anchor_integers_reverts() public {
        bytes[6] memory encodings = [
            bytes(hex"00"), // zero as a byte
            hex"8101", // a small one with a length
            hex"820001", // leading zero
            hex"89010000000000000000", // nine bytes
            hex"c0", // a list
            hex"b801" // a long string
        ];
        for (uint256 field = 8; field <= 11; ++field) {
            for (uint256 i = 0; i < encodings.length; ++i) {
                bytes[] memory fields = HeaderBuilder.fields(child());
                fields[field] = encodings[i];
                expectMalformed(RLP.encode(fields));
            }
        }
        bytes[] memory wide = HeaderBuilder.fields(child());
        wide[15] = abi.encodePacked(hex"a1", bytes1(0x01), bytes32(0)); // a base fee of 33 bytes
        expectMalformed(RLP.encode(wide));
    }

    function test_anchor_extraDataLength_reverts() public {
        bytes[3] memory extras = [new bytes(79), new bytes(81), new bytes(0)];
        for (uint256 i = 0; i < extras.length; ++i) {
            bytes[] memory fields = HeaderBuilder.fields(child());
            fields[12] = RLP.encode(extras[i]);
            expectMalformed(RLP.encode(fields));
        }
    }

    function testFuzz_anchor_garbage_reverts(bytes memory garbage) public {
        expectMalformed(garbage);
    }

    function expectMalformed(bytes memory header) internal {
        bytes[] memory headers = new bytes[](1);
        headers[0] = header;
        try this.sendOutside(headers, sign(keccak256(header))) {
            vm.assertTrue(false, "a malformed header was anchored");
        } catch (bytes memory reason) {
            bytes32 selector = reason.length < 4 ? bytes32(0) : bytes32(bytes4(reason));
            vm.assertEq(selector, bytes32(HeaderRlp.HeaderMalformed.selector), "named as malformed");
        }
    }

    /// Values at the edges of their widths are read as they are.
    function testFuzz_anchor_readsFields(uint64 time, uint64 later, bytes32 salt) public {
        time = TIME + time % (WINDOW / 2);
        later = later % (WINDOW / 2);
        vm.warp(uint256(time) + later);
        TestHeader memory h = child();
        h.timestamp = time;
        bytes memory data = abi.encode(salt);
        bytes memory signature = signatureOf(h, data);
        send(list(h), signature, data);
        Batch memory b = anchor.batch(1);
        vm.assertEq(b.lastTimestamp, time, "timestamp");
        vm.assertEq(b.anchoredAt, uint256(time) + later, "anchored at");
        vm.assertEq(b.lastHash, keccak256(h.encode()), "hash");
        vm.assertEq(b.originNumber, ORIGIN, "origin");
        vm.assertEq(b.dataRoot, keccak256(data), "one piece is its own root");
    }
}
